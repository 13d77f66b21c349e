package org.apache.livy.repl;

import java.sql.Date;
import java.util.ArrayList;
import java.util.List;
import org.json4s.DefaultFormats$;
import org.json4s.Extraction$;
import org.json4s.Formats;
import org.json4s.JsonAST;
import org.json4s.Serializer;
import org.json4s.StringInput;
import org.json4s.jackson.JsonMethods$;
import org.json4s.reflect.TypeInfo;
import scala.PartialFunction;
import scala.Tuple2;
import scala.collection.JavaConverters;
import scala.runtime.AbstractPartialFunction;

/**
 * JSON by the json4s that Spark brings, as Livy makes it: numbers, timestamps, nested rows and the
 * limits of Spark's Jackson (20,000,000 characters in a string read) come out the same.
 */
final class Json {
  static final Formats PLAIN = DefaultFormats$.MODULE$;
  /** Livy's formats for SQL rows: dates as yyyy-mm-dd. */
  static final Formats ROWS = PLAIN.$plus(new DateText());

  private Json() {}

  static JsonAST.JObject object(Object... namesAndValues) {
    List<Tuple2<String, JsonAST.JValue>> fields = new ArrayList<>();
    for (int i = 0; i < namesAndValues.length; i += 2) {
      fields.add(new Tuple2<>(
          (String) namesAndValues[i], (JsonAST.JValue) namesAndValues[i + 1]));
    }
    return new JsonAST.JObject(scalaList(fields));
  }

  static JsonAST.JValue array(List<JsonAST.JValue> items) {
    return new JsonAST.JArray(scalaList(items));
  }

  static JsonAST.JValue strings(List<String> items) {
    List<JsonAST.JValue> values = new ArrayList<>();
    for (String item : items) {
      values.add(string(item));
    }
    return array(values);
  }

  static JsonAST.JValue string(String value) {
    return new JsonAST.JString(value);
  }

  static JsonAST.JValue number(int value) {
    return new JsonAST.JInt(scala.math.BigInt.apply(value));
  }

  static JsonAST.JValue parse(String text) {
    return JsonMethods$.MODULE$.parse(new StringInput(text), false, true);
  }

  static String render(JsonAST.JValue value) {
    return JsonMethods$.MODULE$.compact(JsonMethods$.MODULE$.render(value, PLAIN));
  }

  static JsonAST.JValue of(Object value, Formats formats) {
    return Extraction$.MODULE$.decompose(value, formats);
  }

  /** A field of an object; null if it is not there. */
  static JsonAST.JValue field(JsonAST.JValue value, String name) {
    for (Tuple2<String, JsonAST.JValue> field : javaList(((JsonAST.JObject) value).obj())) {
      if (field._1().equals(name)) {
        return field._2();
      }
    }
    return null;
  }

  static String text(JsonAST.JValue value, String name) {
    JsonAST.JValue found = field(value, name);
    return found instanceof JsonAST.JString ? ((JsonAST.JString) found).s() : null;
  }

  static List<String> texts(JsonAST.JValue value, String name) {
    List<String> found = new ArrayList<>();
    for (JsonAST.JValue item : javaList(((JsonAST.JArray) field(value, name)).arr())) {
      found.add(((JsonAST.JString) item).s());
    }
    return found;
  }

  static <T> scala.collection.immutable.List<T> scalaList(List<T> items) {
    return JavaConverters.asScalaBufferConverter(items).asScala().toList();
  }

  static <T> List<T> javaList(scala.collection.Seq<T> items) {
    return JavaConverters.seqAsJavaListConverter(items).asJava();
  }

  private static final class DateText implements Serializer<Date> {
    @Override
    public PartialFunction<Tuple2<TypeInfo, JsonAST.JValue>, Date> deserialize(Formats formats) {
      return scala.PartialFunction$.MODULE$.empty();
    }

    @Override
    public PartialFunction<Object, JsonAST.JValue> serialize(Formats formats) {
      return new AbstractPartialFunction<Object, JsonAST.JValue>() {
        @Override
        public boolean isDefinedAt(Object value) {
          return value instanceof Date;
        }

        @Override
        public JsonAST.JValue apply(Object value) {
          return string(value.toString());
        }
      };
    }
  }
}

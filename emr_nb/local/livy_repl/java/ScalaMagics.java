package org.apache.livy.repl;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.TreeMap;
import org.apache.spark.rdd.RDD;
import org.json4s.JsonAST;
import scala.Tuple2;

/** %json and %table for Scala. The value is the last line's, as in Livy, not the one named. */
final class ScalaMagics {
  private static final String TABLE = "application/vnd.livy.table.v1+json";

  private static final class TypesDiffer extends Exception {
    private static final long serialVersionUID = 1L;
  }

  private ScalaMagics() {}

  static Answer run(String magic, String name, ScalaLoop loop) {
    switch (magic) {
      case "json":
        return json(name, loop);
      case "table":
        Object value = value(loop);
        return value == null ? unknown(name) : table(Json.of(value, Json.PLAIN));
      default:
        return Answer.error("UnknownMagic", "Unknown magic command " + magic);
    }
  }

  private static Answer json(String name, ScalaLoop loop) {
    try {
      Object value = value(loop);
      return value == null
          ? unknown(name)
          : Answer.ok(Json.object("application/json", Json.of(value, Json.PLAIN)));
    } catch (Throwable error) {
      return Answer.error("ValueError", "Failed to convert value into a JSON value");
    }
  }

  private static Answer unknown(String name) {
    return Answer.error("NameError", "Value " + name + " does not exist");
  }

  private static Object value(ScalaLoop loop) {
    Object value = loop.lastValue();
    return value instanceof RDD ? ((RDD<?>) value).take(10) : value;
  }

  private static Answer table(JsonAST.JValue value) {
    List<JsonAST.JValue> rows = value instanceof JsonAST.JArray
        ? Json.javaList(((JsonAST.JArray) value).arr()) : List.of(value);
    TreeMap<String, String> types = new TreeMap<>();
    List<JsonAST.JValue> data = new ArrayList<>();
    try {
      for (JsonAST.JValue row : rows) {
        List<JsonAST.JValue> cells = new ArrayList<>();
        for (Tuple2<String, JsonAST.JValue> column : columns(row)) {
          String type = typeOf(column._2());
          String before = types.putIfAbsent(column._1(), type);
          if (before != null && !before.equals(type)) {
            throw new TypesDiffer();
          }
          cells.add(column._2());
        }
        data.add(Json.array(cells));
      }
    } catch (TypesDiffer error) {
      return Answer.error("TypeError", "table rows have different types");
    }
    List<JsonAST.JValue> headers = new ArrayList<>();
    types.forEach((name, type) ->
        headers.add(Json.object("type", Json.string(type), "name", Json.string(name))));
    return Answer.ok(Json.object(
        TABLE, Json.object("headers", Json.array(headers), "data", Json.array(data))));
  }

  private static List<Tuple2<String, JsonAST.JValue>> columns(JsonAST.JValue row) {
    List<Tuple2<String, JsonAST.JValue>> columns = new ArrayList<>();
    if (row instanceof JsonAST.JObject) {
      columns.addAll(Json.javaList(((JsonAST.JObject) row).obj()));
      columns.sort(Comparator.comparing(Tuple2::_1));
      return columns;
    }
    List<JsonAST.JValue> cells = row instanceof JsonAST.JArray
        ? Json.javaList(((JsonAST.JArray) row).arr()) : List.of(row);
    for (int i = 0; i < cells.size(); i++) {
      columns.add(new Tuple2<>(Integer.toString(i), cells.get(i)));
    }
    return columns;
  }

  private static String typeOf(JsonAST.JValue value) throws TypesDiffer {
    if (value instanceof JsonAST.JArray) {
      requireSame(Json.javaList(((JsonAST.JArray) value).arr()));
      return "ARRAY_TYPE";
    }
    if (value instanceof JsonAST.JObject) {
      List<JsonAST.JValue> values = new ArrayList<>();
      Json.javaList(((JsonAST.JObject) value).obj()).forEach(field -> values.add(field._2()));
      requireSame(values);
      return "MAP_TYPE";
    }
    return value instanceof JsonAST.JBool ? "BOOLEAN_TYPE"
        : value instanceof JsonAST.JString ? "STRING_TYPE"
        : value instanceof JsonAST.JInt ? "BIGINT_TYPE"
        : value instanceof JsonAST.JDouble ? "DOUBLE_TYPE"
        : value instanceof JsonAST.JDecimal ? "DECIMAL_TYPE"
        : "NULL_TYPE";
  }

  private static void requireSame(List<JsonAST.JValue> values) throws TypesDiffer {
    String first = null;
    for (JsonAST.JValue value : values) {
      String type = typeOf(value);
      if (first != null && !first.equals(type)) {
        throw new TypesDiffer();
      }
      first = type;
    }
  }
}

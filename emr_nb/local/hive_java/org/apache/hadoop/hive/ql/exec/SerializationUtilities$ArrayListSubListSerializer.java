package org.apache.hadoop.hive.ql.exec;

import java.util.ArrayList;
import java.util.List;
import org.apache.hive.com.esotericsoftware.kryo.Kryo;
import org.apache.hive.com.esotericsoftware.kryo.Serializer;
import org.apache.hive.com.esotericsoftware.kryo.io.Input;
import org.apache.hive.com.esotericsoftware.kryo.io.Output;

/**
 * Stands before the class of this name in hive-exec 3.1, which looks for a field of
 * ArrayList$SubList that Java 9 removed; without it no plan of a job can be written. A part of a
 * list travels as the elements that it has.
 */
class SerializationUtilities$ArrayListSubListSerializer extends Serializer<List<?>> {
  @Override
  public void write(Kryo kryo, Output output, List<?> part) {
    kryo.reference(part);
    output.writeInt(part.size(), true);
    for (Object element : part) {
      kryo.writeClassAndObject(output, element);
    }
  }

  @Override
  public List<?> read(Kryo kryo, Input input, Class<List<?>> type) {
    List<Object> made = new ArrayList<>();
    kryo.reference(made);
    int size = input.readInt(true);
    for (int at = 0; at < size; at++) {
      made.add(kryo.readClassAndObject(input));
    }
    return made;
  }
}

package org.apache.livy.repl;

/** Languages, under the names that Livy's REST interface takes. */
enum Kind {
  SPARK, PYSPARK, SPARKR, SQL, SHARED;

  static Kind named(String name) {
    switch (String.valueOf(name)) {
      case "spark":
      case "scala":
        return SPARK;
      case "pyspark":
      case "python":
        return PYSPARK;
      case "sparkr":
      case "r":
        return SPARKR;
      case "sql":
        return SQL;
      case "shared":
        return SHARED;
      default:
        throw new IllegalArgumentException("Invalid kind: " + name);
    }
  }
}

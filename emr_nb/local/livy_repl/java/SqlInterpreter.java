package org.apache.livy.repl;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Runs one SQL query a statement and answers its schema and first rows as application/json. */
final class SqlInterpreter implements Interpreter {
  private static final Logger LOG = LoggerFactory.getLogger(SqlInterpreter.class);

  private final SparkSession spark;
  private final int maxRows;

  SqlInterpreter(SparkSession spark, int maxRows) {
    this.spark = spark;
    this.maxRows = maxRows;
  }

  @Override
  public Answer execute(String code) {
    try {
      Dataset<Row> result = spark.sql(code);
      Object table = Json.object(
          "schema", Json.parse(result.schema().json()),
          "data", Json.of(Json.scalaList(rows(result)), Json.ROWS));
      return Answer.ok(Json.object("application/json", table));
    } catch (Throwable error) {
      if (!scala.util.control.NonFatal$.MODULE$.apply(error)) {
        throw error;
      }
      LOG.warn("Fail to execute query {}", code, error);
      List<String> frames =
          Arrays.stream(error.getStackTrace()).map(String::valueOf).collect(Collectors.toList());
      return Answer.error("Error", error.getMessage(), frames);
    }
  }

  private List<Object> rows(Dataset<Row> result) {
    List<Object> rows = new ArrayList<>();
    for (Row row : result.takeAsList(maxRows)) {
      List<Object> cells = new ArrayList<>();
      for (int i = 0; i < row.size(); i++) {
        Object cell = row.get(i);
        // json4s knows Scala's decimal as a number, not Java's
        cells.add(cell instanceof java.math.BigDecimal
            ? new scala.math.BigDecimal((java.math.BigDecimal) cell) : cell);
      }
      rows.add(Json.scalaList(cells));
    }
    return rows;
  }

  @Override
  public void close() {}
}

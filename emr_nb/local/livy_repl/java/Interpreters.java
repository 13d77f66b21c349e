package org.apache.livy.repl;

import java.util.EnumMap;
import java.util.Map;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.spark.SparkConf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The interpreters of a session, over one Spark context. Livy starts Scala's with every session;
 * here a pyspark session has Python's instead, and Scala's when it is first asked for.
 */
final class Interpreters {
  private static final Logger LOG = LoggerFactory.getLogger(Interpreters.class);

  private final SparkConf conf;
  private final SparkEntries entries;
  private final int sqlRows;
  private final ClassLoader loader = Thread.currentThread().getContextClassLoader();
  private final Map<Kind, Interpreter> started = new EnumMap<>(Kind.class);

  Interpreters(SparkConf conf, SparkEntries entries, int sqlRows) {
    this.conf = conf;
    this.entries = entries;
    this.sqlRows = sqlRows;
  }

  /** Starts Spark and what a session of that kind needs first. */
  void start(Kind kind) throws Exception {
    if (kind == Kind.PYSPARK) {
      startPython();
    } else {
      started.put(Kind.SPARK, new ScalaInterpreter(conf, entries, loader));
    }
  }

  private void startPython() throws Exception {
    PythonInterpreter python = null;
    try {
      python = new PythonInterpreter(conf, entries); // loads pyspark while the context starts
    } catch (Exception error) {
      LOG.warn("Fail to start interpreter pyspark", error); // each statement tries again
    }
    entries.sc();
    entries.sparkSession();
    if (python != null) {
      python.join();
      synchronized (started) {
        started.put(Kind.PYSPARK, python);
      }
    }
  }

  boolean hasScala() {
    synchronized (started) {
      return started.containsKey(Kind.SPARK);
    }
  }

  /** The interpreter, started if need be; null if it cannot be. */
  Interpreter get(Kind kind) {
    synchronized (started) {
      Interpreter interpreter = started.get(kind);
      if (interpreter == null) {
        try {
          interpreter = create(kind);
          started.put(kind, interpreter);
        } catch (Exception | LinkageError error) {
          LOG.warn("Fail to start interpreter {}", kind, error);
        }
      }
      return interpreter;
    }
  }

  private Interpreter create(Kind kind) throws Exception {
    switch (kind) {
      case SPARK:
        return new ScalaInterpreter(conf, entries, loader);
      case PYSPARK:
        PythonInterpreter python = new PythonInterpreter(conf, entries);
        python.join();
        return python;
      case SQL:
        return new SqlInterpreter(entries.sparkSession(), sqlRows);
      default:
        throw new UnsupportedOperationException("no interpreter for kind " + kind);
    }
  }

  void close() {
    for (Interpreter interpreter : started.values()) {
      try {
        interpreter.close();
      } catch (RuntimeException error) {
        LOG.warn("an interpreter did not close", error);
      }
    }
    entries.stop();
  }
}

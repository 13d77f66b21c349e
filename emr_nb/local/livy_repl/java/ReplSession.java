package org.apache.livy.repl;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.apache.livy.rsc.RSCConf;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.livy.rsc.driver.Statement;
import org.apache.livy.rsc.driver.StatementState;
import org.apache.spark.SparkConf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The statements of a session, run one at a time in order of arrival, and the session's state.
 * Order and timing of the state changes are those of Livy 0.9.
 */
final class ReplSession {
  private static final Logger LOG = LoggerFactory.getLogger(ReplSession.class);

  private final RSCConf livyConf;
  private final SparkConf conf;
  private final Consumer<String> onState;
  private final Kind defaultKind;
  private final int retained;
  private final ExecutorService interpreterThread = oneDaemon("livy-interpreter");
  private final ExecutorService cancelThread = oneDaemon("livy-cancel");
  private final TreeMap<Integer, Statement> statements = new TreeMap<>();
  private final AtomicInteger nextId = new AtomicInteger();
  private volatile String state = "not_started";
  private volatile Interpreters interpreters;
  private volatile SparkProgress jobs;

  ReplSession(SparkConf conf, RSCConf livyConf, Consumer<String> onState) {
    this.conf = conf;
    this.livyConf = livyConf;
    this.onState = onState;
    defaultKind = Kind.named(livyConf.get(RSCConf.Entry.SESSION_KIND));
    retained = livyConf.getInt(RSCConf.Entry.RETAINED_STATEMENTS);
    onState.accept(state);
  }

  /** Starts Spark and the session's own interpreter; returns when the session is idle. */
  SparkEntries start() throws Exception {
    Future<SparkEntries> started = interpreterThread.submit(this::startSpark);
    try {
      return started.get();
    } catch (ExecutionException error) {
      changeState("error");
      throw error;
    }
  }

  private SparkEntries startSpark() throws Exception {
    changeState("starting");
    Path parent =
        Paths.get(conf.get("spark.repl.classdir", System.getProperty("java.io.tmpdir")));
    Path classes = Files.createTempDirectory(parent, "spark");
    classes.toFile().deleteOnExit();
    conf.set("spark.repl.class.outputDir", classes.toString()); // read as the context starts
    // the server has put in what its own configuration said when it started
    String catalog = conf.get("spark.emr_nb.catalog", "");
    if (!catalog.isEmpty()) {
      conf.set("spark.sql.catalogImplementation", catalog);
    }
    SparkEntries entries = new SparkEntries(conf);
    interpreters = new Interpreters(conf, entries, livyConf.getInt(RSCConf.Entry.SQL_NUM_ROWS));
    interpreters.start(defaultKind);
    jobs = new SparkProgress(entries.sc().sc());
    changeState("idle");
    return entries;
  }

  String state() {
    return state;
  }

  private void changeState(String changed) {
    state = changed;
    onState.accept(changed);
  }

  /** Queues code and gives the statement's number. */
  int execute(String code, String codeType) {
    Kind kind = codeType != null ? Kind.named(codeType) : defaultKind;
    if (kind == Kind.SHARED && codeType == null) {
      throw new IllegalArgumentException(
          "Code type should be specified if session kind is shared");
    }
    int id = nextId.getAndIncrement();
    Statement statement = new Statement(id, code, StatementState.Waiting, null);
    synchronized (statements) {
      statements.put(id, statement);
      while (statements.size() > retained) {
        statements.pollFirstEntry();
      }
    }
    interpreterThread.execute(() -> run(statement, kind));
    return id;
  }

  private void run(Statement statement, Kind kind) {
    setJobGroup(statement.id, kind);
    statement.compareAndTransit(StatementState.Waiting, StatementState.Running);
    if (statement.state.get() == StatementState.Running) {
      statement.started = System.currentTimeMillis();
      statement.output = runCode(interpreters.get(kind), statement.id, statement.code);
    }
    statement.compareAndTransit(StatementState.Running, StatementState.Available);
    statement.compareAndTransit(StatementState.Cancelling, StatementState.Cancelled);
    statement.updateProgress(1.0);
    statement.completed = System.currentTimeMillis();
  }

  /** Names the job group in the statement's own language; whatever that answers is dropped. */
  private void setJobGroup(int id, Kind kind) {
    String call =
        "sc.setJobGroup(\"" + id + "\", \"Job group for statement " + id + "\")";
    if (kind == Kind.PYSPARK) {
      runCode(interpreters.get(Kind.PYSPARK), id, call);
    } else if (kind == Kind.SPARK || interpreters.hasScala()) {
      runCode(interpreters.get(Kind.SPARK), id, "val _livyJobGroup" + id + " = " + call);
    } else if (kind == Kind.SQL) {
      // a pyspark session has no Scala interpreter until Scala is asked for
      jobs.setGroup(id);
    }
  }

  private String runCode(Interpreter interpreter, int id, String code) {
    changeState("busy");
    Answer answer;
    if (interpreter == null) {
      answer = Answer.error("InterpreterError", "Fail to start interpreter");
    } else {
      try {
        answer = interpreter.execute(code);
      } catch (Throwable error) {
        LOG.error("Exception when executing code", error);
        answer =
            Answer.error("Internal Error: " + error.getClass().getName(), error.getMessage());
      }
    }
    if (answer.status == Answer.Status.DIED) {
      changeState("error");
    } else if (id == nextId.get() - 1) {
      changeState("idle");
    }
    return answer.render(id);
  }

  /** Ends a waiting statement at once; a running one's Spark jobs until it ends or time is up. */
  void cancel(int id) {
    Statement statement;
    synchronized (statements) {
      statement = statements.get(id);
    }
    if (statement == null || statement.state.get().isOneOf(
        StatementState.Available, StatementState.Cancelled, StatementState.Cancelling)) {
      return;
    }
    statement.compareAndTransit(StatementState.Waiting, StatementState.Cancelled);
    statement.compareAndTransit(StatementState.Running, StatementState.Cancelling);
    LOG.info("Cancelling statement {}...", id);
    cancelThread.execute(() -> cancelJobs(statement));
  }

  private void cancelJobs(Statement statement) {
    long timeout = livyConf.getTimeAsMs(RSCConf.Entry.JOB_CANCEL_TIMEOUT);
    long interval = livyConf.getTimeAsMs(RSCConf.Entry.JOB_CANCEL_TRIGGER_INTERVAL);
    long deadline = System.nanoTime() + timeout * 1_000_000;
    while (statement.state.get() == StatementState.Cancelling) {
      if (System.nanoTime() > deadline) {
        LOG.info("Failed to cancel statement {}.", statement.id);
        statement.compareAndTransit(StatementState.Cancelling, StatementState.Cancelled);
        break;
      }
      jobs.cancelGroup(statement.id);
      try {
        Thread.sleep(statement.state.get() == StatementState.Cancelling ? interval : 0);
      } catch (InterruptedException closing) {
        return;
      }
    }
    if (statement.state.get() == StatementState.Cancelled) {
      statement.completed = System.currentTimeMillis();
      LOG.info("Statement {} cancelled.", statement.id);
    }
  }

  /** All retained statements, by number. */
  Statement[] statements() {
    return statements(Integer.MIN_VALUE, Integer.MAX_VALUE);
  }

  /** Retained statements of {@code from <= number < until}. */
  Statement[] statements(int from, int until) {
    synchronized (statements) {
      List<Statement> found = new ArrayList<>(statements.subMap(from, until).values());
      return found.toArray(new Statement[0]);
    }
  }

  /** Share of the tasks of the statement's Spark jobs that are done; 0 without any. */
  double progress(int id) {
    return jobs.done(id);
  }

  String[] complete(String code, String codeType, int cursor) {
    Interpreter interpreter = interpreters.get(Kind.named(codeType));
    return interpreter == null ? new String[0] : interpreter.complete(code, cursor);
  }

  /** The Python interpreter, started if need be; null if it cannot be. */
  PythonInterpreter python() {
    return (PythonInterpreter) interpreters.get(Kind.PYSPARK);
  }

  void close() {
    interpreterThread.shutdown();
    cancelThread.shutdownNow();
    if (interpreters != null) {
      interpreters.close();
    }
  }

  private static ExecutorService oneDaemon(String name) {
    ClassLoader loader = Thread.currentThread().getContextClassLoader();
    return Executors.newSingleThreadExecutor(task -> {
      Thread thread = new Thread(task, name);
      thread.setContextClassLoader(loader);
      thread.setDaemon(true);
      return thread;
    });
  }
}

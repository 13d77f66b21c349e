package org.apache.hadoop.hive.ql.io;

import java.util.LinkedHashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;

/**
 * Stands before the class of this name in hive-exec 3.1, which keeps one context per input name
 * for the life of the JVM. A cluster's containers end with their query; jobs that run inside
 * HiveServer2 do not. There one failed read marks the context of "Map 1" for good, and every
 * later task of that name ends as an aborted one: INSERT says OK and writes nothing. Two
 * sessions at once would share a context, too.
 *
 * Here a context belongs to one query (or task attempt, where one is named) and one input.
 */
public class IOContextMap {
  public static final String DEFAULT_CONTEXT = "";

  private static final int MOST = 4096; // contexts of queries that have long ended go first
  private static final String INPUT = "iocontext.input.name";
  private static final String QUERY = "hive.query.id";
  private static final String ENGINE = "hive.execution.engine";
  private static final String TASK = "mapreduce.task.attempt.id";
  private static final InheritableThreadLocal<String> ATTEMPT = new InheritableThreadLocal<>();
  private static final Map<String, IOContext> CONTEXTS = new Recent();

  private static final class Recent extends LinkedHashMap<String, IOContext> {
    private static final long serialVersionUID = 1L;

    Recent() {
      super(64, 0.75f, true);
    }

    @Override
    protected boolean removeEldestEntry(Map.Entry<String, IOContext> eldest) {
      return size() > MOST;
    }
  }

  public static void setThreadAttemptId(String attempt) {
    ATTEMPT.set(attempt);
  }

  public static void clearThreadAttempt(String attempt) {
    ATTEMPT.remove();
    synchronized (CONTEXTS) {
      CONTEXTS.keySet().removeIf(key -> key.startsWith(attempt + "|"));
    }
  }

  public static IOContext get(Configuration conf) {
    String attempt = ATTEMPT.get();
    if (attempt == null && "mr".equals(conf.get(ENGINE))) {
      attempt = conf.get(TASK); // the tasks of one job may run at once, too
    }
    String owner = attempt != null ? attempt : conf.get(QUERY, "");
    String key = owner + "|" + conf.get(INPUT, DEFAULT_CONTEXT);
    synchronized (CONTEXTS) {
      return CONTEXTS.computeIfAbsent(key, absent -> new IOContext());
    }
  }

  /** Hive calls this between tasks; contexts of other queries must outlive it. */
  public static void clear() {}
}

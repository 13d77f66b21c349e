package org.apache.hadoop.hive.ql.exec.mr;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.hive.conf.HiveConf;
import org.apache.hadoop.hive.ql.CompilationOpContext;
import org.apache.hadoop.hive.ql.exec.AbstractMapOperator;
import org.apache.hadoop.hive.ql.exec.MapOperator;
import org.apache.hadoop.hive.ql.exec.MapredContext;
import org.apache.hadoop.hive.ql.exec.Operator;
import org.apache.hadoop.hive.ql.exec.OperatorUtils;
import org.apache.hadoop.hive.ql.exec.Utilities;
import org.apache.hadoop.hive.ql.exec.vector.VectorMapOperator;
import org.apache.hadoop.hive.ql.metadata.HiveException;
import org.apache.hadoop.hive.ql.plan.MapWork;
import org.apache.hadoop.hive.ql.plan.MapredLocalWork;
import org.apache.hadoop.hive.ql.plan.OperatorDesc;
import org.apache.hadoop.io.Writable;
import org.apache.hadoop.mapred.JobConf;
import org.apache.hadoop.mapred.MapReduceBase;
import org.apache.hadoop.mapred.Mapper;
import org.apache.hadoop.mapred.OutputCollector;
import org.apache.hadoop.mapred.Reporter;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Stands before the class of this name in hive-exec 3.1, which keeps one flag per JVM that tells
 * the readers that the mapper has rows enough. A cluster's map task has a JVM of its own; jobs
 * that run inside HiveServer2 share theirs. There a job that ends by LIMIT, as every SELECT
 * without FROM does, stops the reader of whatever other job is in its map: that query loses
 * rows, and says OK.
 *
 * Here the flag belongs to the thread: a map task, its reader and its mapper, runs in one.
 */
public class ExecMapper extends MapReduceBase implements Mapper<Object, Object, Object, Object> {
  public static final Logger l4j = LoggerFactory.getLogger(ExecMapper.class);

  private static final ThreadLocal<Boolean> DONE = ThreadLocal.withInitial(() -> false);

  private JobConf conf;
  private ExecMapperContext context;
  private AbstractMapOperator root;
  private MapredLocalWork local;
  private OutputCollector<Object, Object> output;
  private Reporter reporter;
  private boolean aborted;

  /** Tells the readers of this thread's task whether they may stop. */
  public static boolean getDone() {
    return DONE.get();
  }

  public static void setDone(boolean done) {
    if (done) {
      DONE.set(true);
    } else {
      DONE.remove();
    }
  }

  public boolean isAbort() {
    return aborted;
  }

  public void setAbort(boolean abort) {
    aborted = abort;
  }

  @Override
  public void configure(JobConf job) {
    setDone(false);
    conf = job;
    context = new ExecMapperContext(job);
    context.setJc(job);
    try {
      build(Utilities.getMapWork(job));
    } catch (Throwable cause) {
      throw failure("Map operator initialization failed", cause);
    }
  }

  private void build(MapWork work) throws Exception {
    CompilationOpContext operators = new CompilationOpContext();
    root = work.getVectorMode() ? new VectorMapOperator(operators) : new MapOperator(operators);
    root.setConf(work);
    root.initialize(conf, null);
    root.setChildren(conf);
    local = work.getMapRedLocalWork();
    context.setLocalWork(local);
    // functions look for it while the operators below are initialized
    MapredContext.init(true, new JobConf(conf));
    root.passExecContext(context);
    root.initializeLocalWork(conf);
    root.initializeMapOperator(conf);
    for (Operator<? extends OperatorDesc> side : sides()) {
      side.passExecContext(context);
      side.initialize(conf, null);
    }
  }

  @Override
  public void map(
      Object key, Object value, OutputCollector<Object, Object> collector, Reporter progress)
      throws IOException {
    ensureOutputInitialize(collector, progress);
    context.resetRow();
    try {
      if (root.getDone()) {
        setDone(true);
      } else {
        root.process((Writable) value);
      }
    } catch (Throwable cause) {
      l4j.error("A row failed in the map", cause);
      throw failure(cause.toString(), cause);
    }
  }

  /** Connects the operators with the task's output; also called for a task without rows. */
  public void ensureOutputInitialize(
      OutputCollector<Object, Object> collector, Reporter progress) {
    if (output == null) {
      output = collector;
      reporter = progress;
      OperatorUtils.setChildrenCollector(root.getChildOperators(), collector);
      root.setReporter(progress);
      MapredContext.get().setReporter(progress);
    }
  }

  @Override
  public void close() {
    aborted = aborted || context.getIoCxt().getIOExceptions();
    try {
      closeOperators();
    } catch (Exception cause) {
      if (!aborted) {
        l4j.error("The operators of the map did not close", cause);
        throw new RuntimeException("Hive Runtime Error while closing operators", cause);
      }
    } finally {
      MapredContext.close();
      Utilities.clearWorkMap(conf);
    }
  }

  private void closeOperators() throws HiveException {
    root.close(aborted);
    for (Operator<? extends OperatorDesc> side : sides()) {
      side.close(aborted);
    }
    root.preorderMap(new ReportStats(reporter, conf));
  }

  /** Returns what a join in the map has beside its main input. */
  private List<Operator<? extends OperatorDesc>> sides() {
    return local == null ? List.of() : local.getDummyParentOp();
  }

  private RuntimeException failure(String message, Throwable cause) {
    aborted = true;
    if (cause instanceof OutOfMemoryError) {
      throw (OutOfMemoryError) cause;
    }
    return new RuntimeException(message, cause);
  }

  /** Adds the counts of every operator to the task's counters. */
  public static class ReportStats implements Operator.OperatorFunc {
    private final Reporter reporter;
    private final String group;

    public ReportStats(Reporter reporter, Configuration conf) {
      this.reporter = reporter;
      this.group = HiveConf.getVar(conf, HiveConf.ConfVars.HIVECOUNTERGROUP);
    }

    @Override
    public void func(Operator<? extends OperatorDesc> operator) {
      if (reporter != null) {
        for (Map.Entry<String, Long> count : operator.getStats().entrySet()) {
          reporter.incrCounter(group, count.getKey(), count.getValue());
        }
      }
    }
  }
}

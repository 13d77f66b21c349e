package org.apache.hadoop.hive.ql.exec;

import java.util.Collections;
import java.util.HashMap;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.hive.conf.HiveConf;
import org.apache.hadoop.hive.ql.plan.BaseWork;
import org.apache.hadoop.hive.ql.session.SessionState;

/**
 * Stands before the class of this name in hive-exec 3.1, which gives all tasks of a JVM one map
 * of the plans that they have read, without a lock. Tasks that run at once inside HiveServer2
 * would write into it at once, and those of one job share its operators, each with the rows and
 * files of the other.
 *
 * Here each thread keeps what it has read, and a MapReduce task runs in one thread. Tez reads a
 * task's plan in several threads, one task after the other.
 */
public class GlobalWorkMapFactory {
  private final ThreadLocal<Map<Path, BaseWork>> own = ThreadLocal.withInitial(HashMap::new);
  private final Map<Path, BaseWork> shared = Collections.synchronizedMap(new HashMap<>());

  public Map<Path, BaseWork> get(Configuration conf) {
    SessionState session = SessionState.get();
    boolean inServer = session != null && session.isHiveServerQuery();
    String engine = HiveConf.getVar(conf, HiveConf.ConfVars.HIVE_EXECUTION_ENGINE);
    return inServer || !"tez".equals(engine) ? own.get() : shared;
  }
}

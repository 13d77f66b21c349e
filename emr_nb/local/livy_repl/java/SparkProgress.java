package org.apache.livy.repl;

import org.apache.spark.SparkContext;
import org.apache.spark.SparkJobInfo;
import org.apache.spark.SparkStageInfo;
import org.apache.spark.SparkStatusTracker;
import scala.Option;

/** A statement's Spark jobs, found by the job group that bears its number. */
final class SparkProgress {
  private final SparkContext sc;

  SparkProgress(SparkContext sc) {
    this.sc = sc;
  }

  void setGroup(int statement) {
    sc.setJobGroup(Integer.toString(statement), "Job group for statement " + statement, false);
  }

  void cancelGroup(int statement) {
    sc.cancelJobGroup(Integer.toString(statement));
  }

  double done(int statement) {
    SparkStatusTracker tracker = sc.statusTracker();
    long tasks = 0;
    long completed = 0;
    for (int id : tracker.getJobIdsForGroup(Integer.toString(statement))) {
      Option<SparkJobInfo> job = tracker.getJobInfo(id);
      for (int stage : job.isDefined() ? job.get().stageIds() : new int[0]) {
        Option<SparkStageInfo> info = tracker.getStageInfo(stage);
        if (info.isDefined()) {
          tasks += info.get().numTasks();
          completed += info.get().numCompletedTasks();
        }
      }
    }
    return tasks == 0 ? 0.0 : (double) completed / tasks;
  }
}

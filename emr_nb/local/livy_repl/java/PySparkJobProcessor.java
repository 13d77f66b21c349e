package org.apache.livy.repl;

/** What the Python child offers the driver over py4j; {@code worker.py} implements it by name. */
public interface PySparkJobProcessor {
  byte[] processBypassJob(byte[] serializedJob);

  void addFile(String path);

  void addPyFile(String path);

  String getLocalTmpDirPath();
}

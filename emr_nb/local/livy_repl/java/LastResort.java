package org.apache.livy.repl;

/** Ends the driver's JVM when something that user code left behind would keep it. */
final class LastResort {
  private static final long GRACE_MILLIS = 20_000;

  private LastResort() {}

  /** Starts a daemon thread that halts the JVM if it still runs after the grace time. */
  static void arm() {
    Thread thread = new Thread(() -> {
      try {
        Thread.sleep(GRACE_MILLIS);
      } catch (InterruptedException error) {
        return;
      }
      Runtime.getRuntime().halt(0);
    }, "livy-last-resort");
    thread.setDaemon(true);
    thread.start();
  }
}

package org.apache.livy.repl;

/** One language of a session. Only the session's interpreter thread calls {@link #execute}. */
interface Interpreter {
  Answer execute(String code) throws Exception;

  /** Completion candidates; Livy has none but Scala's. */
  default String[] complete(String code, int cursor) {
    return new String[0];
  }

  /** Ends the interpreter within a few seconds, whatever it is running. */
  void close();
}

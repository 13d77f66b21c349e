package org.apache.livy.repl;

import java.util.Collections;
import java.util.List;
import org.json4s.JsonAST;

/** What an interpreter says of a piece of code, before a statement's number is known. */
final class Answer {
  enum Status { OK, ERROR, INCOMPLETE, DIED }

  final Status status;
  /** MIME bundle; null unless OK. */
  final JsonAST.JObject data;

  private final String ename;
  private final String evalue;
  private final List<String> traceback;

  private Answer(
      Status status, JsonAST.JObject data, String ename, String evalue, List<String> traceback) {
    this.status = status;
    this.data = data;
    this.ename = ename;
    this.evalue = evalue;
    this.traceback = traceback;
  }

  static Answer ok(JsonAST.JObject data) {
    return new Answer(Status.OK, data, null, null, null);
  }

  static Answer text(String text) {
    return ok(Json.object("text/plain", Json.string(text)));
  }

  static Answer error(String ename, String evalue, List<String> traceback) {
    return new Answer(Status.ERROR, null, ename, evalue, traceback);
  }

  static Answer error(String ename, String evalue) {
    return error(ename, evalue, Collections.emptyList());
  }

  static Answer incomplete() {
    return new Answer(
        Status.INCOMPLETE, null, "Error", "incomplete statement", Collections.emptyList());
  }

  /** The interpreter's process is gone; {@code lastWords} is what it wrote to its stderr. */
  static Answer died(String lastWords) {
    return new Answer(
        Status.DIED, null, "Error", "Interpreter died:\n" + lastWords, Collections.emptyList());
  }

  /** The text/plain of an OK answer, null if it has none. */
  String plainText() {
    return data == null ? null : Json.text(data, "text/plain");
  }

  /** The statement's output, its keys in Livy's order. */
  String render(int executionCount) {
    if (status == Status.OK) {
      return Json.render(Json.object(
          "status", Json.string("ok"),
          "execution_count", Json.number(executionCount),
          "data", data));
    }
    return Json.render(Json.object(
        "status", Json.string("error"),
        "execution_count", Json.number(executionCount),
        "ename", Json.string(ename),
        "evalue", Json.string(evalue),
        "traceback", Json.strings(traceback)));
  }
}

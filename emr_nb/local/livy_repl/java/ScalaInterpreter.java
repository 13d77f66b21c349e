package org.apache.livy.repl;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.spark.SparkConf;

/** Scala, line by line as Livy feeds it: a line that is incomplete is tried with its next one. */
final class ScalaInterpreter implements Interpreter {
  private static final Pattern MAGIC = Pattern.compile("^%(\\w+)\\W*(.*)");
  private static final Pattern AFTER_NEWLINE = Pattern.compile("(?<=\n)");

  private final ByteArrayOutputStream output = new ByteArrayOutputStream();
  private final ScalaLoop loop;

  ScalaInterpreter(SparkConf conf, SparkEntries entries, ClassLoader loader) throws Exception {
    loop = new ScalaLoop(conf.get("spark.repl.class.outputDir"), output, loader);
    loop.bind("spark", "org.apache.spark.sql.SparkSession", entries.sparkSession());
    loop.bind("sc", "org.apache.spark.SparkContext", entries.sc().sc());
    execute("import org.apache.spark.SparkContext._");
    execute("import spark.implicits._");
    execute("import spark.sql");
    execute("import org.apache.spark.sql.functions._");
  }

  @Override
  public Answer execute(String code) {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try {
      return executeLines(code.trim().split("\n"));
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private Answer executeLines(String[] lines) {
    Answer merged = Answer.text("");
    LinkedList<String> rest = new LinkedList<>(Arrays.asList(lines));
    while (!rest.isEmpty()) {
      String head = rest.removeFirst();
      Answer answer = executeLine(head);
      if (answer.status == Answer.Status.INCOMPLETE) {
        if (!rest.isEmpty()) {
          rest.addFirst(head + "\n" + rest.removeFirst());
        } else if (executeLine("{\n" + head + "\n}").status != Answer.Status.OK) {
          return answer;
        } // else it was a comment
      } else if (answer.status != Answer.Status.OK) {
        return answer;
      } else {
        merged = merge(merged, answer);
      }
    }
    return merged;
  }

  /** Texts add up; any other answer takes the place of what was before. */
  private static Answer merge(Answer before, Answer answer) {
    String text = answer.plainText();
    String earlier = before.plainText();
    if (text == null || earlier == null) {
      return answer;
    }
    return earlier.isEmpty() && text.isEmpty() ? answer : Answer.text(earlier + text);
  }

  private Answer executeLine(String line) {
    Matcher magic = MAGIC.matcher(line);
    if (magic.matches()) {
      return ScalaMagics.run(magic.group(1), magic.group(2), loop);
    }
    String outcome = loop.interpret(line);
    if (outcome.equals("Incomplete")) {
      return Answer.incomplete();
    }
    String printed = new String(output.toByteArray(), StandardCharsets.UTF_8);
    output.reset();
    return outcome.equals("Success") ? Answer.text(printed) : error(printed);
  }

  private static Answer error(String printed) {
    List<String> lines = new ArrayList<>(Arrays.asList(AFTER_NEWLINE.split(printed)));
    String first = lines.remove(0).trim();
    return Answer.error("Error", first, lines);
  }

  @Override
  public String[] complete(String code, int cursor) {
    return loop.complete(code, cursor);
  }

  @Override
  public void close() {
    loop.close();
  }
}

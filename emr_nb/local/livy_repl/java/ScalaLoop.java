package org.apache.livy.repl;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.PrintWriter;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import org.apache.spark.repl.SparkILoop;
import scala.Option;
import scala.collection.immutable.Nil$;
import scala.tools.nsc.Settings;
import scala.tools.nsc.interpreter.IMain;
import scala.tools.nsc.interpreter.PresentationCompilerCompleter;

/** Spark's Scala shell without its console. Not thread safe. */
final class ScalaLoop {
  private final ByteArrayOutputStream output;
  private final SparkILoop loop;

  /** Starts the compiler; what it and the code's Console print goes to {@code output}. */
  ScalaLoop(String classes, ByteArrayOutputStream output, ClassLoader loader) {
    this.output = output;
    Settings settings = new Settings();
    settings.processArguments(
        Json.scalaList(
            Arrays.asList("-Yrepl-class-based", "-Yrepl-outdir", classes, "-usejavacp")),
        true);
    settings.embeddedDefaults(loader);
    loop = new SparkILoop(Option.empty(), new PrintWriter(output, true));
    loop.settings_$eq(settings);
    loop.createInterpreter();
    intp().initializeSynchronous();
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try {
      intp().compilerClasspath();
      intp().ensureClassLoader();
      intp().addUrlsToClassPath(Json.scalaList(sessionJars(loader)));
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private IMain intp() {
    return loop.intp();
  }

  /** The jars that spark-submit added for the session, but for the driver's own. */
  private static List<URL> sessionJars(ClassLoader loader) {
    List<URL> jars = new ArrayList<>();
    for (ClassLoader at = loader; at != null; at = at.getParent()) {
      if ("org.apache.spark.util.MutableURLClassLoader".equals(at.getClass().getName())) {
        for (URL url : ((URLClassLoader) at).getURLs()) {
          if (wanted(url)) {
            jars.add(url);
          }
        }
        break;
      }
    }
    return jars;
  }

  private static boolean wanted(URL url) {
    if (!url.getProtocol().equals("file") || !new File(url.getPath()).isFile()) {
      return false;
    }
    try {
      String name = new File(url.toURI()).getName();
      // a scala-reflect of another version breaks the compiler
      return !name.startsWith("livy-") && !name.contains("org.scala-lang_scala-reflect");
    } catch (URISyntaxException error) {
      return false;
    }
  }

  void bind(String name, String type, Object value) {
    scala.collection.immutable.List<String> transientOnly =
        Json.scalaList(Collections.singletonList("@transient"));
    intp().beQuietDuring(() -> intp().bind(name, type, value, transientOnly));
  }

  /** Runs code; gives "Success", "Error" or "Incomplete". */
  String interpret(String code) {
    return scala.Console$.MODULE$.withOut(output, () -> intp().interpret(code)).toString();
  }

  /** The value that the last line gave, whatever its name. */
  Object lastValue() {
    return intp().lastRequest().lineRep().call("$result", (scala.collection.Seq) Nil$.MODULE$);
  }

  String[] complete(String code, int cursor) {
    List<String> found = Json.javaList(
        new PresentationCompilerCompleter(intp()).complete(code, cursor).candidates());
    return found.toArray(new String[0]);
  }

  void close() {
    loop.closeInterpreter();
  }
}

package org.apache.livy.repl;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.BufferedReader;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.apache.commons.io.FileUtils;
import org.apache.spark.SparkConf;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The Python child and its channel: frames of a kind byte, a 4-byte length and a payload. */
final class PythonProcess {
  private static final Logger LOG = LoggerFactory.getLogger(PythonProcess.class);
  private static final String[] SOURCES = {
    "worker.py", "livy_answers.py", "livy_magics.py", "livy_spark.py", "livy_packages.py"
  };
  private static final int LAST_WORDS = 10_000; // lines of stderr kept for the day it dies

  /** One frame; null from {@link #receive} stands for the end of the channel. */
  static final class Frame {
    final char kind;
    final byte[] payload;

    Frame(char kind, byte[] payload) {
      this.kind = kind;
      this.payload = payload;
    }

    String text() {
      return new String(payload, StandardCharsets.UTF_8);
    }
  }

  private final Process process;
  private final DataOutputStream toChild;
  private final DataInputStream fromChild;
  private final ArrayDeque<String> stderr = new ArrayDeque<>();
  private final Thread stderrReader;
  private final Path sources;

  private PythonProcess(Process process, Path sources) {
    this.process = process;
    this.sources = sources;
    toChild = new DataOutputStream(new BufferedOutputStream(process.getOutputStream(), 1 << 16));
    fromChild = new DataInputStream(new BufferedInputStream(process.getInputStream(), 1 << 16));
    stderrReader = daemon("python-stderr", this::readStderr);
    daemon("python-watcher", this::watch);
  }

  /** Starts the interpreter that the session's configuration names. */
  static PythonProcess start(SparkConf conf, int gatewayPort, String secret) throws IOException {
    Map<String, String> inherited = System.getenv();
    String python = conf.get(
        "spark.pyspark.python", inherited.getOrDefault("PYSPARK_PYTHON", "python3"));
    Path sources = Files.createTempDirectory("livy-python");
    for (String name : SOURCES) {
      try (InputStream source = PythonProcess.class.getResourceAsStream(name)) {
        Files.copy(source, sources.resolve(name));
      }
    }
    ProcessBuilder builder = new ProcessBuilder(python, sources.resolve(SOURCES[0]).toString());
    Map<String, String> env = builder.environment();
    env.put("PYSPARK_PYTHON", python);
    env.put("PYTHONPATH", String.join(File.pathSeparator, pythonPath(conf)));
    env.put("PYTHONUNBUFFERED", "YES");
    env.put("PYSPARK_GATEWAY_PORT", Integer.toString(gatewayPort));
    env.put("PYSPARK_GATEWAY_SECRET", secret);
    env.put("SPARK_HOME", inherited.getOrDefault("SPARK_HOME", "."));
    env.put("LIVY_SPARK_MAJOR_VERSION", conf.get("spark.livy.spark_major_version", "1"));
    try {
      return new PythonProcess(builder.start(), sources);
    } catch (IOException error) {
      FileUtils.deleteQuietly(sources.toFile());
      throw error;
    }
  }

  private static List<String> pythonPath(SparkConf conf) throws IOException {
    List<String> path = new ArrayList<>();
    Collections.addAll(path, System.getenv().getOrDefault("PYTHONPATH", "").split(":"));
    String archives = System.getenv("PYSPARK_ARCHIVES_PATH");
    String home = System.getenv("SPARK_HOME");
    if (archives != null) {
      Collections.addAll(path, archives.split(","));
    } else if (home != null) {
      Path lib = Paths.get(home, "python", "lib");
      path.add(lib.resolve("pyspark.zip").toString());
      try (DirectoryStream<Path> found = Files.newDirectoryStream(lib, "py4j-*-src.zip")) {
        path.add(found.iterator().next().toString());
      }
    }
    boolean localised = "true".equals(System.getenv("SPARK_YARN_MODE"))
        || ("yarn".equalsIgnoreCase(conf.get("spark.master", ""))
            && "cluster".equalsIgnoreCase(conf.get("spark.submit.deployMode", "")));
    for (String file : System.getProperty("spark.submit.pyFiles", "").split(",")) {
      path.add(localised ? new File(new File(file).getName()).getAbsolutePath() : file);
    }
    return path;
  }

  void send(char kind, String text) throws IOException {
    byte[] payload = text.getBytes(StandardCharsets.UTF_8);
    synchronized (toChild) {
      toChild.writeByte(kind);
      toChild.writeInt(payload.length);
      toChild.write(payload);
      toChild.flush();
    }
  }

  /** The next frame; null when the child has gone. */
  Frame receive() throws IOException {
    try {
      char kind = (char) fromChild.readUnsignedByte();
      byte[] payload = new byte[fromChild.readInt()];
      fromChild.readFully(payload);
      return new Frame(kind, payload);
    } catch (EOFException end) {
      return null;
    }
  }

  /** What the child wrote to its stderr since this was last asked; waits for the rest of it. */
  String lastWords() {
    try {
      stderrReader.join(1000);
    } catch (InterruptedException error) {
      Thread.currentThread().interrupt();
    }
    synchronized (stderr) {
      String words = String.join("\n", stderr);
      stderr.clear();
      return words;
    }
  }

  /** Asks the child to leave, then ends it: 2 s for its own end, 1 s for TERM, then KILL. */
  void close() {
    try {
      daemon("python-quit", () -> {
        try {
          send('Q', "");
        } catch (IOException gone) {
          LOG.debug("the Python child has already gone", gone);
        }
      });
      if (!process.waitFor(2, TimeUnit.SECONDS)) {
        process.destroy();
        if (!process.waitFor(1, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      }
    } catch (InterruptedException error) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }

  private void readStderr() {
    try (BufferedReader lines = new BufferedReader(
        new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        synchronized (stderr) {
          stderr.add(line);
          if (stderr.size() > LAST_WORDS) {
            stderr.remove();
          }
        }
      }
    } catch (IOException closed) {
      LOG.debug("stderr of the Python child is closed", closed);
    }
  }

  private void watch() {
    try {
      int code = process.waitFor();
      FileUtils.deleteQuietly(sources.toFile());
      if (code != 0) {
        LOG.error("Process has died with {}", code);
        synchronized (stderr) {
          LOG.error(String.join("\n", stderr));
        }
      }
    } catch (InterruptedException error) {
      LOG.debug("the Python child is no longer watched", error);
    }
  }

  private static Thread daemon(String name, Runnable task) {
    Thread thread = new Thread(task, name);
    thread.setDaemon(true);
    thread.start();
    return thread;
  }
}

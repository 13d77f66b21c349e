package org.apache.livy.repl;

import java.io.File;
import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Proxy;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import org.apache.livy.Job;
import org.apache.livy.rsc.driver.SparkEntries;
import org.apache.spark.SparkConf;
import org.json4s.JsonAST;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import py4j.CallbackClient;
import py4j.Gateway;
import py4j.GatewayServer;
import py4j.Protocol;
import py4j.reflection.PythonProxyHandler;

/** Python in a child process that shares the driver's Spark context through py4j. */
final class PythonInterpreter implements Interpreter {
  private static final Logger LOG = LoggerFactory.getLogger(PythonInterpreter.class);

  private final SparkEntries entries;
  private final GatewayServer gateway;
  private final PythonProcess process;
  private PySparkJobProcessor processor;

  /** Starts the child, which loads pyspark and then waits for {@link #join}. */
  PythonInterpreter(SparkConf conf, SparkEntries entries) throws IOException {
    this.entries = entries;
    String secret = secret();
    InetAddress loopback = InetAddress.getLoopbackAddress();
    gateway = new GatewayServer.GatewayServerBuilder(entries)
        .authToken(secret)
        .javaPort(0)
        .javaAddress(loopback)
        .callbackClient(GatewayServer.DEFAULT_PYTHON_PORT, loopback, secret)
        .build();
    gateway.start();
    try {
      process = PythonProcess.start(conf, gateway.getListeningPort(), secret);
    } catch (IOException | RuntimeException error) {
      gateway.shutdown();
      throw error;
    }
  }

  /** Lets the child join the Spark context, which must exist, and waits until it has. */
  void join() throws IOException, ReflectiveOperationException {
    process.send('J', "");
    PythonProcess.Frame frame = process.receive();
    if (frame != null) {
      setCallbackPort(Integer.parseInt(frame.text()));
    } // else it died: the first statement will tell, as in Livy
  }

  @Override
  public Answer execute(String code) {
    try {
      PythonProcess.Frame frame = ask(code);
      return frame == null ? Answer.died(process.lastWords()) : answer(Json.parse(frame.text()));
    } catch (Throwable error) {
      LOG.debug("the child's answer cannot be taken", error);
      return Answer.error(error.getClass().getName(), error.getMessage());
    }
  }

  private PythonProcess.Frame ask(String code) throws IOException {
    try {
      process.send('X', code);
    } catch (IOException gone) {
      LOG.debug("the Python child takes no more code", gone);
    }
    return process.receive();
  }

  private static Answer answer(JsonAST.JValue message) {
    if (!"execute_reply".equals(Json.text(message, "msg_type"))) {
      throw new AssertionError("assertion failed");
    }
    JsonAST.JValue content = Json.field(message, "content");
    if ("ok".equals(Json.text(content, "status"))) {
      return Answer.ok((JsonAST.JObject) Json.field(content, "data"));
    }
    return Answer.error(
        Json.text(content, "ename"),
        Json.text(content, "evalue"),
        Json.texts(content, "traceback"));
  }

  /** A serialised Python job that was uploaded to the session. */
  Job<byte[]> job(byte[] serialized) {
    return context -> {
      byte[] result = processor().processBypassJob(serialized);
      String text = new String(result, StandardCharsets.UTF_8);
      if (text.startsWith("Client job error:")) {
        throw new IllegalStateException(text);
      }
      return result;
    };
  }

  void addFile(String path) {
    processor().addFile(path);
  }

  void addPyFile(ReplDriver driver, String path) throws Exception {
    File copies = new File(processor().getLocalTmpDirPath());
    File copy = driver.copyFileToLocal(copies, path, entries.sc().sc());
    processor().addPyFile(copy.getPath());
    if (path.endsWith(".jar")) {
      driver.addLocalFileToClassLoader(copy);
    }
  }

  @Override
  public void close() {
    try {
      process.close();
    } finally {
      gateway.shutdown(); // its thread is no daemon and would keep the JVM
    }
  }

  private synchronized PySparkJobProcessor processor() {
    if (processor == null) {
      processor = (PySparkJobProcessor) Proxy.newProxyInstance(
          Thread.currentThread().getContextClassLoader(),
          new Class<?>[] {PySparkJobProcessor.class},
          new PythonProxyHandler(Protocol.ENTRY_POINT_OBJECT_ID, gateway.getGateway()));
    }
    return processor;
  }

  /** The child chose its callback port itself; py4j has no public way to say so afterwards. */
  private void setCallbackPort(int port) throws ReflectiveOperationException {
    Field field = CallbackClient.class.getDeclaredField("port");
    field.setAccessible(true);
    field.setInt(gateway.getCallbackClient(), port);
  }

  private static String secret() {
    byte[] random = new byte[32];
    new SecureRandom().nextBytes(random);
    StringBuilder text = new StringBuilder();
    for (byte b : random) {
      text.append(String.format("%02x", b));
    }
    return text.toString();
  }
}

import java.io.File;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URL;
import java.net.URLClassLoader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Runs a main class in a URLClassLoader: Hive 3.1 casts its class loader to one, and from Java 9
 * on the application's loader is none. The class path is the property `launch.path`.
 *
 * With `launch.await` (host:port) it first waits until something listens there, as HiveServer2
 * gives up on a metastore that is still starting.
 */
public final class HiveLauncher {
  private static final long PATIENCE_MS = 140_000;

  public static void main(String[] arguments) throws Throwable {
    String awaited = System.getProperty("launch.await", "");
    if (!awaited.isEmpty()) {
      await(awaited);
    }
    List<URL> path = new ArrayList<>();
    for (String entry : System.getProperty("launch.path").split(File.pathSeparator)) {
      path.add(new File(entry).toURI().toURL());
    }
    ClassLoader platform = ClassLoader.getPlatformClassLoader();
    URLClassLoader loader = new URLClassLoader(path.toArray(new URL[0]), platform);
    Thread.currentThread().setContextClassLoader(loader);
    String[] rest = Arrays.copyOfRange(arguments, 1, arguments.length);
    try {
      loader.loadClass(arguments[0]).getMethod("main", String[].class).invoke(null, (Object) rest);
    } catch (InvocationTargetException wrapped) {
      throw wrapped.getCause();
    }
  }

  private static void await(String address) throws InterruptedException {
    String host = address.substring(0, address.lastIndexOf(':'));
    int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    long end = System.currentTimeMillis() + PATIENCE_MS;
    while (System.currentTimeMillis() < end) {
      try (Socket socket = new Socket()) {
        socket.connect(new InetSocketAddress(host, port), 1000);
        return;
      } catch (IOException notYet) {
        Thread.sleep(100);
      }
    }
    System.err.println("Nothing listens at " + address);
    System.exit(1);
  }
}

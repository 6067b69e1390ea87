// The core in Java on Endive, once Chicory: push, control, scrape. The ABI: assembly/README.md.
import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Instant;
import java.util.HashMap;
import java.util.Scanner;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import run.endive.runtime.Instance;
import run.endive.wasm.Parser;

final class Jobs {
  static final byte COUNTER = 5, FLOAT_COUNTER = 6, INFO = 4;
  static final int FLAGS = 2 | 4 /* sort tags, timestamps */, INFLUX = 0, PROMETHEUS = 1;
  static final int INPUT = 4096, FIELDS = 48, FIELD_NEXT = 0, FIELD_CELL = 4, LOG_LEVEL = 8;
  static final InetAddress LOCAL = InetAddress.getLoopbackAddress();
  final Instance core;
  final long receiverPort, source, log;
  final HashMap<String, Long> handles = new HashMap<>();

  Jobs(File file, int receiverPort) {
    core = Instance.builder(Parser.parse(file)).build();
    this.receiverPort = receiverPort;
    call("configure", put("example".getBytes(UTF_8)), FLAGS, 100_000, 10_000);
    byte[] head = join(text("jobs"), text(""), text("Jobs by kind."), new byte[8]);
    byte[] done = field(COUNTER, "done", "Jobs done.", "");
    byte[] busy = field(FLOAT_COUNTER, "busy", "Time spent.", "seconds");
    byte[] tags = join(new byte[] {1}, text("kind"), new byte[] {2});
    source = call("source", put(join(new byte[1], head, tags, done, busy)));
    log = call("log", put("jobs".getBytes(UTF_8)));
  }

  /** An export's result. A negative one is a Status: the program is wrong. */
  long call(String name, long... values) {
    long[] results = core.export(name).apply(values);
    long result = results == null || results.length == 0 ? 0 : results[0];
    if ((int) result >= 0) return result;
    throw new IllegalStateException(name + ": status " + (int) result);
  }

  int put(byte[] data) {
    core.memory().write(INPUT, data);
    return data.length;
  }

  byte[] written(String name, long... values) {
    int end = (int) call(name, values);
    int start = (int) core.exports().global("output").getValue();
    return core.memory().readBytes(start, end - start);
  }

  synchronized byte[] command(byte[] line) {
    return written("command", put(line), nowNs(), 0);
  }

  synchronized byte[] gathered(int format) {
    return written("encode", format, nowNs());
  }

  int word(long address) {
    return core.memory().readInt((int) address);
  }

  synchronized void job(String kind, double seconds) {
    if (!handles.containsKey(kind)) {
      long series = call("series", source, put(text(kind)));
      for (long at = word(source + FIELDS); at != 0; at = word(at + FIELD_NEXT))
        handles.put(kind, call("handle", series + word(at + FIELD_CELL)));
    }
    call("counterAdd", handles.get(kind) - 1, Double.doubleToRawLongBits(1));
    call("counterAdd", handles.get(kind), Double.doubleToRawLongBits(seconds));
    if (INFO <= word(log + LOG_LEVEL)) System.err.printf("jobs: %s took %s s%n", kind, seconds);
  }

  void push() {
    try (Socket socket = new Socket(LOCAL, (int) receiverPort)) {
      socket.getOutputStream().write(gathered(INFLUX));
    } catch (IOException error) {
      System.err.println("push: these lines are lost: " + error.getMessage());
    }
  }

  Object control(Socket socket) throws IOException {
    try (socket; var lines = new Scanner(socket.getInputStream(), ISO_8859_1)) {
      while (lines.hasNextLine()) {
        byte[] reply = command(lines.nextLine().getBytes(ISO_8859_1));
        socket.getOutputStream().write(join(reply, new byte[] {'\n'}));
      }
      return null;
    }
  }

  static byte[] text(String value) {
    byte[] data = value.getBytes(UTF_8);
    return join(new byte[] {(byte) data.length, (byte) (data.length >> 8)}, data);
  }

  static byte[] field(byte type, String key, String help, String unit) {
    return join(new byte[] {type}, text(key), text(help), text(unit), new byte[2]);
  }

  static byte[] join(byte[]... parts) {
    var whole = new ByteArrayOutputStream();
    for (byte[] part : parts) whole.writeBytes(part);
    return whole.toByteArray();
  }

  static long nowNs() {
    return java.time.temporal.ChronoUnit.NANOS.between(Instant.EPOCH, Instant.now());
  }

  public static void main(String[] arguments) throws IOException {
    var jobs = new Jobs(new File(arguments[0]), Integer.parseInt(arguments[1]));
    var threads = Executors.newCachedThreadPool();
    var commands = new ServerSocket(0, 50, LOCAL);
    threads.submit(() -> {
      while (true) {
        Socket socket = commands.accept();
        threads.submit(() -> jobs.control(socket));
      }
    });
    var http = HttpServer.create(new InetSocketAddress(LOCAL, 0), 0);
    http.createContext("/metrics", exchange -> {
      byte[] body = jobs.gathered(PROMETHEUS);
      exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
      exchange.sendResponseHeaders(200, body.length);
      exchange.getResponseBody().write(body);
      exchange.close();
    });
    http.start();
    System.out.println("control 127.0.0.1:" + commands.getLocalPort());
    System.out.println("prometheus http://127.0.0.1:" + http.getAddress().getPort() + "/metrics");
    Executors.newScheduledThreadPool(1).scheduleAtFixedRate(jobs::push, 0, 10, TimeUnit.SECONDS);
    for (var lines = new Scanner(System.in); lines.hasNext(); ) {
      jobs.job(lines.next(), Double.parseDouble(lines.next()));
    }
    jobs.push();
    System.exit(0); // the threads would go on
  }
}

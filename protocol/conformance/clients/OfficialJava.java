import io.socket.client.Ack;
import io.socket.client.AckWithTimeout;
import io.socket.client.IO;
import io.socket.client.Socket;
import io.socket.emitter.Emitter;
import java.net.URI;
import java.util.Arrays;
import java.util.Collections;
import java.util.Objects;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.json.JSONObject;

/** The official client for Java against muster-conformance: `java OfficialJava http://127.0.0.1:PORT`. See ../socketio.md. */
public class OfficialJava {
    static int failures = 0;

    static void expect(String rule, Object found, Object wanted) {
        boolean same = found instanceof byte[] ? Arrays.equals((byte[]) found, (byte[]) wanted) : Objects.equals(found, wanted);
        if (!same) failures += 1;
        System.out.println((same ? "ok    " : "FAIL  ") + rule + (same ? "" : ": " + found + ", not " + wanted));
    }

    /** What comes of an event, each an array of its arguments. */
    static BlockingQueue<Object[]> heard(Emitter emitter, String event) {
        BlockingQueue<Object[]> queue = new ArrayBlockingQueue<>(100);
        emitter.on(event, queue::add);
        return queue;
    }

    static Object[] next(BlockingQueue<Object[]> queue) throws InterruptedException {
        Object[] values = queue.poll(10, TimeUnit.SECONDS);
        if (values == null) throw new IllegalStateException("nothing came in ten seconds");
        return values;
    }

    static Object ask(Socket socket, String event, Object... values) throws InterruptedException {
        BlockingQueue<Object[]> answers = new ArrayBlockingQueue<>(1);
        socket.emit(event, values, (Ack) answers::add);
        return next(answers)[0];
    }

    static Socket open(String url, String[] transports, JSONObject auth) throws Exception {
        IO.Options options = IO.Options.builder().setTransports(transports).setForceNew(true).setReconnectionDelay(10).build();
        if (auth != null) options.auth = Collections.singletonMap("token", auth.getString("token"));
        Socket socket = IO.socket(URI.create(url), options);
        BlockingQueue<Object[]> opened = heard(socket, Socket.EVENT_CONNECT), failed = heard(socket, Socket.EVENT_CONNECT_ERROR);
        socket.connect();
        for (int tries = 0; tries < 1_000; tries++) {
            if (opened.poll(10, TimeUnit.MILLISECONDS) != null) return socket;
            Object[] error = failed.poll();
            if (error != null) {
                socket.close();
                throw new IllegalArgumentException(String.valueOf(error[0]));
            }
        }
        throw new IllegalStateException("neither connected nor refused");
    }

    static void all(String url, String[] transports) throws Exception {
        Socket ann = open(url, transports, null), bob = open(url, transports, null);
        byte[] bytes = {0, -1, 7};

        BlockingQueue<Object[]> echoes = heard(ann, "echo");
        ann.emit("echo", 1, "é\u2028", new JSONObject().put("a", true));
        Object[] echo = next(echoes);
        expect("events both ways", echo[0] + " " + echo[1] + " " + echo[2], "1 é\u2028 {\"a\":true}");
        expect("bytes in an ack", (byte[]) ask(ann, "echo-ack", new Object[] {bytes}), bytes);
        JSONObject info = (JSONObject) ask(ann, "binary-info", bytes, new byte[300_000]);
        expect("attachments", info.getInt("count") + " " + info.getInt("bytes"), "2 300003");

        BlockingQueue<Object[]> late = new ArrayBlockingQueue<>(1);
        ann.emit("no-ack", new Object[] {1}, new AckWithTimeout(100) {
            public void onSuccess(Object... values) { late.add(new Object[] {"answered"}); }
            public void onTimeout() { late.add(new Object[] {"timed out"}); }
        });
        expect("an ack's time", next(late)[0], "timed out");

        bob.on("question", values -> ((Ack) values[1]).call((int) values[0] + 1));
        BlockingQueue<Object[]> answered = heard(bob, "answered");
        bob.emit("server-ack", 41);
        expect("acks of the client", next(answered)[0], 42);

        ask(ann, "join-room", "red");
        ask(bob, "join-room", "red");
        BlockingQueue<Object[]> said = heard(bob, "room-said");
        ann.emit("say-room", "red", bytes);
        expect("bytes to a room", (byte[]) next(said)[2], bytes);
        BlockingQueue<Object[]> told = heard(ann, "broadcasted");
        bob.emit("broadcast", "all");
        expect("a broadcast", next(told)[1], "all");

        Socket dynamic = open(url + "/dyn-5", transports, null);
        expect("a dynamic namespace", ((JSONObject) ask(dynamic, "whoami")).getString("ns"), "/dyn-5");
        expect("its transport", ((JSONObject) ask(dynamic, "whoami")).getString("transport").length() > 0, true);
        dynamic.close();
        Socket guarded = open(url + "/guarded", transports, new JSONObject().put("token", "sesame"));
        expect("let in with auth", guarded.connected(), true);
        guarded.close();
        for (String path : new String[] {"/guarded", "/nowhere"}) {
            String reason = "let in";
            try {
                open(url + path, transports, new JSONObject().put("token", "x")).close();
            } catch (IllegalArgumentException error) {
                reason = error.getMessage();
            }
            expect("refused at " + path, reason.contains(path.equals("/guarded") ? "not authorized" : "Invalid namespace"), true);
        }

        BlockingQueue<Object[]> again = heard(ann, Socket.EVENT_CONNECT), gone = heard(ann, Socket.EVENT_DISCONNECT);
        ann.emit("kick", true);
        expect("thrown out", next(gone)[0], "io server disconnect");
        ann.connect();
        next(again);
        expect("back again", ann.connected(), true);
        ann.close();
        bob.close();
    }

    public static void main(String[] arguments) throws Exception {
        for (String[] transports : new String[][] {{"polling"}, {"websocket"}, {"polling", "websocket"}}) {
            System.out.println(String.join(", ", transports));
            all(arguments[0], transports);
        }
        System.exit(failures == 0 ? 0 : 1);
    }
}

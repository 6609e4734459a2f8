package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.Kerf;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.model.unet.UNet;
import dev.kerf.serve.Client.Got;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a client sends, it is answered 4xx in a line that tells nothing of the machine, and the server goes on. */
class HostileClientTest {
    @TempDir
    private static Path folder;
    private static Device device;
    private static Weights weights;
    private static UNet net;
    private static Server server;
    private static Client client;
    private static String id;
    private static String token;

    @BeforeAll
    static void start() throws IOException {
        Files.copy(Path.of("src/main/samples/tissue-1.png"), folder.resolve("tissue-1.png"));
        device = Backends.open("cpu");
        weights = Kerf.embeddedWeights();
        net = UNet.load(device, weights);
        ServeOptions options = ServeOptions.of(folder);
        token = options.token();
        server = Server.start(options, Networks.of(net));
        client = new Client(server);
        id = client.open("tissue-1.png");
        client.post("api/images/" + id + "/look", new byte[0]).is(200);
    }

    @AfterAll
    static void stop() {
        server.close();
        net.close();
        weights.close();
        device.close();
    }

    private static void harmless(Got got) {
        assertTrue(got.status() >= 400 && got.status() < 500, () -> got.status() + " " + got.text());
        discreet(got.text());
    }

    private static void discreet(String said) {
        assertFalse(said.contains(folder.toString()) || said.contains("\tat ") || said.contains("dev.kerf")
                || said.contains("java.") || said.contains(token), said);
    }

    private static void alive() {
        client.post("api/images/" + id + "/prompt", "{\"points\": [[200, 200]]}").is(200);
    }

    @Test
    void malformedAndAbsurdPrompts() {
        String at = "api/images/" + id + "/prompt";
        for (String body : List.of("", "{", "[]", "null", "7", "\"x\"", "{}", "{\"points\": 3}", "{\"points\": [3]}",
                "{\"points\": [[1]]}", "{\"points\": [[1,2,3,4]]}", "{\"points\": [[\"a\", 2]]}", "{\"points\": [[null, 2]]}",
                "{\"points\": [[1e999, 2]]}", "{\"points\": [[-1, 2]]}", "{\"points\": [[99999999999999999999, 2]]}",
                "{\"points\": [[1, 2]], \"points\": [[1, 2]]}", "{\"points\": [[NaN, 2]]}", "{\"box\": [1,2,3]}",
                "{\"box\": [9,9,1,1]}", "{\"box\": [0,0,1e308,1e308]}", "{\"box\": {}}", "{\"pointz\": [[1, 2]]}",
                "{\"scribbles\": [{}]}", "{\"scribbles\": [{\"points\": []}]}", "{\"scribbles\": [{\"points\": [[1]]}]}",
                "{\"points\": [[1,2]], \"deadline_ms\": 0}", "{\"points\": [[1,2]], \"deadline_ms\": 1e30}",
                "{\"points\": [[1,2]], \"deadline_ms\": -9223372036854775808}", "{\"points\": [[1,2]], \"several\": 1}",
                "{\"points\": [[1,2]], \"client\": \"" + "x".repeat(65) + "\"}", "{\"mask_logits\": \"***\"}",
                "{\"mask_logits\": \"AAAA\"}", "{\"points\": [[1,2]], \"refine\": \"nothing\"}",
                "{\"points\": " + "[".repeat(100) + "]".repeat(100) + "}", "{\"points\": [" + "[1,1],".repeat(300) + "[1,1]]}",
                "{\"scribbles\": [{\"points\": [" + "[1,1],".repeat(10_000) + "[1,1]]}]}",
                "{\"a\": \"" + "x".repeat(2 << 20) + "\"}",
                "\ufeff{}", "{\"points\": [[1,2]]} x")) {
            harmless(client.post(at, body));
        }
        harmless(client.post(at, new byte[] {'{', (byte) 0xFF, (byte) 0xFE}));
        alive();
    }

    @Test
    void mutatedPrompts() {
        Random random = new Random(1);
        byte[] seed = "{\"points\": [[200, 200, 1]], \"box\": [10, 20, 300, 400], \"several\": true, \"client\": \"me\"}"
                .getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 400; i++) {
            byte[] body = seed.clone();
            for (int k = random.nextInt(4); k >= 0; k--) {
                body[random.nextInt(body.length)] = (byte) (random.nextBoolean()
                        ? random.nextInt(256)
                        : "0123456789,[]{}\"-e. "
                                .charAt(random.nextInt(20)));
            }
            Got got = client.post("api/images/" + id + "/prompt", new String(body, StandardCharsets.ISO_8859_1));
            if (got.status() != 200) {
                harmless(got);
            }
        }
        alive();
    }

    @Test
    void wrongAddresses() {
        for (String path : List.of("api/images/0", "api/images/" + "0".repeat(32), "api/images/../../etc/passwd",
                "api/images/%2e%2e%2f", "..%2f..%2fetc/passwd", "page/index.html", "index.html%00", "api", "api/", "//", "%ff",
                "api/images/" + id + "/nothing", "a".repeat(8000), "module-info.class", "dev/kerf/serve/Server.class")) {
            harmless(client.get(path));
        }
        assertEquals(405, client.get("api/images").status());
        assertEquals("POST", client.get("api/images").raw().headers().firstValue("Allow").orElseThrow());
        harmless(client.post("api/images/" + "f".repeat(32) + "/prompt", "{\"points\": [[1,1]]}"));
        harmless(client.post("api/info", "{}"));
        alive();
    }

    /** Bytes of one's own, as they come back: the status line and all else. */
    private static String raw(String request) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port())) {
            socket.setSoTimeout(20_000);
            OutputStream out = socket.getOutputStream();
            out.write(request.getBytes(StandardCharsets.ISO_8859_1));
            out.flush();
            socket.shutdownOutput();
            return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
        } catch (SocketTimeoutException e) {
            throw new AssertionError("the server doesn't answer, nor close: " + request, e);
        } catch (IOException e) {
            // Closed in the middle of what was sent.
            return "";
        }
    }

    private static String get(String path, String... headers) throws IOException {
        return raw("GET " + path + " HTTP/1.1\r\nConnection: close\r\n" + String.join("\r\n", headers) + "\r\n\r\n");
    }

    @Test
    void whoComesFromElsewhereIsRefused() throws IOException {
        String host = "Host: 127.0.0.1:" + server.port();
        String path = "/" + token + "/api/info";
        assertTrue(get(path, host).startsWith("HTTP/1.1 200"));
        assertTrue(get("/api/info", host, "Authorization: Bearer " + token).startsWith("HTTP/1.1 200"));
        assertTrue(get(path, "Host: localhost:1234").startsWith("HTTP/1.1 200"), "a tunnel's port");
        assertTrue(get(path, host, "Origin: http://127.0.0.1:" + server.port()).startsWith("HTTP/1.1 200"));
        assertTrue(get("/health", host).contains("{\"status\":\"UP\"}"));
        assertTrue(get("/" + token, host).contains("308 "));
        for (String answer : List.of(get("/api/info", host), get("/", host), get("/metrics", host),
                get("/" + token.substring(1) + "x/api/info", host), get("/api/info", host, "Authorization: Basic " + token),
                get("/api/info", host, "Authorization: Bearer"))) {
            assertTrue(answer.startsWith("HTTP/1.1 401"), answer);
            discreet(answer);
        }
        for (String answer : List.of(get(path, "Host: kerf.example"), get(path, "Host: 127.0.0.1.nip.example"), get(path),
                get(path, "Host: 10.1.2.3"), get(path, host, "Origin: http://evil.example"), get(path, host, "Origin: null"),
                get(path, host, "Sec-Fetch-Site: cross-site"), get(path, "Host: "))) {
            assertTrue(answer.startsWith("HTTP/1.1 403"), answer);
            discreet(answer);
        }
        assertTrue(get(path, host, host).startsWith("HTTP/1.1 400"));
        String page = get("/" + token + "/", host);
        assertTrue(page.contains("script-src 'self'") && !page.contains("unsafe-inline"), page);
    }

    @Test
    void requestsThatAreNone() throws IOException {
        String host = "Host: 127.0.0.1:" + server.port() + "\r\n";
        String post = "POST /" + token + "/api/images/" + id + "/prompt HTTP/1.1\r\n" + host
                + "Content-Type: application/json\r\n";
        for (String request : List.of("", "\r\n\r\n", "GET\r\n\r\n", "\u0016\u0003\u0001\u0002\u0000", "GET / HTTP/1.1\r\n",
                "GET /%zz HTTP/1.1\r\n" + host + "\r\n", "GET http://[ HTTP/1.1\r\n" + host + "\r\n",
                post + "Content-Length: -5\r\n\r\n{}", post + "Content-Length: x\r\n\r\n{}",
                post + "Content-Length: 99999999999999999999\r\n\r\n{}", post + "Content-Length: 9223372036854775807\r\n\r\n{}",
                post + "Content-Length: 100\r\n\r\n{\"points\"", post + "Transfer-Encoding: chunked\r\n\r\nzz\r\n{}",
                post + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n{}", post + "X: " + "y".repeat(500_000) + "\r\n\r\n",
                post + "X: y\r\n".repeat(1000) + "\r\n", "GET /" + "a".repeat(500_000) + " HTTP/1.1\r\n\r\n")) {
            String answer = raw(request);
            assertTrue(answer.isEmpty() || answer.startsWith("HTTP/1.1 4"), () -> request + " → " + answer);
            discreet(answer);
        }
        alive();
    }

    /** A client that sends a byte now and then is left alone after a time, and keeps nobody waiting meanwhile. */
    @Test
    void slowClients() throws IOException, InterruptedException {
        Socket[] slow = new Socket[40];
        for (int i = 0; i < slow.length; i++) {
            slow[i] = new Socket(InetAddress.getLoopbackAddress(), server.port());
            String head = "POST /" + token + "/api/images HTTP/1.1\r\nHost: localhost\r\n";
            slow[i].getOutputStream().write((i % 2 == 0 ? head : head + "Content-Length: 1000\r\n\r\nx").getBytes());
        }
        alive();
        for (Socket s : slow) {
            s.setSoTimeout(30_000);
            // An answer or an end, but something.
            byte[] all = s.getInputStream().readAllBytes();
            assertTrue(all.length == 0 || new String(all, StandardCharsets.UTF_8).startsWith("HTTP/1.1 4"));
            s.close();
        }
        alive();
    }

    @Test
    void otherMachinesNeedALongToken() {
        assertThrows(BadInputException.class, () -> ServeOptions.of(folder).at("0.0.0.0", 0, "short"));
        assertThrows(BadInputException.class, () -> ServeOptions.of(folder).at("127.0.0.1", 70_000, "abc"));
        assertThrows(BadInputException.class, () -> ServeOptions.of(folder).at("127.0.0.1", 0, "a/b"));
        assertTrue(Stream.generate(ServeOptions::randomToken).limit(100).distinct().count() == 100);
        assertFalse(ServeOptions.of(folder).toString().contains(ServeOptions.of(folder).token()));
    }

    /** What was asked before is answered; afterwards nobody listens. */
    @Test
    void aServerThatStops() throws InterruptedException {
        Server other = Server.start(ServeOptions.of(folder), Networks.of(net));
        Client its = new Client(other);
        String path = "api/images/" + its.open("tissue-1.png") + "/prompt";
        AtomicInteger status = new AtomicInteger();
        Thread asking = Thread.ofVirtual().start(() -> status.set(its.post(path, "{\"points\": [[9, 9]]}").status()));
        while (!its.get("metrics").text().contains("kerf_serve_running 1\n") && status.get() == 0) {
            Thread.onSpinWait();
        }
        other.close();
        asking.join();
        assertEquals(200, status.get());
        other.close();
        assertThrows(UncheckedIOException.class, () -> its.get("health"));
    }
}

package dev.kerf.cli.fetch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** A server of one file on this machine, with the failures that a test wants. */
final class FileServer implements AutoCloseable {
    /** What it was asked for: the Range header, or "" where there was none. */
    final List<String> asked = new CopyOnWriteArrayList<>();
    volatile byte[] content;
    volatile String tag = "\"v1\"";
    volatile boolean ranges = true;
    /** Bytes after which the next answers end too early; none after the list's end. */
    final List<Integer> cuts = new CopyOnWriteArrayList<>();
    /** Statuses of the next answers, before all else. */
    final List<Integer> statuses = new CopyOnWriteArrayList<>();
    /** The next answers stop after half of what they promised, but stay open. */
    volatile boolean hangs;

    private final HttpServer server;
    private final ExecutorService workers = Executors.newVirtualThreadPerTaskExecutor();

    FileServer(byte[] content) {
        this.content = content;
        try {
            server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(workers);
        server.createContext("/file", this::answer);
        server.createContext("/moved", e -> {
            e.getResponseHeaders().set("Location", "/file/there");
            e.sendResponseHeaders(302, -1);
            e.close();
        });
        server.start();
    }

    String address(String path) {
        return "http://localhost:" + server.getAddress().getPort() + path;
    }

    private void answer(HttpExchange e) throws IOException {
        String range = e.getRequestHeaders().getFirst("Range");
        asked.add(range == null ? "" : range);
        if (!statuses.isEmpty()) {
            e.sendResponseHeaders(statuses.removeFirst(), -1);
            e.close();
            return;
        }
        if (tag != null) {
            e.getResponseHeaders().set("ETag", tag);
        }
        int from = 0;
        String same = e.getRequestHeaders().getFirst("If-Range");
        if (ranges && range != null && (same == null || same.equals(tag))) {
            from = Integer.parseInt(range.substring("bytes=".length(), range.length() - 1));
            if (from >= content.length) {
                e.sendResponseHeaders(416, -1);
                e.close();
                return;
            }
            e.getResponseHeaders().set("Content-Range", "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        int length = content.length - from;
        e.sendResponseHeaders(from > 0 ? 206 : 200, length);
        OutputStream out = e.getResponseBody();
        if (!cuts.isEmpty()) {
            out.write(content, from, Math.min(length, cuts.removeFirst()));
            out.flush();
            // Closing before all has been sent breaks the connection.
            e.close();
        } else if (hangs) {
            out.write(content, from, length / 2);
            out.flush();
        } else {
            out.write(content, from, length);
            e.close();
        }
    }

    @Override
    public void close() {
        server.stop(0);
        workers.shutdownNow();
    }
}

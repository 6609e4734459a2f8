package dev.kerf.cli.fetch;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A server on this machine whose answers are written byte by byte, so that they may be any nonsense. */
final class RawServer implements AutoCloseable {
    /** Writes one whole answer, head and body. */
    interface Answer {
        /**
         * @param out   to the client; the connection is closed afterwards
         * @param path  that it asks for
         * @param range its Range header, or ""
         */
        void write(OutputStream out, String path, String range) throws IOException;
    }

    /** The Range header of each request, or "". */
    final List<String> asked = new CopyOnWriteArrayList<>();
    /** The If-Range header of each request, or "". */
    final List<String> conditions = new CopyOnWriteArrayList<>();
    private final ServerSocket socket;
    private final Answer answer;

    RawServer(Answer answer) {
        this.answer = answer;
        try {
            socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Thread.ofVirtual().start(this::serve);
    }

    /** An answer that is always the same. */
    static Answer fixed(String head, byte[] body) {
        return (out, path, range) -> {
            head(out, head);
            out.write(body);
        };
    }

    /** Writes a status line and headers; lines end in {@code \n} here. */
    static void head(OutputStream out, String lines) throws IOException {
        out.write((lines.strip() + "\n\n").replace("\n", "\r\n").getBytes(StandardCharsets.ISO_8859_1));
    }

    String address(String path) {
        return "http://localhost:" + socket.getLocalPort() + path;
    }

    private void serve() {
        while (!socket.isClosed()) {
            try (Socket connection = socket.accept()) {
                BufferedReader in = new BufferedReader(
                        new InputStreamReader(connection.getInputStream(), StandardCharsets.ISO_8859_1));
                String path = in.readLine().split(" ")[1];
                String range = "";
                String condition = "";
                for (String line = in.readLine(); !line.isEmpty(); line = in.readLine()) {
                    range = line.startsWith("Range: ") ? line.substring(7) : range;
                    condition = line.startsWith("If-Range: ") ? line.substring(10) : condition;
                }
                asked.add(range);
                conditions.add(condition);
                OutputStream out = connection.getOutputStream();
                answer.write(out, path, range);
                out.flush();
            } catch (IOException e) {
                // The client left, or the server is closed: the loop's condition tells.
                continue;
            }
        }
    }

    @Override
    public void close() {
        try {
            socket.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

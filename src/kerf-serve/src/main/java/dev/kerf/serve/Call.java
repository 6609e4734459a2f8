package dev.kerf.serve;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** One request and its answer. */
final class Call {
    private static final String JSON = "application/json";
    private static final int CHUNK = 1 << 16;

    private final HttpExchange exchange;
    private final Map<String, String> path;
    private int status;

    /**
     * A request.
     *
     * @param path what stands at the places of its address that vary, by their names
     */
    Call(HttpExchange exchange, Map<String, String> path) {
        this.exchange = exchange;
        this.path = path;
    }

    /** What stands at a place of the address. */
    String path(String name) {
        return path.get(name);
    }

    /** A parameter of the query. Throws {@link Refusal} 400 if it isn't encoded as it should be. */
    Optional<String> query(String name) {
        String raw = exchange.getRequestURI().getRawQuery();
        for (String part : raw == null ? new String[0] : raw.split("&")) {
            if (part.startsWith(name + "=")) {
                try {
                    return Optional.of(URLDecoder.decode(part.substring(name.length() + 1), StandardCharsets.UTF_8));
                } catch (IllegalArgumentException e) {
                    throw new Refusal(400, "the query isn't encoded as it should be");
                }
            }
        }
        return Optional.empty();
    }

    /** A header's first line. */
    Optional<String> header(String name) {
        return Optional.ofNullable(exchange.getRequestHeaders().getFirst(name));
    }

    /** Whether the body is said to be JSON. */
    boolean isJson() {
        return header("Content-Type").filter(t -> t.split(";")[0].strip().equalsIgnoreCase(JSON)).isPresent();
    }

    /**
     * The body, of so many bytes at most.
     *
     * @throws Refusal 415 if it isn't said to be JSON, 413 if it is too long, 400 if it isn't well-formed
     */
    Json json(long most) throws IOException {
        if (!isJson()) {
            throw new Refusal(415, "the body must be of Content-Type " + JSON);
        }
        byte[] body = body(most).readNBytes((int) Math.min(most + 1, Integer.MAX_VALUE - 16));
        if (body.length > most) {
            throw new Refusal(413, "more than " + most + " bytes of JSON");
        }
        try {
            return Json.parse(body, "the request");
        } catch (BadFileException e) {
            throw new Refusal(400, e.getMessage());
        }
    }

    /** The body as it comes. Throws {@link Refusal} 413 if it is said to be longer than that. */
    InputStream body(long most) {
        long length;
        try {
            length = header("Content-Length").map(Long::parseLong).orElse(-1L);
        } catch (NumberFormatException e) {
            throw new Refusal(400, "Content-Length is no number");
        }
        if (length > most) {
            throw new Refusal(413, length + " bytes; at most " + most + " are taken");
        }
        return exchange.getRequestBody();
    }

    /** Sets a header of the answer. */
    void set(String name, String value) {
        exchange.getResponseHeaders().set(name, value);
    }

    /** Answers in JSON. */
    void answer(int code, Json json) throws IOException {
        answer(code, JSON, json.toString().getBytes(StandardCharsets.UTF_8));
    }

    /** Answers with a whole body. */
    void answer(int code, String type, byte[] body) throws IOException {
        begin(code, type, body.length == 0 ? -1 : body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }

    /** Answers with a stream of so many bytes. */
    void answer(int code, String type, InputStream body, long length) throws IOException {
        begin(code, type, length == 0 ? -1 : length);
        try (OutputStream out = exchange.getResponseBody()) {
            byte[] chunk = new byte[CHUNK];
            for (int n = body.read(chunk); n >= 0; n = body.read(chunk)) {
                out.write(chunk, 0, n);
            }
        }
    }

    /** Answers with lines of JSON, each sent when it is there. */
    OutputStream lines() throws IOException {
        begin(200, "application/x-ndjson", 0);
        return exchange.getResponseBody();
    }

    /** Answers with a body that is made while it is sent. */
    OutputStream stream(String type) throws IOException {
        begin(200, type, 0);
        return exchange.getResponseBody();
    }

    private void begin(int code, String type, long length) throws IOException {
        status = code;
        Headers h = exchange.getResponseHeaders();
        h.set("Content-Type", type);
        h.putIfAbsent("Cache-Control", List.of("no-store"));
        exchange.sendResponseHeaders(code, length);
    }

    /** What was answered; 0 if nothing was. */
    int status() {
        return status;
    }
}

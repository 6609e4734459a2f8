package dev.kerf.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.Mask;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;

/** A program that asks a server. */
final class Client {
    /** An answer. */
    record Got(int status, byte[] body, HttpResponse<byte[]> raw) {
        Json json() {
            return Json.parse(body);
        }

        String text() {
            return new String(body, StandardCharsets.UTF_8);
        }

        /** The same if it has this status. */
        Got is(int expected) {
            assertEquals(expected, status, this::text);
            return this;
        }
    }

    private final HttpClient http = HttpClient.newHttpClient();
    private final String base;

    Client(Server server) {
        base = server.url();
    }

    Got get(String path) {
        return send(HttpRequest.newBuilder(URI.create(base + path)));
    }

    Got post(String path, String json) {
        return send(HttpRequest.newBuilder(URI.create(base + path)).header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(json)));
    }

    Got post(String path, byte[] body) {
        return send(HttpRequest.newBuilder(URI.create(base + path)).POST(BodyPublishers.ofByteArray(body)));
    }

    Got send(HttpRequest.Builder request) {
        try {
            HttpResponse<byte[]> r = http.send(request.build(), BodyHandlers.ofByteArray());
            return new Got(r.statusCode(), r.body(), r);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Opens a picture of the folder; its id. */
    String open(String path) {
        return post("api/images", Json.object().put("path", path).toString()).is(201).json().at("id").asString();
    }

    /** A mask of an answer. */
    static Mask mask(Json mask) {
        Json size = mask.at("segmentation").at("size");
        return Coco.mask(mask.at("segmentation"), size.at(1).asInt(), size.at(0).asInt()).decode();
    }
}

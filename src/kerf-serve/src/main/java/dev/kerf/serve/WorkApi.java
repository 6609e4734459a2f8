package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.serve.export.Drawing;
import dev.kerf.serve.export.Export;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.zip.CRC32;

/** What was drawn over a picture: kept on disk, and made into files for other programs. */
final class WorkApi {
    /** Large requests that are in memory at once. */
    private static final int AT_ONCE = 4;
    private static final double MOST_TOLERANCE = 100;

    private final ServeOptions options;
    private final ImageStore store;
    private final WorkQueue queue;
    private final Semaphore room = new Semaphore(AT_ONCE);

    WorkApi(ServeOptions options, ImageStore store, WorkQueue queue) {
        this.options = options;
        this.store = store;
        this.queue = queue;
    }

    List<Route> routes() {
        return List.of(new Route("GET", "/api/images/{id}/work", this::get),
                new Route("PUT", "/api/images/{id}/work", this::put),
                new Route("POST", "/api/images/{id}/export", this::export));
    }

    private Path file(Original o) {
        return options.work().resolve("work").resolve(o.id() + ".json");
    }

    private Optional<byte[]> read(Original o) throws IOException {
        Path file = file(o);
        return Files.exists(file) ? Optional.of(Files.readAllBytes(file)) : Optional.empty();
    }

    /** Changes with the content; none is written by somebody who wants two to be equal. */
    private static String tag(byte[] content) {
        CRC32 sum = new CRC32();
        sum.update(content);
        return String.format("\"%d-%08x\"", content.length, sum.getValue());
    }

    private void get(Call call) throws IOException {
        Optional<byte[]> content = read(store.original(call.path("id")));
        content.ifPresent(c -> call.set("ETag", tag(c)));
        call.answer(content.isPresent() ? 200 : 204, "application/json", content.orElse(new byte[0]));
    }

    /** Who writes says what it knew, so that nobody's work is lost in silence. */
    private void put(Call call) throws IOException {
        Original o = store.original(call.path("id"));
        Optional<String> match = call.header("If-Match");
        if (match.isEmpty() && call.header("If-None-Match").filter("*"::equals).isEmpty()) {
            throw new Refusal(428, "say by If-Match which version this is to replace, or by 'If-None-Match: *' that it is the"
                    + " first");
        }
        Json json = large(call);
        Drawing.of(json, o.width(), o.height());
        byte[] content = json.put("picture", Json.object().put("name", o.name()).put("width", o.width()).put("height",
                o.height())).toString().getBytes(StandardCharsets.UTF_8);
        synchronized (this) {
            String there = read(o).map(WorkApi::tag).orElse("");
            if (!there.equals(match.orElse("")) && !match.equals(Optional.of("*"))) {
                throw new Refusal(412, "somebody else drew over this picture meanwhile");
            }
            Files.createDirectories(file(o).getParent());
            AtomicFile.write(file(o), content);
        }
        call.set("ETag", tag(content));
        call.answer(200, Json.object().put("saved", true));
    }

    private Json large(Call call) throws IOException {
        if (!room.tryAcquire()) {
            throw new Refusal(429, "too many drawings are being sent", 1);
        }
        try {
            return call.json(options.limits().jsonBytes());
        } finally {
            room.release();
        }
    }

    private void export(Call call) throws IOException {
        Original o = store.original(call.path("id"));
        Json json = large(call);
        PromptReader.only(json, Set.of("format", "objects", "tolerance"));
        Export format = format(json.at("format").asString());
        double tolerance = json.find("tolerance").map(Json::asDouble).orElse(1.0);
        if (!(tolerance >= 0 && tolerance <= MOST_TOLERANCE)) {
            throw new BadInputException("tolerance " + tolerance + ": 0 to " + MOST_TOLERANCE + " pixels");
        }
        Drawing drawing = Drawing.of(json, o.width(), o.height());
        byte[] made = queue.call(Limit.within(options.limits().task()),
                () -> store.use(o.id(), held -> format.of(o.name(), held.pixels(), drawing, tolerance)));
        call.answer(200, format.type(), made);
    }

    private static Export format(String name) {
        for (Export e : Export.values()) {
            if (e.name().toLowerCase(Locale.ROOT).equals(name)) {
                return e;
            }
        }
        throw new BadInputException("format '" + name + "': coco, labels, masks, geojson, overlay or cutout");
    }
}

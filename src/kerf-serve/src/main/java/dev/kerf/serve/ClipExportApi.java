package dev.kerf.serve;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.serve.export.ClipExport;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Semaphore;

/** A video's masks for other programs, frame by frame, so that no more than one is in memory. */
final class ClipExportApi {
    private static final long BYTES = 1L << 16;
    private static final int AT_ONCE = 2;

    private final ServeOptions options;
    private final ClipStore clips;
    private final Semaphore room = new Semaphore(AT_ONCE);

    ClipExportApi(ServeOptions options, ClipStore clips) {
        this.options = options;
        this.clips = clips;
    }

    List<Route> routes() {
        return List.of(new Route("POST", "/api/videos/{id}/export", this::export));
    }

    private void export(Call call) throws IOException {
        Clip clip = clips.clip(call.path("id"));
        Json json = call.json(BYTES);
        PromptReader.only(json, Set.of("format"));
        ClipExport format = format(json.at("format").asString());
        if (!room.tryAcquire()) {
            throw new Refusal(429, "too many exports are being made", 2);
        }
        Path file = options.work().resolve(".export-" + UUID.randomUUID() + "." + format.ending());
        try {
            Files.createDirectories(options.work());
            clips.use(clip.id(), session -> {
                format.write(file, session, new ClipExport.Of(clip.width(), clip.height(), clip.frames(), clip.rate()));
                return true;
            });
            try (InputStream in = Files.newInputStream(file)) {
                call.answer(200, format.type(), in, Files.size(file));
            }
        } catch (BadFileException e) {
            throw Clip.unreadable(e, clip.path(), clip.name());
        } finally {
            room.release();
            Files.deleteIfExists(file);
        }
    }

    private static ClipExport format(String name) {
        for (ClipExport e : ClipExport.values()) {
            if (e.name().toLowerCase(Locale.ROOT).equals(name)) {
                return e;
            }
        }
        throw new BadInputException("format '" + name + "': coco, labels, masks or overlay");
    }
}

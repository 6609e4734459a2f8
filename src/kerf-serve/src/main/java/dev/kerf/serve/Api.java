package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.json.Json;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.serve.WorkQueue.Ticket;
import dev.kerf.serve.look.Answer;
import dev.kerf.serve.look.Looked;
import dev.kerf.serve.look.Prompts;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** What is answered of pictures: they are opened, looked at and asked. */
final class Api {
    /** Of a prompt, of which logits to refine are the most. */
    private static final long PROMPT_BYTES = 1L << 20;

    private final ServeOptions options;
    private final Folder folder;
    private final Uploads uploads;
    private final ImageStore store;
    private final WorkQueue prompts;
    private final Hovers hovers = new Hovers();
    private final Tasks tasks;

    Api(ServeOptions options, Folder folder, Uploads uploads, ImageStore store, WorkQueue prompts, Tasks tasks) {
        this.options = options;
        this.folder = folder;
        this.uploads = uploads;
        this.store = store;
        this.prompts = prompts;
        this.tasks = tasks;
    }

    List<Route> routes() {
        return List.of(new Route("GET", "/api/files", this::files),
                new Route("POST", "/api/images", this::open),
                new Route("GET", "/api/images/{id}", c -> c.answer(200, state(original(c)))),
                new Route("GET", "/api/images/{id}/picture", this::picture),
                new Route("POST", "/api/images/{id}/look", this::look),
                new Route("POST", "/api/images/{id}/prompt", this::prompt));
    }

    /** The picture that a call's address names. */
    Original original(Call call) {
        return store.original(call.path("id"));
    }

    private void files(Call call) throws IOException {
        Json paths = Json.array();
        folder.files().forEach(paths::add);
        Json sent = Json.array();
        uploads.files().forEach(sent::add);
        Json videos = Json.array();
        folder.videos().forEach(videos::add);
        Json sentVideos = Json.array();
        uploads.videos().forEach(sentVideos::add);
        call.answer(200, Json.object().put("folder", folder.name()).put("files", paths).put("uploads", sent)
                .put("videos", videos).put("video_uploads", sentVideos));
    }

    /** By a path in the folder, by the name that it was sent with, or from the body. */
    private void open(Call call) throws IOException {
        Original opened;
        if (call.isJson()) {
            Json json = call.json(PROMPT_BYTES);
            PromptReader.only(json, Set.of("path", "upload"));
            if (json.size() != 1) {
                throw new BadInputException("say which picture: 'path' in the folder, or 'upload'");
            }
            boolean sent = json.find("upload").isPresent();
            String name = json.at(sent ? "upload" : "path").asString();
            Path file = sent ? uploads.file(name) : folder.file(name);
            opened = Original.of(Original.id(file), file, name, sent, options.limits().pixels());
        } else {
            opened = uploads.take(call.body(options.limits().uploadBytes()), call.query("name").orElse(""));
        }
        store.add(opened);
        call.set("Location", "api/images/" + opened.id());
        call.answer(201, state(opened));
    }

    private Json state(Original o) {
        Json json = Json.object().put("id", o.id()).put("name", o.name()).put("width", o.width()).put("height", o.height())
                .put("upload", o.sent());
        Held held = store.peek(o.id()).orElse(null);
        long looking = held == null ? 0 : held.lookingFor();
        String state = held != null && held.ready() ? "ready" : looking > 0 ? "looking" : "known";
        json.put("state", state);
        if (looking > 0) {
            json.put("looking_ms", TimeUnit.NANOSECONDS.toMillis(looking));
        }
        json.put("look_ms", store.lookMillis());
        Tasks.Task task = tasks.of(o.id());
        if (task != null) {
            json.put("task", Json.object().put("kind", task.kind()).put("percent", task.percent()));
        }
        return json;
    }

    /** As it is if every browser shows it, and as PNG of 8 bits otherwise. */
    private void picture(Call call) throws IOException {
        Original o = original(call);
        call.set("Cache-Control", "private, max-age=86400, immutable");
        if (o.type() == FileType.JPEG || o.type() == FileType.PNG) {
            try (InputStream in = Files.newInputStream(o.file())) {
                call.answer(200, o.type() == FileType.PNG ? "image/png" : "image/jpeg", in, Files.size(o.file()));
            }
            return;
        }
        byte[] png = prompts.call(Limit.within(options.limits().answer()),
                () -> store.use(o.id(), held -> shown(held.pixels()).toPng()));
        call.answer(200, "image/png", png);
    }

    private static Image shown(Image pixels) {
        return pixels.toRgb8();
    }

    private void look(Call call) throws IOException {
        Original o = original(call);
        // However long the network takes: who waits sees how far it is.
        prompts.call(Limit.within(options.limits().task()), () -> store.use(o.id(), store::look));
        call.answer(200, state(o));
    }

    private void prompt(Call call) throws IOException {
        Original o = original(call);
        PromptReader asked = PromptReader.of(call.json(PROMPT_BYTES));
        Prompts.check(asked.refine().isPresent() ? refining(o, asked) : asked.prompt(), o.width(), o.height());
        Ticket ticket = new Ticket(Limit.within(asked.within(options.limits().answer())));
        if (!asked.hover()) {
            call.answer(200, prompts.call(ticket, () -> store.use(o.id(), held -> answer(held, asked))));
            return;
        }
        if (store.peek(o.id()).filter(Held::ready).isEmpty()) {
            throw new Refusal(409, "the picture isn't looked at yet: POST look, or a prompt that isn't a hover");
        }
        call.answer(200, hovers.newest(asked.client() + " " + o.id(), ticket,
                () -> prompts.call(ticket, () -> store.use(o.id(), held -> answer(held, asked)))));
    }

    private Prompt refining(Original o, PromptReader asked) {
        return store.peek(o.id()).flatMap(held -> held.kept(asked.refine().orElseThrow()))
                .map(asked.prompt()::refining)
                .orElseThrow(() -> new Refusal(410, "the answer to refine is kept no longer: ask without 'refine'"));
    }

    private Json answer(Held held, PromptReader asked) {
        Prompt prompt = asked.refine().isPresent() ? refining(held.original(), asked) : asked.prompt();
        Looked looked = store.look(held);
        Json masks = Json.array();
        if (asked.hover()) {
            return Json.object().put("masks", masks.add(looked.hover(prompt, asked.several()).toJson()));
        }
        for (Answer a : looked.answer(prompt, asked.several())) {
            Json json = a.toJson();
            held.keep(a).ifPresent(name -> json.put("id", name));
            masks.add(json);
        }
        return Json.object().put("masks", masks);
    }
}

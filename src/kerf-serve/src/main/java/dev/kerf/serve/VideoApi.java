package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.serve.WorkQueue.Ticket;
import dev.kerf.serve.clip.ClipSession;
import dev.kerf.serve.clip.ClipWork;
import dev.kerf.serve.clip.Found;
import dev.kerf.serve.clip.Shown;
import dev.kerf.serve.look.Prompts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Function;

/** What is answered of videos: they are opened, their frames are given out, and objects are shown in them. */
final class VideoApi {
    private static final long PROMPT_BYTES = 1L << 20;
    /** Of what shows an object, what is a prompt. */
    private static final Set<String> PROMPT = Set.of("points", "box", "scribbles");
    /** Videos that are read to the end at once, to count their frames, and frames that are made PNGs. */
    private static final int OPENED_AT_ONCE = 2;
    private static final int SHOWN_AT_ONCE = 4;

    private final ServeOptions options;
    private final Networks networks;
    private final Folder folder;
    private final Uploads uploads;
    private final ClipStore clips;
    private final WorkQueue queue;
    private final Tasks tasks;
    private final Hovers hovers = new Hovers();
    private final Semaphore opening = new Semaphore(OPENED_AT_ONCE);
    private final Semaphore showing = new Semaphore(SHOWN_AT_ONCE);

    VideoApi(ServeOptions options, Networks networks, Folder folder, Uploads uploads, ClipStore clips, WorkQueue queue,
            Tasks tasks) {
        this.options = options;
        this.networks = networks;
        this.folder = folder;
        this.uploads = uploads;
        this.clips = clips;
        this.queue = queue;
        this.tasks = tasks;
    }

    List<Route> routes() {
        return List.of(new Route("POST", "/api/videos", this::open),
                new Route("GET", "/api/videos/{id}", c -> c.answer(200, state(clips.clip(c.path("id"))))),
                new Route("GET", "/api/videos/{id}/frames/{frame}", this::frame),
                new Route("GET", "/api/videos/{id}/frames/{frame}/masks", this::masks),
                new Route("GET", "/api/videos/{id}/track", c -> track(c, 200)),
                new Route("POST", "/api/videos/{id}/prompt", this::prompt),
                new Route("PUT", "/api/videos/{id}/objects/{object}", this::describe),
                new Route("DELETE", "/api/videos/{id}/objects/{object}", this::remove),
                new Route("DELETE", "/api/videos/{id}/objects/{object}/prompts/{frame}", this::hide));
    }

    /** Refuses what takes SAM 2 where there is none. */
    static void requireTracker(Networks networks) {
        if (networks.tracker() == null) {
            throw new Refusal(404, "that takes weights of SAM 2, 2.1 or EdgeTAM: kerf weights fetch sam2.1-tiny, then"
                    + " kerf serve --weights sam2.1-tiny");
        }
    }

    /** What shows an object in a frame, from what is kept of it. */
    static Shown shown(Json json, Clip clip) {
        Optional<Json> drawn = json.find("segmentation");
        if (drawn.isPresent()) {
            PromptReader.only(json, Set.of("segmentation"));
            return new Shown(json, new Prompt(List.of(), null, null),
                    Optional.of(Coco.mask(drawn.get(), clip.width(), clip.height())));
        }
        PromptReader.only(json, PROMPT);
        Prompt prompt = PromptReader.of(json).prompt();
        Prompts.check(prompt, clip.width(), clip.height());
        return new Shown(json, prompt, Optional.empty());
    }

    private void open(Call call) throws IOException {
        if (!opening.tryAcquire()) {
            throw new Refusal(429, "too many videos are being opened", 2);
        }
        Clip opened;
        try {
            if (call.isJson()) {
                Json json = call.json(PROMPT_BYTES);
                PromptReader.only(json, Set.of("path", "upload"));
                if (json.size() != 1) {
                    throw new BadInputException("say which video: 'path' in the folder, or 'upload'");
                }
                boolean sent = json.find("upload").isPresent();
                String name = json.at(sent ? "upload" : "path").asString();
                Path path = sent ? uploads.file(name) : folder.video(name);
                String id = Files.isDirectory(path) ? Clip.id(path) : Original.id(path);
                Clip known = clips.find(id, path);
                opened = known != null ? known : Clip.of(id, path, name, sent, options.limits().pixels());
            } else {
                opened = uploads.takeVideo(call.body(options.limits().disk()), call.query("name").orElse(""));
            }
        } finally {
            opening.release();
        }
        clips.add(opened);
        call.set("Location", "api/videos/" + opened.id());
        call.answer(201, state(opened));
    }

    private Json state(Clip clip) {
        Json json = clip.toJson();
        Tasks.Task task = tasks.of(clip.id());
        if (task != null) {
            json.put("task", Json.object().put("kind", task.kind()).put("percent", task.percent()));
        }
        return json;
    }

    /** A number of the address. Throws {@link Refusal} 404 if it is none below the most. */
    private static int number(Call call, String name, int most) {
        String text = call.path(name);
        int n = text.matches("\\d{1,9}") ? Integer.parseInt(text) : Integer.MAX_VALUE;
        if (n >= most) {
            throw new Refusal(404, "there is no " + name + " of this number");
        }
        return n;
    }

    private static int object(Call call) {
        return number(call, "object", Integer.MAX_VALUE);
    }

    /** Uses a video's session; what is wrong with its file is told by the name that clients know. */
    private <T> T use(Clip clip, Function<ClipSession, T> work) {
        try {
            return clips.use(clip.id(), work);
        } catch (BadFileException e) {
            throw Clip.unreadable(e, clip.path(), clip.name());
        }
    }

    private void frame(Call call) throws IOException {
        Clip clip = clips.clip(call.path("id"));
        int frame = number(call, "frame", clip.frames());
        String type = call.query("type").orElse("png");
        if (!type.equals("png") && !type.equals("bmp")) {
            throw new BadInputException("type '" + (type.length() > 8 ? type.substring(0, 8) : type) + "': png or bmp");
        }
        byte[] file;
        try {
            if (!showing.tryAcquire(options.limits().answer().toMillis(), TimeUnit.MILLISECONDS)) {
                throw new Refusal(429, "too many frames are asked for", 1);
            }
        } catch (InterruptedException e) {
            throw new Refusal(503, "the server is stopping", 1);
        }
        try {
            Image image = use(clip, s -> s.frame(frame).image()).toRgb8();
            file = type.equals("png") ? image.toPng() : Bmp.of(image);
        } finally {
            showing.release();
        }
        call.set("Cache-Control", "private, max-age=86400, immutable");
        call.answer(200, "image/" + type, file);
    }

    private void masks(Call call) throws IOException {
        Clip clip = clips.clip(call.path("id"));
        int frame = number(call, "frame", clip.frames());
        Json objects = Json.array();
        use(clip, s -> s.work().found(frame)).forEach(f -> objects.add(f.toJson()));
        call.answer(200, Json.object().put("frame", frame).put("objects", objects));
    }

    private void track(Call call, int status) throws IOException {
        Clip clip = clips.clip(call.path("id"));
        call.answer(status, use(clip, s -> s.work().toJson()));
    }

    /** Refuses a change of a work that isn't the one that the client knows, if it says which it knows. */
    private static void match(Call call, ClipSession session) {
        call.header("If-Match").ifPresent(known -> {
            if (!known.equals("\"" + session.work().version() + "\"")) {
                throw new Refusal(412, "somebody else changed this video's objects meanwhile");
            }
        });
    }

    private void prompt(Call call) throws IOException {
        requireTracker(networks);
        Clip clip = clips.clip(call.path("id"));
        Json json = call.json(options.limits().jsonBytes());
        PromptReader.only(json, Set.of("frame", "object", "points", "box", "scribbles", "segmentation", "hover", "client",
                "deadline_ms"));
        int frame = json.at("frame").asInt();
        int object = json.at("object").asInt();
        if (frame < 0 || frame >= clip.frames()) {
            throw new BadInputException("frame " + frame + " of " + clip.frames() + ", from 0");
        }
        if (object < 1 || object > ClipWork.MOST_OBJECTS) {
            throw new BadInputException("object " + object + ": numbers go from 1 to " + ClipWork.MOST_OBJECTS);
        }
        Json shows = Json.object();
        for (String member : List.of("points", "box", "scribbles", "segmentation")) {
            json.find(member).ifPresent(v -> shows.put(member, v));
        }
        Shown shown = shown(shows, clip);
        Json rest = Json.object();
        for (String member : List.of("hover", "client", "deadline_ms")) {
            json.find(member).ifPresent(v -> rest.put(member, v));
        }
        PromptReader asked = PromptReader.of(rest);
        Ticket ticket = new Ticket(Limit.within(asked.within(options.limits().answer())));
        if (asked.hover()) {
            if (shown.mask().isPresent()) {
                throw new BadInputException("pixels need no hover: they are what they are");
            }
            Found found = hovers.newest(asked.client() + " " + clip.id(), ticket,
                    () -> queue.call(ticket, () -> use(clip, s -> s.preview(frame, object, shown))));
            if (found == null) {
                throw new Refusal(409, "objects are being followed through this video: no hover meanwhile");
            }
            call.answer(200, Json.object().put("mask", found.toJson()));
            return;
        }
        call.answer(200, queue.call(ticket, () -> use(clip, s -> {
            match(call, s);
            return Json.object().put("mask", s.show(frame, object, shown).toJson()).put("version", s.work().version());
        })));
    }

    private void describe(Call call) throws IOException {
        Clip clip = clips.clip(call.path("id"));
        int object = object(call);
        Json json = call.json(PROMPT_BYTES);
        PromptReader.only(json, Set.of("name", "colour"));
        String name = json.at("name").asString();
        String colour = json.at("colour").asString();
        call.answer(200, use(clip, s -> {
            match(call, s);
            s.work().describe(object, name, colour);
            return s.work().toJson();
        }));
    }

    /** All of an object, or from a frame on. */
    private void remove(Call call) throws IOException {
        Clip clip = clips.clip(call.path("id"));
        int object = object(call);
        Optional<String> from = call.query("from");
        int frame = from.filter(f -> f.matches("\\d{1,9}")).map(Integer::parseInt).orElse(-1);
        if (from.isPresent() && (frame < 0 || frame >= clip.frames())) {
            throw new BadInputException("from: no frame of this number");
        }
        change(call, clip, s -> {
            if (from.isPresent()) {
                s.end(object, frame);
            } else {
                s.remove(object);
            }
        });
    }

    private void hide(Call call) throws IOException {
        Clip clip = clips.clip(call.path("id"));
        int object = object(call);
        int frame = number(call, "frame", clip.frames());
        change(call, clip, s -> s.hide(frame, object));
    }

    /** Something that the tracker has to be told. */
    private void change(Call call, Clip clip, Consumer<ClipSession> work) throws IOException {
        call.answer(200, queue.call(Limit.within(options.limits().task()), () -> use(clip, s -> {
            match(call, s);
            work.accept(s);
            return s.work().toJson();
        })));
    }
}

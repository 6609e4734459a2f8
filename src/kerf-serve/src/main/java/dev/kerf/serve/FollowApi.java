package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadInputException;
import dev.kerf.error.CancelledException;
import dev.kerf.error.KerfException;
import dev.kerf.json.Json;
import dev.kerf.serve.WorkQueue.Ticket;
import dev.kerf.serve.clip.Found;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Objects are followed through a video, and each frame's masks are sent when they are there. A frame is one piece of work in the
 * queue: others' come in between, and so does what the client corrects meanwhile. Whoever reads slowly is waited for, so that nothing
 * piles up; where the client goes away it ends. What was found is kept.
 */
final class FollowApi {
    private static final long BYTES = 1L << 16;
    private static final int PATIENCE_MS = 200;

    private final ServeOptions options;
    private final Networks networks;
    private final ClipStore clips;
    private final WorkQueue queue;
    private final Tasks tasks;

    FollowApi(ServeOptions options, Networks networks, ClipStore clips, WorkQueue queue, Tasks tasks) {
        this.options = options;
        this.networks = networks;
        this.clips = clips;
        this.queue = queue;
        this.tasks = tasks;
    }

    List<Route> routes() {
        return List.of(new Route("POST", "/api/videos/{id}/propagate", this::propagate),
                new Route("DELETE", "/api/videos/{id}/task", this::cancel));
    }

    /** A frame to come to, and from which side. */
    private record Step(int frame, boolean backward) {}

    private void propagate(Call call) throws IOException {
        VideoApi.requireTracker(networks);
        Clip clip = clips.clip(call.path("id"));
        Json json = call.json(BYTES);
        PromptReader.only(json, Set.of("start", "count", "direction", "objects"));
        List<Step> steps = steps(json, clip.frames());
        Optional<Set<Integer>> some = json.find("objects")
                .map(o -> o.items().stream().map(Json::asInt).collect(Collectors.toSet()));
        Tasks.Task task = Tasks.of("propagate", new Ticket(Limit.untilCancelled()));
        try {
            tasks.run(clip.id(), task, () -> {
                follow(call, clip, steps, some, task);
                return true;
            });
        } catch (UncheckedIOException e) {
            throw e.getCause();
        }
    }

    /** From the first frame backward and then forward, as {@code kerf track --backward} goes. */
    private static List<Step> steps(Json json, int frames) {
        int start = json.at("start").asInt();
        int count = json.find("count").map(Json::asInt).orElse(frames);
        if (start < 0 || start >= frames || count < 1) {
            throw new BadInputException("follow " + count + " frames from frame " + start + " of " + frames);
        }
        String direction = json.find("direction").map(Json::asString).orElse("forward");
        if (!Set.of("forward", "backward", "both").contains(direction)) {
            throw new BadInputException("direction '" + direction + "': forward, backward or both");
        }
        List<Step> steps = new ArrayList<>();
        if (!direction.equals("forward")) {
            IntStream.rangeClosed(0, Math.min(count - 1, start)).forEach(i -> steps.add(new Step(start - i, true)));
        }
        if (!direction.equals("backward")) {
            IntStream.range(start, (int) Math.min(frames, (long) start + count)).forEach(t -> steps.add(new Step(t, false)));
        }
        return steps;
    }

    private void follow(Call call, Clip clip, List<Step> steps, Optional<Set<Integer>> some, Tasks.Task task) {
        OutputStream out = null;
        Json end = Json.object().put("end", "done");
        try {
            for (int i = 0; i < steps.size(); i++) {
                Step step = steps.get(i);
                List<Found> found = one(clip, step, some, task, out != null);
                task.percent(100 * (i + 1) / steps.size());
                if (found.isEmpty() && i == 0) {
                    throw new BadInputException("there is no object to follow: show one in a frame first");
                }
                if (!found.isEmpty()) {
                    out = out == null ? call.lines() : out;
                    Json objects = Json.array();
                    found.forEach(f -> objects.add(f.toJson()));
                    OutputStream to = out;
                    task.write(() -> line(to, Json.object().put("frame", step.frame).put("percent", task.percent())
                            .put("objects", objects)));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (CancelledException e) {
            end = Json.object().put("end", "cancelled");
            if (out == null) {
                throw e;
            }
        } catch (KerfException | Refusal e) {
            end = Json.object().put("end", "failed").put("error", e.getMessage().replace(clip.path().toString(), clip.name()));
            if (out == null) {
                throw e;
            }
        }
        try {
            line(out, end);
            out.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void line(OutputStream out, Json json) throws IOException {
        out.write((json + "\n").getBytes(StandardCharsets.UTF_8));
        out.flush();
    }

    /** Follows into one frame when its turn comes; once begun it waits for room in the queue. */
    private List<Found> one(Clip clip, Step step, Optional<Set<Integer>> some, Tasks.Task task, boolean begun) {
        while (true) {
            Ticket ticket = new Ticket(Limit.within(options.limits().task()));
            task.next(ticket);
            try {
                return queue.call(ticket, () -> clips.use(clip.id(),
                        s -> s.follow(some.orElseGet(() -> s.work().objects()), step.frame, step.backward)));
            } catch (Refusal full) {
                if (full.status() != 429 || !begun) {
                    throw full;
                }
                pause();
            }
        }
    }

    private static void pause() {
        try {
            Thread.sleep(PATIENCE_MS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancelledException("the server is stopping");
        }
    }

    private void cancel(Call call) throws IOException {
        call.answer(200, Json.object().put("cancelled", tasks.cancel(clips.clip(call.path("id")).id())));
    }
}

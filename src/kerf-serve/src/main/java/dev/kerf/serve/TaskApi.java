package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.RunLength;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.UNet;
import dev.kerf.serve.WorkQueue.Ticket;
import dev.kerf.serve.look.Answer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.function.BiFunction;

/** What takes long: everything in a picture, its classes, its things. */
final class TaskApi {
    private static final long BYTES = 1L << 16;
    private static final int SIDE = 32;
    private static final int MOST_SIDE = 64;

    private final ServeOptions options;
    private final Networks networks;
    private final ImageStore store;
    private final WorkQueue queue;
    private final Tasks tasks;

    TaskApi(ServeOptions options, Networks networks, ImageStore store, WorkQueue queue, Tasks tasks) {
        this.options = options;
        this.networks = networks;
        this.store = store;
        this.queue = queue;
        this.tasks = tasks;
    }

    List<Route> routes() {
        return List.of(new Route("POST", "/api/images/{id}/everything", this::everything),
                new Route("POST", "/api/images/{id}/segment", this::segment),
                new Route("POST", "/api/images/{id}/detect", this::detect),
                new Route("POST", "/api/images/{id}/panoptic", this::panoptic),
                new Route("DELETE", "/api/images/{id}/task", this::cancel));
    }

    /** What of it the loaded networks can do. */
    List<String> kinds() {
        List<String> kinds = new ArrayList<>(List.of("everything"));
        networks.unet().ifPresent(_ -> kinds.add("segment"));
        networks.rcnn().ifPresent(net -> {
            kinds.add("detect");
            if (net.isPanoptic()) {
                kinds.add("panoptic");
            }
        });
        return kinds;
    }

    private void everything(Call call) throws IOException {
        Json json = call.json(BYTES);
        PromptReader.only(json, Set.of("points_per_side"));
        int side = json.find("points_per_side").map(Json::asInt).orElse(SIDE);
        if (side < 1 || side > MOST_SIDE) {
            throw new BadInputException("points_per_side " + side + ": 1 to " + MOST_SIDE);
        }
        answer(call, "everything", (held, task) -> store.look(held).everything(held.pixels(), side, task::percent));
    }

    private void segment(Call call) throws IOException {
        UNet net = networks.unet().orElseThrow(() -> absent("a U-Net"));
        PromptReader.only(call.json(BYTES), Set.of());
        answer(call, "segment", (held, _) -> {
            Segmentation found = net.segment(held.pixels(), SegmentOptions.of());
            LabelMap labels = found.labels();
            List<Answer> classes = new ArrayList<>();
            long[] counts = labels.counts(found.classNames().size());
            for (int c = 0; c < counts.length; c++) {
                if (counts[c] > 0) {
                    classes.add(Answer.of(RunLength.encode(labels.mask(c)), OptionalDouble.empty(), found.classNames().get(c)));
                }
            }
            return classes;
        });
    }

    private void detect(Call call) throws IOException {
        MaskRcnn net = networks.rcnn().orElseThrow(() -> absent("a Mask R-CNN"));
        DetectOptions asked = detection(call);
        answer(call, "detect", (held, _) -> {
            Instances found = net.detect(held.pixels(), asked).byScore();
            return found.items().stream()
                    .map(i -> Answer.of(i.mask(), OptionalDouble.of(i.score()), net.className(i.category()))).toList();
        });
    }

    private void panoptic(Call call) throws IOException {
        MaskRcnn net = networks.rcnn().filter(MaskRcnn::isPanoptic).orElseThrow(() -> absent("a Panoptic FPN"));
        DetectOptions asked = detection(call);
        answer(call, "panoptic", (held, _) -> {
            Image picture = held.pixels();
            Panoptic found = net.panoptic(picture, asked, Panoptic.Merge.DEFAULT);
            return found.segments().stream().map(s -> Answer.of(RunLength.encode(found.mask(s.id())), OptionalDouble.empty(),
                    net.className(s.category()))).toList();
        });
    }

    private static DetectOptions detection(Call call) throws IOException {
        Json json = call.json(BYTES);
        PromptReader.only(json, Set.of("score"));
        DetectOptions usual = DetectOptions.of();
        return json.find("score").map(s -> usual.score((float) s.asDouble())).orElse(usual);
    }

    private static Refusal absent(String network) {
        return new Refusal(404, "that takes weights of " + network + ": kerf serve --weights FILE");
    }

    private void answer(Call call, String kind, BiFunction<Held, Tasks.Task, List<Answer>> work) throws IOException {
        String id = store.original(call.path("id")).id();
        Ticket ticket = new Ticket(Limit.within(options.limits().task()));
        Tasks.Task task = Tasks.of(kind, ticket);
        Json masks = Json.array();
        tasks.run(id, task, () -> queue.call(ticket, () -> store.use(id, held -> work.apply(held, task))))
                .forEach(a -> masks.add(a.toJson()));
        call.answer(200, Json.object().put("masks", masks));
    }

    private void cancel(Call call) throws IOException {
        String id = store.original(call.path("id")).id();
        call.answer(200, Json.object().put("cancelled", tasks.cancel(id)));
    }
}

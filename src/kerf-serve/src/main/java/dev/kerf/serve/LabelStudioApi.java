package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.formats.BrushRle;
import dev.kerf.formats.GeoJson;
import dev.kerf.serve.look.Answer;
import dev.kerf.serve.look.Pointer;
import dev.kerf.serve.look.Prompts;
import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Label Studio's protocol for ML backends, as its examples with SAM speak it: connect the page's address as a model, with
 * interactive preannotations. Smart key points and rectangles are answered with a brush's mask, or polygons where the
 * project has no brush. Pictures are those of the folder: a path is looked for there from its longest end on; nothing is fetched from
 * elsewhere.
 */
final class LabelStudioApi {
    private static final String DATA = ";base64,";
    private static final double TOLERANCE = 1;

    private final ServeOptions options;
    private final Pointer pointer;
    private final Folder folder;
    private final ImageStore store;
    private final WorkQueue prompts;
    private final Passing passing;

    LabelStudioApi(ServeOptions options, Pointer pointer, Folder folder, ImageStore store, WorkQueue prompts, Passing passing) {
        this.options = options;
        this.pointer = pointer;
        this.folder = folder;
        this.store = store;
        this.prompts = prompts;
        this.passing = passing;
    }

    List<Route> routes() {
        return List.of(
                new Route("POST", "/setup", c -> c.answer(200, Json.object().put("model_version", pointer.name()))),
                new Route("POST", "/predict", this::predict),
                new Route("POST", "/webhook", c -> c.answer(201, Json.object())));
    }

    private void predict(Call call) throws IOException {
        Json json = passing.request(call);
        Json results = Json.array();
        Json shown = json.find("params").filter(Json::isObject).flatMap(p -> p.find("context"))
                .or(() -> json.find("context")).filter(Json::isObject).flatMap(c -> c.find("result")).orElse(Json.array());
        if (shown.size() > 0) {
            LabelConfig config = LabelConfig.of(json.at("label_config").asString());
            Json data = json.at("tasks").at(0).at("data");
            Original picture = picture(data.at(config.data()).asString());
            Prompt prompt = prompt(shown, picture);
            Prompts.check(prompt, picture.width(), picture.height());
            Answer answer = prompts.call(Limit.within(options.limits().answer()),
                    () -> store.use(picture.id(), held -> store.look(held).answer(prompt, true))).getFirst();
            results.add(Json.object().put("model_version", pointer.name()).put("score", answer.iou().orElse(1))
                    .put("result", result(config, label(shown), picture, answer)));
        }
        call.answer(200, Json.object().put("results", results).put("model_version", pointer.name()));
    }

    private Original picture(String url) throws IOException {
        int data = url.indexOf(DATA);
        if (url.startsWith("data:") && data > 0) {
            return passing.take(url.substring(data + DATA.length()));
        }
        int local = url.indexOf("?d=");
        String path = local >= 0 ? url.substring(local + 3) : url.replaceFirst("[?#].*", "");
        String[] steps;
        try {
            steps = Arrays.stream(URLDecoder.decode(path.replace("+", "%2B"), StandardCharsets.UTF_8).split("/"))
                    .filter(s -> !s.isEmpty()).toArray(String[]::new);
        } catch (IllegalArgumentException e) {
            throw new BadInputException("the picture's address isn't encoded as it should be");
        }
        for (int i = 0; i < steps.length; i++) {
            String end = String.join("/", Arrays.asList(steps).subList(i, steps.length));
            // Uploaded files have eight characters and a dash before their names.
            for (String name : List.of(end, end.replaceFirst("(^|/)[0-9a-f]{8}-([^/]*)$", "$1$2"))) {
                Optional<Original> found = found(name);
                if (found.isPresent()) {
                    return found.get();
                }
            }
        }
        throw new Refusal(404, "the folder that is served has no picture '" + path + "'");
    }

    private Optional<Original> found(String path) throws IOException {
        try {
            var file = folder.file(path);
            Original o = Original.of(Original.id(file), file, path, false, options.limits().pixels());
            store.add(o);
            return Optional.of(o);
        } catch (Refusal e) {
            if (e.status() == 404) {
                return Optional.empty();
            }
            throw e;
        }
    }

    /** Key points and rectangles, in percents of the picture. */
    private static Prompt prompt(Json shown, Original picture) {
        double x = picture.width() / 100.0;
        double y = picture.height() / 100.0;
        List<Prompt.Point> points = new ArrayList<>();
        Prompt.Corners box = null;
        for (Json r : shown.items()) {
            Json v = r.at("value");
            String type = r.at("type").asString();
            if (type.equals("keypointlabels")) {
                boolean on = r.find("is_positive").map(p -> p.isBoolean() ? p.asBoolean() : p.asDouble() > 0).orElse(true);
                points.add(new Prompt.Point(v.at("x").asDouble() * x, v.at("y").asDouble() * y, on));
            } else if (type.equals("rectanglelabels")) {
                double left = v.at("x").asDouble() * x;
                double top = v.at("y").asDouble() * y;
                box = new Prompt.Corners(left, top, Math.min(picture.width(), left + v.at("width").asDouble() * x),
                        Math.min(picture.height(), top + v.at("height").asDouble() * y));
            } else {
                throw r.error("'" + type + "': key points and rectangles are answered");
            }
        }
        return new Prompt(points, box, null);
    }

    private static String label(Json shown) {
        Json last = shown.at(shown.size() - 1);
        return last.at("value").at(last.at("type").asString()).at(0).asString();
    }

    private static Json result(LabelConfig config, String label, Original picture, Answer answer) {
        Json all = Json.array();
        if (config.brush()) {
            all.add(region(config, "brushlabels", picture, answer, 0).put("value", Json.object().put("format", "rle")
                    .put("rle", BrushRle.of(answer.mask().decode())).put("brushlabels", Json.array().add(label))));
            return all;
        }
        Json shape = GeoJson.geometry(answer.mask().decode(), TOLERANCE).orElse(null);
        if (shape == null) {
            return all;
        }
        boolean one = shape.at("type").asString().equals("Polygon");
        for (Json polygon : one ? List.of(shape.at("coordinates")) : shape.at("coordinates").items()) {
            Json points = Json.array();
            List<Json> corners = polygon.at(0).items();
            // The ring's end is its beginning again, and holes have no place there.
            for (Json c : corners.subList(0, corners.size() - 1)) {
                points.add(Json.array().add(c.at(0).asDouble() * 100 / picture.width())
                        .add(c.at(1).asDouble() * 100 / picture.height()));
            }
            all.add(region(config, "polygonlabels", picture, answer, all.size()).put("value",
                    Json.object().put("points", points)
                            .put("closed", true).put("polygonlabels", Json.array().add(label))));
        }
        return all;
    }

    private static Json region(LabelConfig config, String type, Original picture, Answer answer, int index) {
        return Json.object().put("id", picture.id().substring(0, 6) + index).put("from_name", config.fromName())
                .put("to_name", config.toName()).put("type", type).put("original_width", picture.width())
                .put("original_height", picture.height()).put("image_rotation", 0).put("score", answer.iou().orElse(1))
                .put("readonly", false);
    }
}

package dev.kerf.serve;

import dev.kerf.backend.Limit;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.formats.GeoJson;
import dev.kerf.serve.look.Answer;
import dev.kerf.serve.look.Prompts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What qupath-extension-sam asks its server, samapi: enter the page's address with {@code sam/} behind it as the server's
 * URL. The network is the one that is loaded, whatever type is asked for.
 */
final class QuPathApi {
    /** The version of samapi whose requests these are. */
    private static final String VERSION = "0.7.0";
    private static final int SIDE = 32;
    private static final int MOST_SIDE = 64;
    /** Of outlines, in pixels. */
    private static final double TOLERANCE = 0.5;

    private final ServeOptions options;
    private final ImageStore store;
    private final WorkQueue prompts;
    private final WorkQueue longer;
    private final Passing passing;

    QuPathApi(ServeOptions options, ImageStore store, WorkQueue prompts, WorkQueue longer, Passing passing) {
        this.options = options;
        this.store = store;
        this.prompts = prompts;
        this.longer = longer;
        this.passing = passing;
    }

    List<Route> routes() {
        return List.of(new Route("GET", "/sam/version/",
                c -> c.answer(200, "text/plain; charset=utf-8", VERSION.getBytes(StandardCharsets.UTF_8))),
                new Route("GET", "/sam/weights/", QuPathApi::weights),
                new Route("GET", "/sam/progress/", c -> c.answer(200, Json.object().put("message", null).put("percent", -1))),
                new Route("POST", "/sam/", this::predict), new Route("POST", "/sam/automask/", this::everything));
    }

    /** One of each type that is asked for, so that the extension has something to choose. */
    private static void weights(Call call) throws IOException {
        String type = call.query("type").orElse("sam2_t");
        call.answer(200, Json.array().add(Json.object().put("type", type).put("name", "default").put("url", "")));
    }

    private void predict(Call call) throws IOException {
        Json json = passing.request(call);
        boolean several = json.find("multimask_output").map(Json::asBoolean).orElse(false);
        Original picture = passing.take(json.at("b64img").asString());
        Prompt prompt = prompt(json);
        Prompts.check(prompt, picture.width(), picture.height());
        call.answer(200, features(json, prompts.call(Limit.within(options.limits().answer()),
                () -> store.use(picture.id(), held -> store.look(held).answer(prompt, several)))));
    }

    private static Prompt prompt(Json json) {
        if (json.find("b64mask").filter(m -> !m.isNull()).isPresent()) {
            throw new BadInputException("b64mask: a mask isn't taken here, only points and a box");
        }
        List<Prompt.Point> points = new ArrayList<>();
        List<Json> places = json.find("point_coords").filter(p -> !p.isNull()).map(Json::items).orElse(List.of());
        List<Json> labels = json.find("point_labels").filter(p -> !p.isNull()).map(Json::items).orElse(List.of());
        if (places.size() != labels.size()) {
            throw new BadInputException(places.size() + " point_coords and " + labels.size() + " point_labels");
        }
        for (int i = 0; i < places.size(); i++) {
            points.add(new Prompt.Point(places.get(i).at(0).asDouble(), places.get(i).at(1).asDouble(),
                    labels.get(i).asInt() != 0));
        }
        Prompt.Corners box = json.find("bbox").filter(b -> !b.isNull() && b.size() == 4)
                .map(b -> new Prompt.Corners(b.at(0).asDouble(), b.at(1).asDouble(), b.at(2).asDouble(), b.at(3).asDouble()))
                .filter(b -> b.right() > b.left() && b.bottom() > b.top()).orElse(null);
        return new Prompt(points, box, null);
    }

    private void everything(Call call) throws IOException {
        Json json = passing.request(call);
        int side = json.find("points_per_side").filter(s -> !s.isNull()).map(Json::asInt).orElse(SIDE);
        if (side < 1 || side > MOST_SIDE) {
            throw new BadInputException("points_per_side " + side + ": 1 to " + MOST_SIDE);
        }
        Original picture = passing.take(json.at("b64img").asString());
        call.answer(200, features(json, longer.call(Limit.within(options.limits().task()),
                () -> store.use(picture.id(), held -> store.look(held).everything(held.pixels(), side, _ -> {})))));
    }

    private static Json features(Json asked, List<Answer> answers) {
        String type = asked.find("type").filter(Json::isString).map(Json::asString).orElse("vit_h");
        Json features = Json.array();
        for (int i = 0; i < answers.size(); i++) {
            Answer a = answers.get(i);
            int index = i;
            GeoJson.geometry(a.mask().decode(), TOLERANCE).ifPresent(shape -> features.add(Json.object().put("type", "Feature")
                    .put("geometry", shape).put("properties", Json.object().put("object_idx", index)
                            .put("label", a.label().orElse("object")).put("quality", a.iou().orElse(1))
                            .put("sam_model", type))));
        }
        return features;
    }
}

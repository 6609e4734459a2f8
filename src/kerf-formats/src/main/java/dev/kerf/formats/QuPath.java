package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.TreeMap;

/** Reads the features that QuPath exports, in pixels; a file for each picture. */
final class QuPath {
    private static final String UNCLASSIFIED = "unclassified";

    private final Map<String, Integer> leftOut = new TreeMap<>();

    private QuPath() {}

    static AnnotationSet read(Path path, PictureSizes sizes) {
        List<Path> files = new ArrayList<>(Listing.under(path, ".geojson"));
        if (files.isEmpty()) {
            files.addAll(Listing.under(path, ".json"));
        }
        if (files.isEmpty()) {
            throw new BadInputException(path + ": has no .geojson file");
        }
        QuPath in = new QuPath();
        List<Annotations> pictures = new ArrayList<>();
        for (Path file : files) {
            String name = Annotations.stem(file.getFileName().toString());
            PictureSizes.Size size = sizes.need(name, file);
            List<Item> items = new ArrayList<>();
            for (Json feature : features(Json.read(file))) {
                in.item(feature, size, items);
            }
            pictures.add(new Annotations(name, size.width(), size.height(), items));
        }
        return AnnotationSet.of(AnnotationFormat.QUPATH, List.of(), pictures, in.leftOut);
    }

    /** A collection, an array or one feature. */
    private static List<Json> features(Json json) {
        if (json.isArray()) {
            return json.items();
        }
        return json.at("type").asString().equals("Feature") ? List.of(json) : json.at("features").items();
    }

    private void item(Json feature, PictureSizes.Size size, List<Item> items) {
        Json shape = feature.at("geometry");
        String type = shape.at("type").asString();
        List<List<double[]>> polygons = new ArrayList<>();
        switch (type) {
            case "Polygon" -> polygons.add(rings(shape.at("coordinates")));
            case "MultiPolygon" -> shape.at("coordinates").items().forEach(p -> polygons.add(rings(p)));
            default -> {
                leftOut.merge(type, 1, Integer::sum);
                return;
            }
        }
        Optional<Json> properties = feature.find("properties").filter(Json::isObject);
        try {
            items.add(new Item(properties.flatMap(QuPath::label).orElse(UNCLASSIFIED), Kind.THING,
                    PolygonShapes.filled(size.width(), size.height(), polygons), properties.map(QuPath::score)
                            .orElse(OptionalDouble.empty()),
                    0));
        } catch (KerfException e) {
            throw e instanceof BadFileException ? e : shape.error(e.getMessage());
        }
    }

    private static Optional<String> label(Json properties) {
        Optional<Json> classification = properties.find("classification").filter(Json::isObject);
        return classification.flatMap(c -> c.find("name")).map(Json::asString)
                .or(() -> classification.flatMap(c -> c.find("names")).filter(n -> n.isArray() && n.size() > 0)
                        .map(n -> n.at(0).asString()))
                .or(() -> properties.find("name").filter(Json::isString).map(Json::asString));
    }

    /** A measurement of this name, of an object's members or of a list. */
    private static OptionalDouble score(Json properties) {
        Json all = properties.find("measurements").orElse(Json.object());
        if (all.isObject()) {
            return all.find("score").map(s -> OptionalDouble.of(s.asDouble())).orElse(OptionalDouble.empty());
        }
        return all.items().stream().filter(m -> m.at("name").asString().equals("score"))
                .mapToDouble(m -> m.at("value").asDouble()).findFirst();
    }

    /** Rings without the last corner, which is the first. */
    private static List<double[]> rings(Json polygon) {
        List<double[]> out = new ArrayList<>();
        for (Json ring : polygon.items()) {
            int n = ring.size();
            boolean closed = n > 1 && ring.at(0).equals(ring.at(n - 1));
            double[] corners = new double[2 * (closed ? n - 1 : n)];
            for (int i = 0; i < corners.length; i++) {
                corners[i] = ring.at(i / 2).at(i % 2).asDouble();
            }
            out.add(corners);
        }
        if (out.isEmpty()) {
            throw polygon.error("a polygon without a ring");
        }
        return out;
    }
}

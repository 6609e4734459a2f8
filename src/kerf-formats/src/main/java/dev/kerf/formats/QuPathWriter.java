package dev.kerf.formats;

import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/** Features of each picture. */
record QuPathWriter(Path directory) implements AnnotationWriter {
    @Override
    public void add(Annotations picture, String stem) {
        Json features = Json.array();
        for (Annotations.Item item : picture.items()) {
            GeoJson.geometry(item.mask().decode(), 0).ifPresent(shape -> {
                Json properties = Json.object().put("objectType", "annotation")
                        .put("classification", Json.object().put("name", item.label()));
                if (item.group() != 0) {
                    properties.put("name", item.label() + " " + item.group());
                }
                item.score().ifPresent(s -> properties.put("measurements", Json.object().put("score", s)));
                features.add(Json.object().put("type", "Feature").put("geometry", shape).put("properties", properties));
            });
        }
        AtomicFile.write(AnnotationFormat.QUPATH.files(directory, stem).getFirst(),
                (Json.object().put("type", "FeatureCollection").put("features", features)
                        + "\n").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void finish() {
        // Each picture has its own file.
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}

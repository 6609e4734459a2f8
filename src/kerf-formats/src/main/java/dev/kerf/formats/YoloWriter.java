package dev.kerf.formats;

import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Lines of each picture, and the names of classes. */
record YoloWriter(Path directory, List<String> labels) implements AnnotationWriter {
    /** Classes that are met without being listed come behind those that are. */
    YoloWriter {
        labels = new ArrayList<>(labels);
    }

    @Override
    public void add(Annotations picture, String stem) {
        StringBuilder out = new StringBuilder();
        for (Annotations.Item item : picture.items()) {
            List<double[]> parts = item.mask().decode().polygons();
            if (parts.isEmpty()) {
                continue;
            }
            if (!labels.contains(item.label())) {
                labels.add(item.label());
            }
            out.append(labels.indexOf(item.label()));
            double[] outline = PolygonShapes.joined(parts);
            for (int i = 0; i < outline.length; i++) {
                out.append(' ').append(outline[i] / (i % 2 == 0 ? picture.width() : picture.height()));
            }
            out.append('\n');
        }
        AtomicFile.write(AnnotationFormat.YOLO.files(directory, stem).getFirst(),
                out.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void finish() {
        StringBuilder out = new StringBuilder("# Put the pictures into images and these labels into labels to train.\n"
                + "train: images\nval: images\nnames:\n");
        for (int i = 0; i < labels.size(); i++) {
            // A string of JSON is one of YAML.
            out.append("  ").append(i).append(": ").append(Json.of(labels.get(i))).append('\n');
        }
        AtomicFile.write(AnnotationFormat.YOLO.shared(directory).getFirst(), out.toString().getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}

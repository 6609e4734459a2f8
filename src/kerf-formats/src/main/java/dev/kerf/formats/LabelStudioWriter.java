package dev.kerf.formats;

import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * Tasks with predictions, and the labelling interface that they want. Pictures are looked for where Label Studio serves local files.
 */
final class LabelStudioWriter implements AnnotationWriter {
    private static final String PICTURES = "/data/local-files/?d=";

    private final List<Path> paths;
    private final Set<String> labels;
    private final AtomicFile file;
    private boolean first = true;

    LabelStudioWriter(List<Path> paths, List<String> labels) {
        this.paths = paths;
        this.labels = new LinkedHashSet<>(labels);
        this.file = new AtomicFile(paths.getFirst());
    }

    @Override
    public void add(Annotations picture, String stem) {
        Json result = Json.array();
        double least = 1;
        for (Annotations.Item item : picture.items()) {
            if (item.mask().area() == 0) {
                continue;
            }
            labels.add(item.label());
            double score = item.score().orElse(1);
            least = Math.min(least, score);
            result.add(Json.object().put("id", stem + "-" + (result.size() + 1)).put("type", "brushlabels")
                    .put("from_name", "label").put("to_name", "image").put("original_width", picture.width())
                    .put("original_height", picture.height()).put("image_rotation", 0).put("score", score)
                    .put("value", Json.object().put("format", "rle").put("rle", BrushRle.of(item.mask().decode()))
                            .put("brushlabels", Json.array().add(item.label()))));
        }
        Json task = Json.object()
                .put("data",
                        Json.object().put("image",
                                PICTURES + URLEncoder.encode(picture.file(), StandardCharsets.UTF_8).replace("+", "%20")
                                        .replace("%2F", "/")))
                .put("predictions", Json.array().add(Json.object().put("model_version", "kerf").put("score", least)
                        .put("result", result)));
        write((first ? "[" : ",\n") + task);
        first = false;
    }

    private void write(String text) {
        try {
            file.out().write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw file.failed(e);
        } catch (UncheckedIOException e) {
            throw file.failed(e.getCause());
        }
    }

    @Override
    public void finish() {
        write(first ? "[]\n" : "]\n");
        StringBuilder view = new StringBuilder("<View>\n  <Image name=\"image\" value=\"$image\" zoom=\"true\"/>\n"
                + "  <BrushLabels name=\"label\" toName=\"image\">\n");
        for (String label : labels) {
            view.append("    <Label value=\"").append(label.replace("&", "&amp;").replace("<", "&lt;").replace("\"", "&quot;"))
                    .append("\"/>\n");
        }
        AtomicFile.write(paths.getLast(), view.append("  </BrushLabels>\n</View>\n").toString()
                .getBytes(StandardCharsets.UTF_8));
        file.commit();
    }

    @Override
    public void close() {
        file.close();
    }
}

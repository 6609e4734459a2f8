package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/** Which format a file or directory is of, by its beginning or by the names of its files. */
final class Detection {
    private static final int PEEK = 1 << 16;

    private Detection() {}

    static Optional<AnnotationFormat> of(Path path) {
        if (Files.isDirectory(path)) {
            return directory(path);
        }
        String name = path.getFileName().toString().toLowerCase(Locale.ROOT);
        if (name.endsWith(".xml")) {
            return Optional.of(AnnotationFormat.CVAT);
        }
        if (name.endsWith(".yaml") || name.endsWith(".yml")) {
            return Optional.of(AnnotationFormat.YOLO);
        }
        return name.endsWith(".json") || name.endsWith(".geojson") ? json(start(path)) : Optional.empty();
    }

    private static Optional<AnnotationFormat> directory(Path path) {
        if (!Listing.under(path, "_instanceIds.png").isEmpty() || !Listing.under(path, "_polygons.json").isEmpty()) {
            return Optional.of(AnnotationFormat.CITYSCAPES);
        }
        if (!Listing.under(path, ".geojson").isEmpty()) {
            return Optional.of(AnnotationFormat.QUPATH);
        }
        boolean pictures = List.of(".png", ".tif", ".tiff", ".npy", ".npz", ".safetensors").stream()
                .anyMatch(e -> !Listing.under(path, e).isEmpty());
        boolean yolo = Files.isRegularFile(path.resolve("data.yaml")) || !Listing.under(path, ".txt").isEmpty() && !pictures;
        return yolo ? Optional.of(AnnotationFormat.YOLO) : Optional.empty();
    }

    /** By words that only one format has near its beginning. */
    private static Optional<AnnotationFormat> json(String start) {
        if (start.contains("\"imgHeight\"")) {
            return Optional.of(AnnotationFormat.CITYSCAPES);
        }
        if (start.contains("\"FeatureCollection\"") || start.contains("\"Feature\"")) {
            return Optional.of(AnnotationFormat.QUPATH);
        }
        boolean tasks = start.contains("\"data\"") || start.contains("\"result\"");
        return start.startsWith("[") && tasks && !start.contains("\"image_id\"")
                ? Optional.of(AnnotationFormat.LABEL_STUDIO)
                : Optional.empty();
    }

    private static String start(Path path) {
        try (InputStream in = Files.newInputStream(path)) {
            return new String(in.readNBytes(PEEK), StandardCharsets.UTF_8).stripLeading();
        } catch (IOException e) {
            throw new BadFileException(path + ": can't be read (" + e.getMessage() + ")", e);
        }
    }
}

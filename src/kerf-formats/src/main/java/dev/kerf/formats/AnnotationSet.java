package dev.kerf.formats;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The annotations of many pictures, as they were read.
 *
 * <pre>{@code
 * AnnotationSet set = AnnotationFormat.CVAT.read(Path.of("annotations.xml"), PictureSizes.UNKNOWN);
 * set.pictures().getFirst().items().size();
 * }</pre>
 *
 * @param format   of the files
 * @param labels   the classes, in the order that the format numbers or lists them in, then those that only occur
 * @param pictures in order
 * @param leftOut  what has no area and was passed over, by kind
 */
public record AnnotationSet(AnnotationFormat format, List<String> labels, List<Annotations> pictures,
        Map<String, Integer> leftOut) {
    /** Copies the lists. */
    public AnnotationSet {
        labels = List.copyOf(labels);
        pictures = List.copyOf(pictures);
        leftOut = Map.copyOf(leftOut);
    }

    /** With labels that only occur behind those that are listed. */
    static AnnotationSet of(AnnotationFormat format, List<String> listed, List<Annotations> pictures,
            Map<String, Integer> leftOut) {
        Set<String> all = new LinkedHashSet<>(listed);
        pictures.forEach(p -> p.items().forEach(i -> all.add(i.label())));
        return new AnnotationSet(format, new ArrayList<>(all), pictures, leftOut);
    }
}

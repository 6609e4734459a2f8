package dev.kerf.formats;

import dev.kerf.error.BadInputException;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.Annotations.Kind;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.mask.LabelMap;
import java.nio.file.Path;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/** Two PNG files for each picture. Classes that Cityscapes doesn't have are left out. */
record CityscapesWriter(Path directory, List<String> labels) implements AnnotationWriter {
    private static final String PICTURE = "_leftImg8bit";

    /** @throws BadInputException if Cityscapes has none of the classes */
    CityscapesWriter {
        if (labels.stream().noneMatch(CityscapesClasses.ids()::containsKey)) {
            throw new BadInputException("none of the classes " + String.join(", ", labels) + " is one of Cityscapes': "
                    + String.join(", ", CityscapesClasses.ids().keySet()));
        }
    }

    /** What a picture's files are called after. */
    static String name(String stem) {
        return stem.endsWith(PICTURE) ? stem.substring(0, stem.length() - PICTURE.length()) : stem;
    }

    @Override
    public void add(Annotations picture, String stem) {
        List<Path> files = AnnotationFormat.CITYSCAPES.files(directory, stem);
        picture.paint(i -> CityscapesClasses.ids().getOrDefault(i.label(), -1), 0)
                .writePng(files.getFirst(), CityscapesClasses.palette());
        Map<Item, Integer> numbers = numbers(picture);
        LabelMap instances = picture.paint(numbers::get, 0);
        Image out = Image.blank(picture.width(), picture.height(), PixelFormat.GRAY16);
        for (int y = 0; y < picture.height(); y++) {
            for (int x = 0; x < picture.width(); x++) {
                out.setSample(x, y, 0, instances.get(x, y));
            }
        }
        out.writePng(files.getLast());
    }

    /** Objects of things by class and number from 0; else the class alone. */
    private static Map<Item, Integer> numbers(Annotations picture) {
        Map<Item, Integer> out = new IdentityHashMap<>();
        int[] next = new int[CityscapesClasses.ids().size()];
        for (Item item : picture.items()) {
            int id = CityscapesClasses.ids().getOrDefault(item.label(), -1);
            boolean counted = id >= 0 && item.kind() == Kind.THING && CityscapesClasses.thing(id)
                    && next[id] < CityscapesClasses.INSTANCES;
            out.put(item, counted ? id * CityscapesClasses.INSTANCES + next[id]++ : id);
        }
        return out;
    }

    @Override
    public void finish() {
        // Each picture has its own files.
    }

    @Override
    public void close() {
        // Nothing is open.
    }
}

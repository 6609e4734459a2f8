package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.picture.OutputOptions.Format;
import dev.kerf.formats.Annotations;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Overlay;
import dev.kerf.mask.Palette;
import dev.kerf.mask.RunLength;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Set;
import java.util.stream.Stream;

/**
 * The files that {@code kerf segment} makes of instances: labels are 0 where there is nothing, else the number of the surest thing's
 * class from 1; an annotation for each thing, whose category is its class from 0.
 *
 * @param files   how files are called, and whether an overlay is drawn
 * @param classes names of classes from 0
 */
record ThingFiles(SegmentFiles files, List<String> classes) {
    /** Writes what is asked for of labels, run lengths and polygons, and the overlay; {@code kept} takes what goes on. */
    List<Path> write(Input input, UNetInput picture, Instances found, Set<Format> formats, Json kept) {
        List<Path> made = new ArrayList<>();
        for (Format format : formats) {
            Path file = files.file(input, format);
            switch (format) {
                case LABELS -> labels(found).writePng(file, Palette.of(classes.size() + 1, 0));
                default -> coco(input, found).write(file, format == Format.RLE ? Coco.Form.RUN_LENGTH : Coco.Form.POLYGONS);
            }
            made.add(file);
        }
        if (files.overlay()) {
            Overlay colours = Overlay.of(this::name);
            Path file = files.overlay(input);
            input.draw((files.legend() ? colours : colours.withoutText()).draw(picture.view(), found), file);
            if (!input.joined()) {
                made.add(file);
            }
        }
        files.annotations().keep(kept, () -> Annotations.of(input.picture(), found, this::name));
        made.addAll(files.annotations().of(input.name()));
        return made;
    }

    /** What a class is called. */
    String name(int category) {
        return category < classes.size() ? classes.get(category) : "class " + category;
    }

    /** The surest last, so that it lies on top. */
    private static LabelMap labels(Instances found) {
        int[] labels = new int[found.width() * found.height()];
        for (Instance thing : found.byScore().items().reversed()) {
            paint(labels, thing.mask(), thing.category() + 1);
        }
        return LabelMap.of(found.width(), found.height(), labels);
    }

    private static void paint(int[] labels, RunLength mask, int label) {
        int[] counts = mask.counts();
        int at = 0;
        for (int i = 0; i < counts.length; i++) {
            for (int k = at; (i & 1) != 0 && k < at + counts[i]; k++) {
                labels[k % mask.height() * mask.width() + k / mask.height()] = label;
            }
            at += counts[i];
        }
    }

    private Coco coco(Input input, Instances found) {
        Coco coco = new Coco(classes);
        int image = coco.addImage(input.picture(), found.width(), found.height());
        for (Instance thing : found.items()) {
            coco.add(image, thing.category(), thing.mask(), OptionalDouble.of(thing.score()));
        }
        return coco;
    }
}

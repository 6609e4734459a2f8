package dev.kerf.serve.export;

import dev.kerf.image.Image;
import dev.kerf.mask.Background;
import dev.kerf.mask.Coco;
import dev.kerf.mask.Cutout;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.Overlay;
import dev.kerf.serve.export.Drawing.Item;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** What a drawing becomes for other programs. */
public enum Export {
    /** COCO's annotations, a category for each name, run lengths: exact. */
    COCO("coco.json", "application/json") {
        @Override
        public byte[] of(String name, Image picture, Drawing drawing, double tolerance) {
            List<String> names = drawing.items().stream().map(Item::name).distinct().toList();
            Coco coco = new Coco(names);
            int image = coco.addImage(name, drawing.width(), drawing.height());
            drawing.items().forEach(i -> coco.add(image, names.indexOf(i.name()), i.mask(), OptionalDouble.empty()));
            return coco.toJson(Coco.Form.RUN_LENGTH).pretty().getBytes(StandardCharsets.UTF_8);
        }
    },
    /** The number of the topmost object of each pixel, from 1, in its colour. */
    LABELS("labels.png", "image/png") {
        @Override
        public byte[] of(String name, Image picture, Drawing drawing, double tolerance) {
            return LabelMap.of(drawing.width(), drawing.height(), drawing.topmost()).toPng(palette(drawing));
        }
    },
    /** A PNG for each object, white on black, in a ZIP file. */
    MASKS("masks.zip", "application/zip") {
        @Override
        public byte[] of(String name, Image picture, Drawing drawing, double tolerance) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
                for (int i = 0; i < drawing.items().size(); i++) {
                    Item item = drawing.items().get(i);
                    ZipEntry entry = new ZipEntry(
                            String.format("%03d-%s.png", i + 1, item.name().replaceAll("[^\\p{L}\\p{N}_-]", "_")));
                    // The same drawing is the same file.
                    entry.setTime(0);
                    zip.putNextEntry(entry);
                    zip.write(item.mask().decode().toImage().toPng());
                }
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
            return bytes.toByteArray();
        }
    },
    /** A feature for each object, as QuPath reads it: polygons in pixels, columns to the right and rows down. */
    GEOJSON("geojson", "application/geo+json") {
        @Override
        public byte[] of(String name, Image picture, Drawing drawing, double tolerance) {
            return Features.of(drawing, tolerance).toString().getBytes(StandardCharsets.UTF_8);
        }
    },
    /** The picture with the objects over it. */
    OVERLAY("overlay.png", "image/png") {
        @Override
        public byte[] of(String name, Image picture, Drawing drawing, double tolerance) {
            List<String> names = new ArrayList<>(List.of(""));
            drawing.items().forEach(i -> names.add(i.name()));
            Overlay plain = Overlay.of(names, 0);
            return new Overlay(plain.names(), 0, palette(drawing), plain.opacity(), true, true)
                    .draw(picture, LabelMap.of(drawing.width(), drawing.height(), drawing.topmost())).toPng();
        }
    },
    /** What all objects cover, cut out of the picture. */
    CUTOUT("cutout.png", "image/png") {
        @Override
        public byte[] of(String name, Image picture, Drawing drawing, double tolerance) {
            float[] matte = new float[drawing.width() * drawing.height()];
            for (Item item : drawing.items()) {
                Mask mask = item.mask().decode();
                for (int i = 0; i < matte.length; i++) {
                    matte[i] = mask.get(i % drawing.width(), i / drawing.width()) ? 1 : matte[i];
                }
            }
            return Cutout.uncleaned(picture, HostTensor.of(Shape.of(drawing.height(), drawing.width()), matte))
                    .onto(new Background.Transparent()).toPng();
        }
    };

    private final String ending;
    private final String type;

    Export(String ending, String type) {
        this.ending = ending;
        this.type = type;
    }

    /** What a file's name ends with. */
    public String ending() {
        return ending;
    }

    /** Its Content-Type. */
    public String type() {
        return type;
    }

    /**
     * The file.
     *
     * @param name      of the picture
     * @param tolerance in pixels, of outlines that are simplified
     */
    public abstract byte[] of(String name, Image picture, Drawing drawing, double tolerance);

    private static int[] palette(Drawing drawing) {
        int[] colours = new int[drawing.items().size() + 1];
        for (int i = 1; i < colours.length; i++) {
            colours[i] = drawing.items().get(i - 1).colour();
        }
        return colours;
    }
}

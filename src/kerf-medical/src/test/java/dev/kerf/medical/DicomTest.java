package dev.kerf.medical;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import dev.kerf.medical.dicom.DicomSeries;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** DICOM files against what pydicom says of them ({@code make_dicom.py}). */
class DicomTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/dicom");
    private static final Json FIGURES = Json.read(FILES.resolve("figures.json"));

    private static double[] numbers(Json list) {
        return list.items().stream().mapToDouble(Json::asDouble).toArray();
    }

    private static List<Path> files(String folder) {
        try (Stream<Path> all = Files.list(FILES.resolve(folder))) {
            // Not in the order of their names.
            return all.sorted((a, b) -> b.compareTo(a)).toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Volume one(Path file) {
        List<DicomSeries> found = DicomSeries.among(List.of(file), file.toString(), n -> {
            throw new AssertionError(n);
        });
        assertEquals(1, found.size());
        return found.getFirst().open();
    }

    @Test
    void everySyntaxAndKindOfPixelsIsAsPydicomReadsIt() {
        int seen = 0;
        for (var entry : FIGURES.at("files").members().entrySet()) {
            String name = entry.getKey();
            Json said = entry.getValue();
            double[] shape = numbers(said.at("shape"));
            // Colours from luma and chroma are rounded; pydicom goes through float32.
            double off = name.startsWith("ybr") || name.startsWith("jpegybr") ? 1 : 0;
            try (Volume volume = one(FILES.resolve(name))) {
                Grid g = volume.grid();
                assertArrayEquals(new double[] {shape[0], shape[1], shape[2]}, new double[] {g.slices(), g.rows(), g.columns()},
                        name);
                double[] means = numbers(said.at("mean"));
                double low = Double.MAX_VALUE;
                double high = -Double.MAX_VALUE;
                for (int k = 0; k < means.length; k++) {
                    Slice slice = volume.read(Axis.Z, 0, k);
                    assertEquals((int) shape[3], slice.channels(), name);
                    double[] v = slice.values();
                    assertEquals(means[k], Arrays.stream(v).average().orElseThrow(), Math.abs(means[k]) * 1e-12 + off / 2,
                            name + " " + k);
                    low = Math.min(low, Arrays.stream(v).min().orElseThrow());
                    high = Math.max(high, Arrays.stream(v).max().orElseThrow());
                }
                double[] row = numbers(said.at("row"));
                int from = 3 * g.columns() * (int) shape[3];
                assertArrayEquals(row, Arrays.copyOfRange(volume.read(Axis.Z, 0, 0).values(), from, from + row.length), off,
                        name);
                assertEquals(said.at("min").asDouble(), low, off, name);
                assertEquals(said.at("max").asDouble(), high, off, name);
                assertEquals(name.equals("mono1.dcm"), volume.read(Axis.Z, 0, 0).inverted());
                seen++;
            }
        }
        assertEquals(35, seen);
    }

    @Test
    void aSeriesIsInTheOrderInWhichItLies() {
        List<String> notes = new ArrayList<>();
        List<DicomSeries> found = DicomSeries.among(files("series"), "series", notes::add);
        assertEquals(List.of(), notes);
        assertEquals(1, found.size());
        assertEquals(FIGURES.at("series").at("order").items().stream().map(Json::asString).toList(),
                found.getFirst().files().stream().map(f -> FILES.relativize(f).toString()).toList());
        try (Volume volume = found.getFirst().open()) {
            Grid g = volume.grid();
            double[] affine = numbers(FIGURES.at("series").at("affine"));
            for (int i = 0; i < 12; i++) {
                assertEquals(affine[i], g.toPatient().at(i / 4, i % 4), 1e-12);
            }
            assertEquals(new Spacing(0.65, 0.7, g.spacing().z(), "mm"), g.spacing());
            assertEquals(2.5, g.spacing().z(), 1e-5);
            double[] means = numbers(FIGURES.at("series").at("means"));
            for (int k = 0; k < means.length; k++) {
                assertEquals(means[k], Arrays.stream(volume.read(Axis.Z, 0, k).values()).average().orElseThrow(), 1e-9);
            }
            assertEquals(new Window(40, 400, Window.Shape.LINEAR), volume.window().orElseThrow());
            assertEquals(List.of(), volume.remarks());
        }
    }

    /** A scout of two slices, and one place at two points of time. */
    @Test
    void whatIsMixedIsToldApart() {
        List<String> notes = new ArrayList<>();
        List<DicomSeries> found = DicomSeries.among(files("mixed"), "mixed", notes::add);
        assertEquals(List.of("mixed: 3 volumes, told apart by series, size, direction and time, of 2, 3, 3 slices"), notes);
        assertEquals(List.of("scout0", "scout1"), names(found.get(0)));
        assertEquals(List.of("t0k0", "t0k1", "t0k2"), names(found.get(1)));
        assertEquals(List.of("t1k0", "t1k1", "t1k2"), names(found.get(2)));
        assertEquals("mixed volume 2 of 3", found.get(1).title());
    }

    private static List<String> names(DicomSeries series) {
        return series.files().stream().map(f -> f.getFileName().toString()).toList();
    }

    @Test
    void missingAndDoubledSlicesAreNamed() {
        try (Volume gap = DicomSeries.among(files("gap"), "gap", _ -> {}).getFirst().open()) {
            assertEquals(List.of("gap: 3 slices are missing, between slices 3 and 4, 5 and 6"), gap.remarks());
            assertEquals(2.5, gap.grid().spacing().z(), 1e-5);
            assertEquals(0.7 * 0.65 * 2.5, gap.grid().toPatient().voxelVolume(), 1e-5);
        }
        DicomSeries doubled = DicomSeries.among(files("doubled"), "doubled", _ -> {}).getFirst();
        String said = assertThrows(BadFileException.class, doubled::open).getMessage();
        assertEquals("doubled: 1 slice lies where another does, first 1.dcm and 2.dcm, and nothing says which belong together;"
                + " take one away", said);
    }

    @Test
    void framesOfAnEnhancedFileAreSortedToo() {
        try (Volume volume = one(FILES.resolve("enhanced.dcm")); Volume cine = one(FILES.resolve("cine.dcm"))) {
            assertEquals(4, volume.grid().slices());
            assertEquals(2.5, volume.grid().spacing().z(), 1e-5);
            for (int k = 0; k < 4; k++) {
                double[] expected = Arrays.stream(cine.read(Axis.Z, 0, k).values()).map(v -> 2 * v - 1000).toArray();
                assertArrayEquals(expected, volume.read(Axis.Z, 0, k).values(), "slice " + k);
            }
            assertEquals(Spacing.PIXELS, cine.grid().spacing());
        }
    }

    /** PS3.3 C.11.2.1.2.1: from half a step inside one end to half a step inside the other. */
    @Test
    void windows() {
        Window linear = new Window(2048, 4096, Window.Shape.LINEAR);
        assertEquals(0, linear.of(0));
        assertEquals(1, linear.of(4095));
        assertEquals((10 - 2047.5) / 4095 + 0.5, linear.of(10), 1e-15);
        Window step = new Window(0, 1, Window.Shape.LINEAR);
        assertEquals(0, step.of(-0.5));
        assertEquals(1, step.of(-0.4));
        Window exact = new Window(0, 100, Window.Shape.LINEAR_EXACT);
        assertEquals(0.25, exact.of(-25));
        assertEquals(1, exact.of(51));
        Window soft = new Window(10, 20, Window.Shape.SIGMOID);
        assertEquals(0.5, soft.of(10));
        assertEquals(1 / (1 + Math.exp(-4)), soft.of(30), 1e-15);
        try (Volume volume = one(FILES.resolve("mono1.dcm"))) {
            Slice s = volume.read(Axis.Z, 0, 0);
            Window full = Window.of(volume);
            assertEquals(65535 - Math.round(65535 * full.of(s.at(3, 3, 0))), s.toImage(full).sample(3, 3, 0), 1,
                    "shown inverted");
        }
        assertTrue(one(FILES.resolve("rgb.dcm")).window().isEmpty());
    }
}

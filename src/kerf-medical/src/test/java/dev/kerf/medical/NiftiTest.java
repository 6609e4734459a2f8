package dev.kerf.medical;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.nifti.Nifti;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NIfTI files against what nibabel says of them ({@code make_nifti.py}), and labels in their place. */
class NiftiTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/nifti");
    private static final Json FIGURES = Json.read(FILES.resolve("figures.json"));

    @TempDir
    private Path dir;

    private static double[] numbers(Json list) {
        return list.items().stream().mapToDouble(Json::asDouble).toArray();
    }

    @Test
    void everyTypeByteOrderVersionAndPlaceIsAsNibabelReadsIt() {
        int seen = 0;
        for (var entry : FIGURES.at("files").members().entrySet()) {
            String name = entry.getKey();
            Json said = entry.getValue();
            try (Volume volume = Nifti.open(FILES.resolve(name))) {
                Grid g = volume.grid();
                double[] shape = numbers(said.at("shape"));
                assertArrayEquals(shape, new double[] {g.columns(), g.rows(), g.slices(), g.frames()}, name);
                double[] zooms = numbers(said.at("zooms"));
                Spacing s = g.spacing();
                assertArrayEquals(zooms, new double[] {s.x(), s.y(), s.z()}, 0, name);
                if (!said.at("affine").isNull()) {
                    double[] affine = numbers(said.at("affine"));
                    for (int i = 0; i < 12; i++) {
                        // An sform is stored; a qform's rotation is computed from float32, by nibabel in another order.
                        assertEquals(affine[i], g.toPatient().at(i / 4, i % 4), 1e-5, name);
                    }
                }
                for (Axis axis : new Axis[] {Axis.Z, Axis.X, Axis.Y}) {
                    double[] means = numbers(said.at(axis.name().toLowerCase()));
                    for (int i = 0; i < means.length; i++) {
                        Slice slice = volume.read(axis, i / g.slices(axis), i % g.slices(axis));
                        double mean = Arrays.stream(slice.values()).average().orElseThrow();
                        assertEquals(means[i], mean, Math.abs(means[i]) * 1e-12 + 1e-9, name + " " + axis + " " + i);
                    }
                }
                Slice third = volume.read(Axis.Z, g.frames() - 1, 2);
                assertEquals(said.at("corner").asDouble(), third.at(g.columns() - 1, 1, 0), 0, name);
                assertEquals(third.at(5, 3, 0), volume.read(Axis.X, g.frames() - 1, 5).at(3, 2, 0), 0,
                        "across x: rows by slices");
                assertEquals(third.at(5, 3, 0), volume.read(Axis.Y, g.frames() - 1, 3).at(5, 2, 0), 0,
                        "across y: columns by slices");
                Window whole = Window.of(volume);
                double low = said.at("min").asDouble();
                double high = said.at("max").asDouble();
                assertEquals(low + (high - low) / 2, whole.center(), 0, name);
                assertEquals(high - low, whole.width(), 0, name);
                seen++;
            }
        }
        assertEquals(26, seen);
    }

    private static byte[] unpacked(Path file) throws IOException {
        byte[] all = Files.readAllBytes(file);
        return file.toString().endsWith(".gz") ? new GZIPInputStream(new ByteArrayInputStream(all)).readAllBytes() : all;
    }

    /** Fields that may change, as ranges of bytes, by version; all others say where the voxels lie or what time is. */
    private static Set<Integer> differing(byte[] a, byte[] b, int header) {
        Set<Integer> out = new TreeSet<>();
        for (int i = 0; i < header; i++) {
            if (a[i] != b[i]) {
                out.add(i);
            }
        }
        return out;
    }

    @Test
    void labelsKeepThePlaceToTheBit() throws IOException {
        for (String name : FIGURES.at("files").members().keySet()) {
            Path file = FILES.resolve(name);
            Path out = dir.resolve(name + "-labels.nii.gz");
            int[][] put;
            try (Volume volume = Nifti.open(file); LabelVolume labels = LabelVolume.of(volume.grid())) {
                Grid g = volume.grid();
                put = new int[g.frames() * g.slices()][];
                Axis axis = Axis.values()[name.length() % 3];
                int n = g.width(axis) * g.height(axis);
                for (int i = 0; i < g.frames() * g.slices(axis); i++) {
                    int[] slice = new int[n];
                    for (int k = 0; k < n; k++) {
                        slice[k] = (i * 31 + k * 7) % (name.startsWith("u") ? 300 : 5);
                    }
                    labels.put(axis, i / g.slices(axis), i % g.slices(axis), LabelMap.of(g.width(axis), g.height(axis), slice));
                }
                for (int i = 0; i < put.length; i++) {
                    put[i] = labels.get(i / g.slices(), i % g.slices());
                }
                Nifti.write(labels, volume, out);
            }
            byte[] before = unpacked(file);
            byte[] after = unpacked(out);
            boolean two = before[0] == 0x1C || before[3] == 0x1C && before[0] == 2 || before[2] == 2;
            int header = two ? 540 : 348;
            for (int at : differing(before, after, header)) {
                boolean allowed = two
                        ? at >= 12 && at < 16 || at >= 168 && at < 208 || at >= 240 && at < 344 || at >= 504 && at < 524
                        : at >= 68 && at < 74 || at >= 108 && at < 120 || at >= 124 && at < 132 || at >= 148 && at < 252
                                || at >= 344 && at < 348;
                assertTrue(allowed, name + ": byte " + at + " of the header changed");
            }
            try (Volume volume = Nifti.open(file); Volume again = Nifti.open(out)) {
                assertEquals(volume.grid(), again.grid(), name);
                Grid g = again.grid();
                for (int i = 0; i < put.length; i++) {
                    double[] got = again.read(Axis.Z, i / g.slices(), i % g.slices()).values();
                    assertArrayEquals(put[i], Arrays.stream(got).mapToInt(v -> (int) v).toArray(), name);
                }
                assertTrue(again.window().isEmpty());
            }
        }
    }

    @Test
    void textsAreTakenOut() throws IOException {
        byte[] bytes = Files.readAllBytes(FILES.resolve("qform.nii"));
        byte[] who = "DOE JANE 1970".getBytes();
        for (int at : new int[] {4, 14, 148, 228, 328}) {
            System.arraycopy(who, 0, bytes, at, at == 4 ? 10 : 13);
        }
        Path file = Files.write(dir.resolve("scan.nii"), bytes);
        Path out = dir.resolve("labels.nii");
        try (Volume volume = Nifti.open(file); LabelVolume labels = LabelVolume.of(volume.grid())) {
            Nifti.write(labels, volume, out);
        }
        String written = new String(Files.readAllBytes(out), StandardCharsets.ISO_8859_1);
        assertFalse(written.contains("DOE"), "what could be a name isn't taken over");
    }

    @Test
    void axesByTheirDirections() {
        try (Volume volume = Nifti.open(FILES.resolve("i2-le.nii.gz"))) {
            Affine place = volume.grid().toPatient();
            assertEquals(Axis.X, place.closest(0));
            assertEquals(Axis.Y, place.closest(1));
            assertEquals(Axis.Z, place.closest(2));
            // 0.75 x 0.8 x 2.5 mm, whichever way they are turned.
            assertEquals(1.5, place.voxelVolume(), 1e-6);
        }
        assertEquals(Axis.Z, Affine.of(0, 0, 3, 0, 1, 0, 0, 0, 0, 2, 0, 0).closest(0));
    }
}

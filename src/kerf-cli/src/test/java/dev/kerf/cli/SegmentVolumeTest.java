package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Volume;
import dev.kerf.medical.VolumeObject;
import dev.kerf.medical.VolumeObjects;
import dev.kerf.medical.Window;
import dev.kerf.medical.nifti.Nifti;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf segment} of NIfTI volumes: the labels are those that the library gives of each slice. */
class SegmentVolumeTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/nifti");

    @TempDir
    private Path dir;

    private Run segment(Object... more) {
        Path weights = dir.resolve("unet.safetensors");
        if (!Files.exists(weights)) {
            Run.unet(weights, 1, 3, true);
        }
        Object[] all = new Object[more.length + 7];
        System.arraycopy(new Object[] {"segment", "--backend", "cpu", "--weights", weights, "--out", dir.resolve("out")}, 0,
                all, 0, 7);
        System.arraycopy(more, 0, all, 7, more.length);
        return Run.of(all);
    }

    private static int[] ints(Slice slice) {
        return Arrays.stream(slice.values()).mapToInt(v -> (int) v).toArray();
    }

    private void labelsAreThoseOfSlices(Path scan, Path labels, Axis axis, Window window) {
        try (Device device = Backends.open("cpu");
                Weights weights = Weights.open(dir.resolve("unet.safetensors"));
                UNet net = UNet.load(device, weights);
                Volume volume = Nifti.open(scan);
                Volume got = Nifti.open(labels)) {
            assertEquals(volume.grid(), got.grid());
            boolean many = false;
            for (int f = 0; f < volume.grid().frames(); f++) {
                for (int i = 0; i < volume.grid().slices(axis); i++) {
                    Slice slice = volume.read(axis, f, i);
                    LabelMap expected = (window == null
                            ? net.segment(slice.toTensor(1), SegmentOptions.of())
                            : net.segment(slice.toImage(window), SegmentOptions.of())).labels();
                    assertArrayEquals(expected.toArray(), ints(got.read(axis, f, i)), "slice " + i);
                    many |= expected.max() > 0;
                }
            }
            assertTrue(many, "the network tells something apart");
        }
    }

    @Test
    void sliceBySliceAcrossAnyAxis() {
        Path scan = FILES.resolve("i2-be.nii.gz");
        Path labels = dir.resolve("out/i2-be-labels.nii.gz");
        Window full = Window.between(-200, 1000);
        Run run = segment(scan).succeeded();
        assertTrue(run.out().startsWith(scan + "  16x12x7  "), run.out());
        assertTrue(run.out().contains(" mm³)"), run.out());
        labelsAreThoseOfSlices(scan, labels, Axis.Z, full);
        segment(scan, "--axis", "x").succeeded();
        labelsAreThoseOfSlices(scan, labels, Axis.X, full);
        segment(scan, "--axis", "coronal", "--window", "40,400").succeeded();
        labelsAreThoseOfSlices(scan, labels, Axis.Y, new Window(40, 400, Window.Shape.LINEAR_EXACT));
        segment(scan, "--window", "raw").succeeded();
        labelsAreThoseOfSlices(scan, labels, Axis.Z, null);
        assertEquals(List.of("i2-be-labels.nii.gz"), Run.files(dir.resolve("out")), "no overlay, no temporary file");
    }

    @Test
    void pointsOfTimePairsAndFolders() throws IOException {
        Path folder = Files.createDirectories(dir.resolve("scans"));
        for (String name : List.of("four.nii.gz", "pair.hdr", "pair.img")) {
            Files.copy(FILES.resolve(name), folder.resolve(name));
        }
        segment(folder, "--quiet").succeeded();
        assertEquals(List.of("four-labels.nii.gz", "pair-labels.nii.gz"), Run.files(dir.resolve("out")));
        labelsAreThoseOfSlices(folder.resolve("four.nii.gz"), dir.resolve("out/four-labels.nii.gz"), Axis.Z,
                Window.between(-400, 2000));
        labelsAreThoseOfSlices(folder.resolve("pair.img"), dir.resolve("out/pair-labels.nii.gz"), Axis.Z,
                Window.between(-200, 1000));
        Files.copy(dir.resolve("out/four-labels.nii.gz"), folder.resolve("four-labels.nii.gz"));
        Run run = segment(folder, "--json");
        assertTrue(run.err().contains("four-labels.nii.gz: left out as a result of an earlier run"), run.err());
        assertEquals(2, Json.parse(run.out(), "out").at("volumes").size());
    }

    @Test
    void volumesInCubicMillimetres() {
        Path scan = FILES.resolve("scaled.nii.gz");
        Path table = dir.resolve("m.json");
        Run run = segment(scan, "--measure", table, "--json", "--classes", "none,one,two", "--background", "none", "--min-area",
                "2")
                .succeeded();
        List<Json> rows = Json.read(table).items();
        assertFalse(rows.isEmpty());
        try (Volume volume = Nifti.open(scan); Volume labels = Nifti.open(dir.resolve("out/scaled-labels.nii.gz"))) {
            VolumeObjects objects = new VolumeObjects(volume.grid(), Axis.Z, VolumeObjects.CORNERS, 0,
                    volume.grid().toPatient().voxelVolume());
            for (int k = 0; k < 7; k++) {
                objects.add(0, k, LabelMap.of(16, 12, ints(labels.read(Axis.Z, 0, k))), volume.read(Axis.Z, 0, k));
            }
            List<VolumeObject> found = objects.finish().stream().filter(o -> o.voxels() > 1).toList();
            assertEquals(found.size(), rows.size());
            for (int i = 0; i < rows.size(); i++) {
                assertEquals(found.get(i).volume(), rows.get(i).at("volume_mm3").asDouble(), 0);
                assertEquals(1.5 * found.get(i).voxels(), rows.get(i).at("volume_mm3").asDouble(), 1e-4);
                assertEquals(found.get(i).intensities().getFirst().mean(), rows.get(i).at("intensity_mean").asDouble(), 0);
                assertEquals(List.of("none", "one", "two").get(found.get(i).label()), rows.get(i).at("class").asString());
            }
        }
        for (Json c : Json.parse(run.out(), "out").at("volumes").items().getFirst().at("classes").items()) {
            assertEquals(1.5 * c.at("voxels").asInt(), c.at("volume_mm3").asDouble(), 1e-4);
        }
    }

    /** Slices measured as pictures have the file's spacing, of the axes that they show. */
    @Test
    void slicesInMillimetres() throws IOException {
        Path scan = FILES.resolve("i2-le.nii.gz");
        Path table = dir.resolve("m.csv");
        segment(scan, "--measure", table, "--per-slice", "--axis", "x", "--fill-holes").succeeded();
        List<String> lines = Files.readAllLines(table);
        List<String> names = List.of(lines.getFirst().split(","));
        String[] first = lines.get(1).split(",");
        assertEquals(scan + " slice 1", first[0]);
        assertEquals(0.8, Double.parseDouble(first[names.indexOf("pixel_width_mm")]), 1e-6, "rows across");
        assertEquals(2.5, Double.parseDouble(first[names.indexOf("pixel_height_mm")]), 1e-6, "slices down");
        assertEquals(2 * Integer.parseInt(first[names.indexOf("area")]), Double.parseDouble(first[names.indexOf("area_mm2")]),
                1e-4);
    }

    @Test
    void whatMakesNoSenseIsRefused() throws IOException {
        Path scan = FILES.resolve("i2-le.nii.gz");
        Path picture = dir.resolve("a.png");
        Image.blank(16, 16, PixelFormat.GRAY8).writePng(picture);
        segment(scan, "--format", "rle").failedWith(ExitCode.FAILED, "--format rle", "pictures");
        segment(picture, "--axis", "x").failedWith(ExitCode.FAILED, "--axis", "volumes");
        segment(picture, scan).failedWith(ExitCode.FAILED, "a.png: is no volume", "calls of their own");
        segment(scan, "--measure", dir.resolve("m.csv"), "--split").failedWith(ExitCode.FAILED, "--per-slice");
        segment(FILES.resolve("nowhere.nii.gz"), "--axis", "axial").succeeded();
        segment(dir.resolve("none.nii")).failedWith(ExitCode.FAILED, "none.nii: no such file");
        Path cut = Files.write(dir.resolve("cut.nii"), Arrays.copyOf(Files.readAllBytes(FILES.resolve("qform.nii")), 2000));
        segment(cut).failedWith(ExitCode.FAILED, "cut.nii: truncated");
        Run some = segment(cut, scan);
        assertEquals(ExitCode.SOME_FAILED, some.code());
        assertTrue(Files.exists(dir.resolve("out/i2-le-labels.nii.gz")));
        Path in = Files.copy(scan, dir.resolve("x-labels.nii.gz"));
        Files.copy(scan, dir.resolve("x.nii.gz"));
        Run.of("segment", in, dir.resolve("x.nii.gz"), "--out", dir).failedWith(ExitCode.FAILED, "would overwrite this input");
    }
}

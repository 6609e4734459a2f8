package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.json.Json;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Volume;
import dev.kerf.medical.Window;
import dev.kerf.medical.dicom.DicomSeries;
import dev.kerf.medical.nifti.Nifti;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf segment} of DICOM files and series; what they say of a patient is nowhere to be seen. */
class SegmentDicomTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/dicom");

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

    @Test
    void aSeriesIsAVolume() throws IOException {
        Run run = segment(FILES.resolve("series"), "--format", "nifti", "--measure", dir.resolve("m.csv")).succeeded();
        assertTrue(run.out().startsWith(FILES.resolve("series") + "  24x20x6  "), run.out());
        List<Path> files = Files.list(FILES.resolve("series")).toList();
        try (Volume volume = DicomSeries.among(files, "series", _ -> {}).getFirst().open();
                Volume labels = Nifti.open(dir.resolve("out/series-labels.nii.gz"));
                Device device = Backends.open("cpu");
                Weights weights = Weights.open(dir.resolve("unet.safetensors"));
                UNet net = UNet.load(device, weights)) {
            assertTrue(volume.grid().toPatient().agrees(labels.grid().toPatient(), 1e-6), "to float32");
            for (int k = 0; k < 6; k++) {
                int[] expected = net.segment(volume.read(Axis.Z, 0, k).toImage(new Window(40, 400, Window.Shape.LINEAR)),
                        SegmentOptions.of()).labels().toArray();
                assertArrayEquals(expected, Arrays.stream(labels.read(Axis.Z, 0, k).values()).mapToInt(v -> (int) v).toArray());
            }
        }
        assertTrue(Files.readAllLines(dir.resolve("m.csv")).getFirst().contains("volume_mm3"));
    }

    @Test
    void oneFileIsAPictureAndFramesAreAVolume() throws IOException {
        segment(FILES.resolve("u8.dcm"), "--format", "nifti", "--measure", dir.resolve("m.csv")).succeeded();
        String[] names = Files.readAllLines(dir.resolve("m.csv")).getFirst().split(",");
        assertTrue(List.of(names).containsAll(List.of("pixel_width_mm", "area_mm2", "perimeter_mm")),
                "measured as a picture, in mm");
        String[] row = Files.readAllLines(dir.resolve("m.csv")).get(1).split(",");
        assertEquals(FILES.resolve("u8.dcm").toString(), row[0]);
        assertEquals("0.65", row[List.of(names).indexOf("pixel_width_mm")]);
        assertEquals("0.7", row[List.of(names).indexOf("pixel_height_mm")]);
        segment(FILES.resolve("cine.dcm"), FILES.resolve("lossless4.dcm"), FILES.resolve("rlergb.dcm"), "--format", "nifti",
                "--json");
        assertEquals(List.of("cine-labels.nii.gz", "lossless4-labels.nii.gz", "rlergb-labels.nii.gz", "u8-labels.nii.gz"),
                Run.files(dir.resolve("out")));
    }

    @Test
    void mixedFoldersAreToldApart() {
        Run run = segment(FILES.resolve("mixed"), "--format", "nifti", "--json");
        assertEquals(0, run.code(), run.err());
        assertEquals(3, Json.parse(run.out(), "out").at("volumes").size());
        assertTrue(run.err().contains("3 volumes, told apart by"), run.err());
        assertEquals(List.of("mixed-1-labels.nii.gz", "mixed-2-labels.nii.gz", "mixed-3-labels.nii.gz"),
                Run.files(dir.resolve("out")));
        assertTrue(segment(FILES.resolve("gap"), "--format", "nifti").err()
                .contains("3 slices are missing, between slices 3 and 4"));
        segment(FILES.resolve("doubled"), "--format", "nifti").failedWith(ExitCode.FAILED, "1 slice lies where another does");
        Run some = segment(FILES.resolve("bad/jpeg2000.dcm"), FILES.resolve("u8.dcm"), "--format", "nifti");
        assertEquals(ExitCode.SOME_FAILED, some.code(), "what isn't read fails by itself");
        assertTrue(some.err().contains("1.2.840.10008.1.2.4.90") && some.out().contains("u8.dcm"), some.err() + some.out());
        segment(FILES.resolve("bad")).failedWith(ExitCode.FAILED, "1.2.840.10008.1.2.4.90", "gdcmconv");
        segment(FILES.resolve("series"), "--axis", "x", "--format", "nifti").failedWith(ExitCode.FAILED, "across z");
    }

    @Test
    void labelsOfDicomAreDicom() throws IOException {
        Run run = segment(FILES.resolve("series"), FILES.resolve("rle8.dcm"), "--codes", "1=10200004:SCT:Liver", "--background",
                "0")
                .succeeded();
        assertTrue(run.out().contains("24x20x6"), run.out());
        assertEquals(List.of("rle8-labels.dcm", "series-labels.dcm"), Run.files(dir.resolve("out")));
        String written = Files.readString(dir.resolve("out/series-labels.dcm"), StandardCharsets.ISO_8859_1);
        assertTrue(written.contains("10200004") && written.contains("Liver"));
        segment(FILES.resolve("series"), "--format", "nifti,seg").succeeded();
        assertEquals(List.of("rle8-labels.dcm", "series-labels.dcm", "series-labels.nii.gz"), Run.files(dir.resolve("out")));
        segment(FILES.resolve("series"), "--codes", "liver=10200004:SCT:Liver").failedWith(ExitCode.FAILED, "--codes liver",
                "no such class");
        Path nifti = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/nifti/i2-le.nii.gz");
        segment(nifti, "--format", "seg").failedWith(ExitCode.FAILED, "i2-le.nii.gz", "refers to DICOM files");
        segment(Path.of("src/main/samples/tissue-1.png"), "--format", "seg").failedWith(ExitCode.FAILED, "for volumes");
    }

    @Test
    void nothingSaysWhoItIs() throws IOException {
        StringBuilder said = new StringBuilder();
        Object[][] calls = {{FILES.resolve("series"), "--measure", dir.resolve("m.json"), "--json"}, {FILES.resolve("mixed")},
            {FILES.resolve("enhanced.dcm")}, {FILES.resolve("doubled")}, {FILES.resolve("gap"), "--window", "full"},
            {FILES.resolve("bad/jpeg2000.dcm")},
            {FILES.resolve("mono1.dcm"), "--window", "raw", "--measure", dir.resolve("n.csv")}};
        for (Object[] call : calls) {
            Object[] all = Arrays.copyOf(call, call.length + 2);
            all[call.length] = "--format";
            all[call.length + 1] = call.length == 1 ? "seg" : "nifti";
            Run run = segment(all);
            said.append(run.out()).append(run.err());
        }
        for (String name : Run.files(dir)) {
            said.append(name).append('\n');
            Path file = dir.resolve(name);
            if (name.endsWith(".gz")) {
                try (GZIPInputStream in = new GZIPInputStream(Files.newInputStream(file))) {
                    said.append(new String(in.readAllBytes(), StandardCharsets.ISO_8859_1));
                }
            } else if (Files.isRegularFile(file) && !name.endsWith(".safetensors") && !name.endsWith(".dcm")) {
                said.append(Files.readString(file));
            }
        }
        assertTrue(said.length() > 10_000);
        for (String secret : List.of("SECRET", "19700203", "20200102", "1.2.826.0.1.3680043.9.9999")) {
            assertFalse(said.toString().contains(secret), secret);
        }
    }
}

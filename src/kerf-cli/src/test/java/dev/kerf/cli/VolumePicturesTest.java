package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.volume.VolumePictures;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Volume;
import dev.kerf.medical.Window;
import dev.kerf.medical.nifti.Nifti;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.weights.Safetensors;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands for pictures take slices of NIfTI and DICOM files as a file's pages, and measure in their millimetres. */
class VolumePicturesTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical");

    @TempDir
    private Path dir;

    private Run detect(Path file, Object... more) {
        Path net = dir.resolve("rcnn.safetensors");
        Safetensors.write(net, SmallRcnns.torchvision(91, true), Map.of());
        Object[] all = new Object[more.length + 16];
        System.arraycopy(new Object[] {"detect", file, "--backend", "cpu", "--weights", net, "--out", dir.resolve("out"),
            "--min-size", "64",
            "--max-size", "120", "--score", "0.05", "--measure", dir.resolve("m.json")}, 0, all, 0, 16);
        System.arraycopy(more, 0, all, 16, more.length);
        return Run.of(all);
    }

    @Test
    void aDicomFileIsAPicture() {
        detect(FILES.resolve("dicom/u8.dcm")).succeeded();
        assertEquals(List.of("u8-instances.json", "u8-overlay.png"), Run.files(dir.resolve("out")));
        List<Json> rows = Json.read(dir.resolve("m.json")).items();
        assertFalse(rows.isEmpty());
        assertEquals(0.65, rows.getFirst().at("pixel_width_mm").asDouble());
        assertEquals(0.7, rows.getFirst().at("pixel_height_mm").asDouble());
        assertEquals("24x20 RGB8", Image.read(dir.resolve("out/u8-overlay.png")).toString());
    }

    @Test
    void slicesArePages() {
        Path scan = FILES.resolve("nifti/scaled.nii.gz");
        detect(scan, "--no-overlay").succeeded();
        assertEquals(7, Run.files(dir.resolve("out")).size());
        assertTrue(Run.files(dir.resolve("out")).contains("scaled-page-3-instances.json"), "the name without .nii.gz");
        detect(scan, "--page", "8").failedWith(ExitCode.FAILED, "there is no page 8, it has 7 slices");
        try (Volume volume = Nifti.open(scan)) {
            double[] values = volume.read(Axis.Z, 0, 2).values();
            double low = Arrays.stream(values).min().orElseThrow();
            double high = Arrays.stream(values).max().orElseThrow();
            Image expected = volume.read(Axis.Z, 0, 2).toImage(Window.between(low, high));
            assertEquals(-1, expected.data().mismatch(VolumePictures.read(scan, 2).data()));
        }
    }

    @Test
    void whatIsDamagedIsSaid() {
        detect(FILES.resolve("dicom/bad/jpeg2000.dcm")).failedWith(ExitCode.FAILED, "1.2.840.10008.1.2.4.90");
        detect(dir.resolve("none.dcm")).failedWith(ExitCode.FAILED, "none.dcm: no such file");
    }
}

package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf evaluate} of NIfTI volumes against what numpy and surface-distance say ({@code make_nifti.py} of the medical module). */
class EvaluateVolumeTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/nifti");

    @TempDir
    private Path dir;

    private static void agrees(Json report) {
        List<Json> figures = Json.read(FILES.resolve("figures.json")).at("agreement").items();
        List<Json> classes = report.at("classes").items();
        assertEquals(3, classes.size());
        for (int c = 0; c < 3; c++) {
            Json said = figures.get(c);
            assertEquals(said.at("dice").asDouble(), classes.get(c).at("dice").asDouble(), 1e-12);
            assertEquals(said.at("iou").asDouble(), classes.get(c).at("iou").asDouble(), 1e-12);
            Json distances = classes.get(c).at("distances");
            assertEquals("mm", distances.at("unit").asString());
            for (String score : List.of("hausdorff", "hausdorff95", "surfaceDice")) {
                assertEquals(said.at(score).asDouble(), distances.at(score).at("mean").asDouble(), 1e-9,
                        score + " of class " + c);
            }
        }
    }

    @Test
    void twoVolumesByTheirOwnSpacing() {
        Run run = Run.of("evaluate", "--predicted", FILES.resolve("worse.nii.gz"), "--truth", FILES.resolve("labels.nii.gz"),
                "--distances",
                "--json", "--backend", "cpu").succeeded();
        agrees(Json.parse(run.out(), "out"));
    }

    @Test
    void foldersOfVolumes() throws IOException {
        Path predicted = Files.createDirectory(dir.resolve("p"));
        Path truth = Files.createDirectory(dir.resolve("t"));
        Files.copy(FILES.resolve("worse.nii.gz"), predicted.resolve("scan-labels.nii.gz"));
        Files.copy(FILES.resolve("labels.nii.gz"), truth.resolve("scan.nii.gz"));
        Run run = Run.of("evaluate", "--predicted", predicted, "--truth", truth, "--distances=1", "--spacing", "0.75,0.8,2.5mm",
                "--json",
                "--backend", "cpu").succeeded();
        Json report = Json.parse(run.out(), "out");
        assertEquals(Json.read(FILES.resolve("figures.json")).at("agreement").items().get(2).at("hausdorff95").asDouble(),
                report.at("classes").items().get(2).at("distances").at("hausdorff95").at("mean").asDouble(), 1e-6);
        Image.blank(16, 84, PixelFormat.GRAY8).writePng(predicted.resolve("other.png"));
        Image.blank(16, 84, PixelFormat.GRAY8).writePng(truth.resolve("other.png"));
        Run mixed = Run.of("evaluate", "--predicted", predicted, "--truth", truth, "--distances", "--backend", "cpu");
        assertEquals(ExitCode.SOME_FAILED, mixed.code());
        assertTrue(mixed.err().contains("give --spacing"), mixed.err());
    }

    @Test
    void whatCantBeComparedIsSaid() throws IOException {
        Path truth = FILES.resolve("labels.nii.gz");
        Run.of("evaluate", "--predicted", FILES.resolve("worse.nii.gz"), "--truth", truth, "--boundary", "--backend", "cpu")
                .failedWith(ExitCode.FAILED, "--boundary is for pictures");
        Run.of("evaluate", "--predicted", FILES.resolve("nowhere.nii.gz"), "--truth", truth, "--threshold", "0", "--backend",
                "cpu")
                .failedWith(ExitCode.FAILED, "nowhere.nii.gz lies elsewhere than", "labels.nii.gz");
        Run.of("evaluate", "--predicted", FILES.resolve("i2-le.nii.gz"), "--truth", truth, "--num-classes", "3", "--backend",
                "cpu")
                .failedWith(ExitCode.FAILED, "i2-le.nii.gz: the value -200.0 is no label", "--threshold");
        Run.of("evaluate", "--predicted", FILES.resolve("i2-le.nii.gz"), "--truth", truth, "--threshold", "300", "--backend",
                "cpu", "--map",
                "2=1").succeeded();
        Path cut = Files.write(dir.resolve("cut.nii"), new byte[400]);
        Run.of("evaluate", "--predicted", cut, "--truth", truth, "--num-classes", "3", "--backend", "cpu").failedWith(
                ExitCode.FAILED,
                "cut.nii: isn't NIfTI");
    }
}

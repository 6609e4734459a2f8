package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ToolCommandsTest {
    private static final Path GOLDEN = Path.of("src/kerf-check/src/test/resources/goldens/unet-quick");

    @TempDir
    private Path dir;

    @Test
    void devices() {
        assertTrue(Run.of("devices").out().contains("cpu:0  "));
        assertFalse(Run.of("devices").out().contains("ptx"));
        assertTrue(Run.of("devices", "--all").out().contains("ptx:0  PTX interpreter"));
        Json cpu = Json.parse(Run.of("devices", "--json").out()).at("backends").items().stream()
                .filter(b -> b.at("name").asString().equals("cpu")).findFirst().orElseThrow();
        assertTrue(cpu.at("available").asBoolean());
        assertEquals("cpu:0", cpu.at("devices").at(0).at("id").asString());
    }

    @Test
    void helpAndVersion() {
        assertTrue(Run.of("--version").succeeded().out().startsWith("kerf "));
        assertTrue(Run.of("help", "segment").succeeded().out().contains("--[no-]overlay"));
        for (String command : new String[] {"segment", "detect", "panoptic", "sam", "track", "cutout", "blur", "serve",
            "evaluate",
            "devices", "weights", "trace", "diff", "export", "selftest", "bench", "kernels"}) {
            assertTrue(Run.of(command, "--help").succeeded().out().contains("Usage: kerf " + command));
            assertTrue(Run.of("--help").out().contains("  " + command), command);
        }
    }

    @Test
    void weightsInAndOut() throws IOException {
        Path target = dir.resolve("training.safetensors");
        Run.of("weights", "import", "src/kerf/src/test/resources/dev/kerf/weights/training.pt", "-o", target, "--dtype", "f16")
                .succeeded();
        Json said = Json.parse(Run.of("weights", "inspect", "--json", target).succeeded().out());
        try (Safetensors file = Safetensors.open(target)) {
            assertEquals(file.names(), said.at("tensors").items().stream().map(t -> t.at("name").asString()).toList());
            assertTrue(file.tensors().values().stream().anyMatch(t -> t.dtype() == DType.F16));
        }
        String unet = Run.of("weights", "inspect", Run.unet(dir.resolve("net.safetensors"), 3, 2, true)).succeeded().out();
        assertTrue(unet.contains("inc.double_conv.0.weight"), unet);
        assertTrue(unet.contains("U-Net: depth 1, widths [4, 8], 3 channels in, bilinear up-sampling, batch norm"), unet);
    }

    /** A file's names and metadata can't steer the terminal, nor add lines of their own. */
    @Test
    void whatAFileSaysIsOnlyShown() {
        Path file = dir.resolve("escapes.safetensors");
        Safetensors.write(file, Map.of("a\u001b[5mb\u009b2Jc", HostTensor.of(Shape.of(1), new float[1])),
                Map.of("x\u001b[31m", "v\u0007\nkerf: all is well"));
        String said = Run.of("weights", "inspect", file).succeeded().out();
        assertTrue(said.lines().anyMatch(l -> l.startsWith("a [5mb 2Jc  F32")), said);
        assertTrue(said.lines().anyMatch(l -> l.equals("x [31m: v  kerf: all is well")), said);
        assertTrue(said.codePoints().noneMatch(c -> Character.isISOControl(c) && c != '\n'), said);
        Path other = dir.resolve("other.safetensors");
        Safetensors.write(other, Map.of("d\u001b[5m", HostTensor.of(Shape.of(1), new float[1])), Map.of());
        said = Run.of("diff", file, other).out();
        assertTrue(said.contains("d\uFFFD[5m"), said);
        Json json = Json.parse(Run.of("weights", "inspect", "--json", file).succeeded().out());
        assertEquals("a\u001b[5mb\u009b2Jc", json.at("tensors").at(0).at("name").asString());
    }

    @Test
    void architecture() {
        Path sam = dir.resolve("sam.safetensors");
        Run.sam2(sam);
        assertTrue(Run.of("weights", "inspect", sam).succeeded().out().contains("\nSAM 2.1: Hiera tiny, 12 blocks"));
        Path part = dir.resolve("part.safetensors");
        Safetensors.write(part, Map.of("image_encoder.trunk.patch_embed.proj.weight",
                HostTensor.of(Shape.of(1), new float[1])), Map.of());
        String said = Run.of("weights", "inspect", part).succeeded().out();
        assertTrue(said.contains("\nof kind sam2, but no whole one: "), said);
    }

    @Test
    void goldenCaseWithinItsBounds() {
        Path stages = dir.resolve("stages.safetensors");
        Run.of("trace", "--golden", GOLDEN, "--backend", "cpu", "--out", stages).succeeded();
        Run.of("diff", "--golden", GOLDEN, stages).succeeded();
        Path wrong = dir.resolve("wrong.safetensors");
        try (Safetensors file = Safetensors.open(stages)) {
            HostTensor logits = HostTensor.of(file.tensor("logits").shape(), file.tensor("logits").toFloatArray());
            for (long i = 0; i < logits.elements(); i++) {
                logits.setDouble(i, 1.001 * logits.getDouble(i));
            }
            Safetensors.write(wrong, Map.of("logits", logits), Map.of());
        }
        Run run = Run.of("diff", "--golden", GOLDEN, wrong);
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.out().lines().anyMatch(l -> l.startsWith("logits") && l.endsWith("FAILED")), run.out());
        assertTrue(run.out().lines().anyMatch(l -> l.startsWith("inc ") && l.contains("missing")), run.out());
    }

    @Test
    void traceOfAnImage() {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Path image = dir.resolve("a.png");
        Image.blank(8, 6, PixelFormat.RGB8).writePng(image);
        Path stages = dir.resolve("t.safetensors");
        Run.of("trace", "--weights", net, "--image", image, "--backend", "cpu", "--threads", "1", "--out", stages).succeeded();
        try (Safetensors file = Safetensors.open(stages)) {
            assertTrue(file.names().containsAll(List.of("input", "inc", "down1", "up1", "logits", "labels")));
        }
        Run.of("diff", stages, stages, "--tolerance", "0").succeeded();
    }

    @Test
    void differences() {
        Path a = dir.resolve("a.npy");
        Path b = dir.resolve("b.npy");
        HostTensor.of(Shape.of(2), new float[] {3, 4.5f}).writeNpy(a);
        HostTensor.of(Shape.of(2), new float[] {3, 4}).writeNpy(b);
        assertTrue(Run.of("diff", a, b).succeeded().out().contains("5.00e-01   1.00e-01"));
        Run.of("diff", a, b, "--tolerance", "0.11").succeeded();
        assertEquals(ExitCode.FAILED, Run.of("diff", a, b, "--tolerance", "0.09").code());
        HostTensor.of(Shape.of(2), new float[] {3, Float.NaN}).writeNpy(b);
        assertEquals(ExitCode.FAILED, Run.of("diff", a, b).code());
        Path c = dir.resolve("c.safetensors");
        Safetensors.write(c,
                Map.of("array", HostTensor.of(Shape.of(1), new float[1]), "b", HostTensor.of(Shape.of(1), new float[1])),
                Map.of());
        Run run = Run.of("diff", a, c);
        assertEquals(ExitCode.FAILED, run.code());
        assertTrue(run.out().contains("differs in shape"), run.out());
        assertTrue(run.out().contains("only in " + c), run.out());
    }

    @Test
    void export() throws IOException {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        Path onnx = dir.resolve("net.onnx");
        Run.of("export", "--onnx", onnx, "--weights", net, "--size", "24x16", "--stages", "inc,down1").succeeded();
        assertTrue(Files.size(onnx) > Files.size(net) / 2);
        Run.of("export", "--onnx", dir.resolve("x.onnx"), "--weights", net, "--size", "24x16", "--stages", "nope")
                .failedWith(ExitCode.USAGE, "nope");
    }
}

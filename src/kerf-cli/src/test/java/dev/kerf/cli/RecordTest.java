package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@code --resume} takes for done: what this run would make again, and nothing that looks like it. */
class RecordTest {
    private static final int SIDE = 48;

    @TempDir
    private Path dir;

    private Path manifest() {
        return dir.resolve("out/kerf-manifest.jsonl");
    }

    private Path picture(String name, int step) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        Image image = Image.blank(SIDE, SIDE, PixelFormat.GRAY8);
        for (int i = 0; i < SIDE * SIDE; i++) {
            image.setSample(i % SIDE, i / SIDE, 0, step * i % 251);
        }
        image.writePng(file);
        return file;
    }

    /** Two pages, grey, of other pixels. */
    private Path pages(String name) throws IOException {
        int begin = 8 + 2 * (2 + 9 * 12 + 4);
        ByteBuffer b = ByteBuffer.allocate(begin + 2 * SIDE * SIDE).order(ByteOrder.LITTLE_ENDIAN);
        b.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8);
        for (int page = 0; page < 2; page++) {
            int[][] tags = {{256, SIDE}, {257, SIDE}, {258, 8}, {259, 1}, {262, 1}, {273, begin + page * SIDE * SIDE},
                {277, 1}, {278, SIDE}, {279, SIDE * SIDE}};
            b.putShort((short) tags.length);
            for (int[] t : tags) {
                b.putShort((short) t[0]).putShort((short) 4).putInt(1).putInt(t[1]);
            }
            b.putInt(page == 0 ? b.position() + 4 : 0);
        }
        for (int i = 0; i < 2 * SIDE * SIDE; i++) {
            b.put((byte) (i < SIDE * SIDE ? i % SIDE * 5 : i / SIDE * 7));
        }
        return Files.write(dir.resolve(name), b.array());
    }

    private Run run(String command, Object... more) {
        List<Object> all = new ArrayList<>(List.of(command, "--backend", "cpu", "--out", dir.resolve("out"), "--json"));
        all.addAll(Arrays.asList(more));
        return Run.of(all.toArray());
    }

    private int skipped(Object... more) {
        Run run = run("segment", more);
        assertEquals(ExitCode.OK, run.code(), run.err());
        return Json.parse(run.out()).at("skipped").asInt();
    }

    private byte[] labels(String name) throws IOException {
        return Files.readAllBytes(dir.resolve("out").resolve(name + "-labels.png"));
    }

    @Test
    void anotherPageIsAnotherPicture() throws IOException {
        Path file = pages("p.tif");
        assertEquals(0, skipped(file, "--page", 1, "--resume"));
        byte[] first = labels("p");
        assertEquals(1, skipped(file, "--page", 1, "--resume"));
        assertEquals(0, skipped(file, "--page", 2, "--resume"));
        assertFalse(Arrays.equals(first, labels("p")), "of the second page");
        assertEquals(1, skipped(file, "--page", 2, "--resume"));
        assertEquals(0, skipped(file, "--page", 1, "--resume"));
        assertArrayEquals(first, labels("p"));
    }

    @Test
    void aFileThatAnotherRunWroteIsNoResult() throws IOException {
        Object[] a = {picture("a/x.png", 3), picture("a/y.png", 5), "--resume"};
        Object[] b = {picture("b/x.png", 7), picture("b/y.png", 11), "--resume"};
        assertEquals(0, skipped(a));
        byte[] first = labels("x");
        assertEquals(0, skipped(b));
        assertEquals(0, skipped(a));
        assertArrayEquals(first, labels("x"));
        assertEquals(2, skipped(a));
        // One alone notes nothing.
        assertEquals(0, skipped(b[0]));
        assertEquals(1, skipped(a));
        assertArrayEquals(first, labels("x"));
    }

    /** What every run writes of all that is done doesn't make it undone. */
    @Test
    void annotationsAreWrittenAgain() throws IOException {
        Object[] call = {picture("a/x.png", 3), picture("a/y.png", 5), "--annotations", "yolo,qupath,cvat,label-studio",
            "--resume"};
        assertEquals(0, skipped(call));
        assertEquals(2, skipped(call));
        assertEquals(2, skipped(call));
        assertEquals(2, Files.readAllLines(manifest()).size());
    }

    @Test
    void linesThatSayTooLittleCountForNothing() throws IOException {
        Object[] two = {picture("a/x.png", 3), picture("a/y.png", 5), "--resume"};
        skipped(two);
        List<String> lines = Files.readAllLines(manifest());
        for (String what : List.of("\"size\"", "\"modified\"", "\"outputs\"")) {
            Files.writeString(manifest(),
                    lines.getFirst().replaceFirst(what, "\"other\"") + "\n" + lines.getLast() + "\n" + "{\"input\": \"z");
            assertEquals(1, skipped(two), what);
            assertEquals(3, Files.readAllLines(manifest()).size(), what);
            Files.readAllLines(manifest()).forEach(Json::parse);
        }
    }

    /** One that was there before outlives whatever comes after it, unless that begins another, and says so. */
    @Test
    void aRecordIsReplacedWhenThereIsAnother() throws IOException {
        Path x = picture("a/x.png", 3);
        Path y = picture("a/y.png", 5);
        assertEquals(0, skipped(x, y, "--resume"));
        byte[] before = Files.readAllBytes(manifest());
        Run refused = run("segment", picture("out/q.png", 7), picture("out/q-labels.png", 9), "--scale", "0.5");
        assertTrue(refused.code() != 0 && refused.err().contains("--out"), refused.err());
        run("segment", dir.resolve("out/none.png"), dir.resolve("out/nor.png"), "--scale", "0.5");
        assertArrayEquals(before, Files.readAllBytes(manifest()), "nothing was done");
        assertEquals(0, skipped(x, y));
        assertEquals(4, Files.readAllLines(manifest()).size(), "as it was, and two more");
        assertEquals(2, skipped(x, y, "--resume"));
        Run other = run("segment", x, y, "--scale", "0.5");
        assertEquals(ExitCode.OK, other.code());
        assertEquals(1, other.err().lines().filter(l -> l.contains("was of a run with other options")).count(), other.err());
        assertEquals(2, Files.readAllLines(manifest()).size());
    }

    /** Results are results where they can't be noted. */
    @Test
    void aRecordThatCantBeWritten() throws IOException {
        Files.createDirectories(manifest());
        Run run = run("segment", picture("a/x.png", 3), picture("a/y.png", 5));
        assertEquals(ExitCode.OK, run.code());
        assertEquals(2, Json.parse(run.out()).at("images").size());
        assertTrue(run.err().contains("--resume won't skip"), run.err());
    }

    @Test
    void whatLiesBesideAModelIsOfTheModel() throws IOException {
        Path net = dir.resolve("net.onnx");
        float[] w = new float[300];
        for (float plus : new float[] {0, 1}) {
            GraphBuilder g = new GraphBuilder();
            var x = g.input("image", TensorType.f32(1, 3, SIDE, SIDE));
            g.output("logits", g.conv2d(x, g.weight("w", Shape.of(100, 3, 1, 1)), null, Window2d.of()));
            w[3] += plus;
            OnnxExport.write(g.build(), Weights.of(Map.of("w", HostTensor.of(Shape.of(100, 3, 1, 1), w))), net,
                    OnnxExport.Options.of().inlineBytes(0));
            Run run = run("segment", picture("a/x.png", 3), "--weights", net, "--resume");
            if (plus == 0) {
                assertEquals(ExitCode.OK, run.code(), run.err());
                assertTrue(Files.size(net) < 1000 && Files.exists(dir.resolve("net.onnx.data")), "numbers lie beside it");
            } else {
                run.failedWith(ExitCode.FAILED, "other weights");
            }
        }
    }

    @Test
    void aBackgroundIsWhatIsInItsFile() throws IOException {
        Path net = Discs.network(dir.resolve("net.onnx"), SIDE, SIDE);
        Path wall = picture("wall.png", 3);
        Discs.picture(SIDE, SIDE, PixelFormat.RGB8).writePng(dir.resolve("disc.png"));
        Object[] call = {dir.resolve("disc.png"), "--weights", net, "--background", wall, "--resume"};
        assertEquals(ExitCode.OK, run("cutout", call).code());
        assertEquals(1, Json.parse(run("cutout", call).out()).at("skipped").asInt());
        picture("wall.png", 5);
        run("cutout", call).failedWith(ExitCode.FAILED, "other options");
    }
}

package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Palette;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Safetensors;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf evaluate} over small directories made here. */
class EvaluateCommandTest {
    private static final double EXACT = 1e-12;

    @TempDir
    private Path directory;
    private Path predicted;
    private Path truth;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();

    @BeforeEach
    void directories() throws IOException {
        predicted = Files.createDirectory(directory.resolve("predicted"));
        truth = Files.createDirectory(directory.resolve("truth"));
    }

    private int evaluate(String... more) {
        List<String> args = new ArrayList<>(List.of("evaluate", "--predicted", predicted.toString(), "--truth",
                truth.toString(), "--backend", "cpu"));
        args.addAll(List.of(more));
        out.reset();
        err.reset();
        return Main.run(args.toArray(String[]::new), out, err);
    }

    private Json json(String... more) {
        List<String> args = new ArrayList<>(List.of(more));
        args.addAll(List.of("--json"));
        assertEquals(0, evaluate(args.toArray(String[]::new)), err::toString);
        return Json.parse(out.toString(StandardCharsets.UTF_8));
    }

    private static void palette(Path file, int width, int... labels) {
        LabelMap.of(width, labels.length / width, labels).writePng(file, Palette.of(4, 0));
    }

    private static void grey(Path file, int width, int... values) throws IOException {
        Image image = Image.blank(width, values.length / width, PixelFormat.GRAY8);
        for (int i = 0; i < values.length; i++) {
            image.setSample(i % width, i / width, 0, values[i]);
        }
        Files.write(file, image.toPng());
    }

    /** Outlines of two pixels, three apart; then of one that isn't found, and nothing at all. */
    @Test
    void distancesOfOutlines() {
        palette(truth.resolve("a.png"), 6, 0, 1, 0, 0, 0, 0);
        palette(predicted.resolve("a.png"), 6, 0, 0, 0, 0, 1, 0);
        palette(truth.resolve("b.png"), 3, 0, 1, 0);
        palette(predicted.resolve("b.png"), 3, 0, 1, 0);
        Json both = json("--distances=7", "--spacing", "2,1mm");
        Json first = both.at("perImage").at(0).at("distances").at(1);
        assertEquals(6, first.at("hausdorff").asDouble(), EXACT);
        assertEquals(5, first.at("averageSymmetric").asDouble(), EXACT);
        assertEquals(1, first.at("surfaceDice").asDouble(), EXACT);
        Json means = both.at("classes").at(1).at("distances");
        assertEquals("mm 7.0", means.at("unit").asString() + " " + means.at("tolerance").asDouble());
        assertEquals(3, means.at("hausdorff").at("mean").asDouble(), EXACT);
        assertEquals(List.of(0.0, 6.0),
                List.of(means.at("hausdorff").at("low").asDouble(), means.at("hausdorff").at("high").asDouble()));
        palette(predicted.resolve("b.png"), 3, 0, 0, 0);
        Json lost = json("--distances", "--num-classes", "3");
        Json second = lost.at("perImage").at(1).at("distances");
        assertEquals("Infinity", second.at(1).at("hausdorff95").asString());
        assertEquals(0, second.at(1).at("surfaceDice").asDouble());
        assertTrue(second.at(2).at("hausdorff").isNull(), "a class that is in neither");
        assertEquals(0, evaluate("--distances", "0.5"));
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("Dice within 0.50 px"), out.toString(StandardCharsets.UTF_8));
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("inf [3.0000, inf]"), out.toString(StandardCharsets.UTF_8));
        assertEquals(2, evaluate("--spacing", "1mm"));
    }

    @Test
    void objectsOneByOne() {
        palette(truth.resolve("a.png"), 6, 1, 1, 0, 2, 2, 2);
        palette(predicted.resolve("a.png"), 6, 3, 3, 0, 0, 1, 1);
        palette(truth.resolve("b.png"), 3, 0, 0, 0);
        palette(predicted.resolve("b.png"), 3, 0, 0, 0);
        Json found = json("--objects");
        assertEquals(1, found.at("at").at(3).at("ap").asDouble(), EXACT, "2 of 3 pixels at 0.65");
        assertEquals(1.0 / 3, found.at("at").at(4).at("ap").asDouble(), EXACT, "one of two at 0.7");
        assertEquals(0.8, found.at("aji").at("mean").asDouble(), EXACT);
        assertEquals(1, found.at("aji").at("images").asInt(), "nothing has no score");
        assertTrue(found.at("perImage").at(1).at("aji").isNull());
        assertEquals(0, evaluate("--objects"));
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("aggregated Jaccard index  0.8000 [0.8000, 0.8000]"),
                out.toString(StandardCharsets.UTF_8));
        assertEquals(2, evaluate("--objects", "--num-classes", "4"));
        assertEquals(1, evaluate("--video"));
    }

    /** The first frame and the last don't count, and what comes later isn't followed. */
    @Test
    void objectsThroughAVideo() {
        for (int t = 0; t < 4; t++) {
            palette(truth.resolve("0" + t + ".png"), 4, 1, 1, 0, 2, 1, 1, 0, t == 0 ? 2 : 3);
            palette(predicted.resolve("0" + t + ".png"), 4, 1, t == 1 ? 0 : 1, 0, 2, t == 3 ? 0 : 1, 1, 0, 0);
        }
        Json found = json("--video");
        assertEquals(2, found.at("frames").asInt());
        assertEquals(List.of(1, 2), found.at("objects").items().stream().map(o -> o.at("object").asInt()).toList());
        assertEquals((0.75 + 1) / 2, found.at("objects").at(0).at("j").asDouble(), EXACT);
        assertEquals(1, found.at("objects").at(1).at("j").asDouble(), EXACT);
        assertEquals((found.at("j").asDouble() + found.at("f").asDouble()) / 2, found.at("jAndF").asDouble(), EXACT);
        assertEquals(0, evaluate("--video"));
        assertTrue(out.toString(StandardCharsets.UTF_8).contains("mean       0.9375"), out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void twoPicturesWorkedByHand() {
        palette(truth.resolve("a.png"), 4, 0, 0, 1, 1);
        palette(predicted.resolve("a-labels.png"), 4, 0, 1, 1, 1);
        palette(truth.resolve("b.png"), 2, 0, 0, 0, 0);
        palette(predicted.resolve("b-labels.png"), 2, 0, 0, 0, 0);
        Json all = json("--classes", "ground,cell");
        assertEquals("[[5,1],[0,2]]", all.at("confusion").toString());
        Json cell = all.at("classes").items().get(1);
        assertEquals("cell", cell.at("name").asString());
        assertEquals(2.0 / 3, cell.at("iou").asDouble(), EXACT);
        assertEquals(0.8, cell.at("dice").asDouble(), EXACT);
        assertEquals(2.0 / 3, cell.at("precision").asDouble(), EXACT);
        assertEquals(1, cell.at("recall").asDouble(), EXACT);
        assertEquals(2, cell.at("truthPixels").asLong());
        assertEquals(3, cell.at("predictedPixels").asLong());
        // The second picture has no cell on either side.
        assertEquals(1, cell.at("imageMean").at("images").asLong());
        assertEquals(0.8, cell.at("imageMean").at("dice").asDouble(), EXACT);
        Json ground = all.at("classes").items().get(0);
        assertEquals(5.0 / 6, ground.at("iou").asDouble(), EXACT);
        assertEquals(0.75, ground.at("imageMean").at("iou").asDouble(), EXACT);
        assertEquals(7.0 / 8, all.at("pooled").at("pixelAccuracy").asDouble(), EXACT);
        assertEquals(0.875, all.at("imageMean").at("pixelAccuracy").asDouble(), EXACT);
        assertEquals(0.75, all.at("pooled").at("meanIou").asDouble(), EXACT);
        assertEquals(2, all.at("perImage").size());
        assertTrue(all.at("perImage").items().get(1).at("iou").items().get(1).isNull());
    }

    @Test
    void theTable() throws IOException {
        palette(truth.resolve("a.png"), 4, 0, 0, 1, 1);
        palette(predicted.resolve("a-labels.png"), 4, 0, 1, 1, 1);
        Path file = directory.resolve("scores.json");
        assertEquals(0, evaluate("--num-classes", "3", "--report", file.toString()), err::toString);
        String table = out.toString(StandardCharsets.UTF_8);
        assertTrue(table.contains("1 image, 4 pixels, 3 classes, on cpu"), table);
        String row = table.lines().filter(l -> l.startsWith("class 1")).findFirst().orElseThrow();
        assertEquals(List.of("class", "1", "0.6667", "0.8000", "0.6667", "1.0000", "2", "3", "0.6667", "0.8000", "1"),
                List.of(row.split(" +")));
        String absent = table.lines().filter(l -> l.startsWith("class 2")).findFirst().orElseThrow();
        assertEquals(List.of("class", "2", "-", "-", "-", "-", "0", "0", "-", "-", "0"), List.of(absent.split(" +")));
        assertTrue(table.lines().anyMatch(l -> l.matches("pixel accuracy +0\\.7500 +0\\.7500")), table);
        assertEquals(0.75, Json.read(file).at("pooled").at("pixelAccuracy").asDouble(), EXACT);
        assertEquals("", err.toString(StandardCharsets.UTF_8));
    }

    @Test
    void blackAndWhiteMasksAreZeroAndOne() throws IOException {
        grey(truth.resolve("0.png"), 2, 0, 255, 255, 255);
        palette(predicted.resolve("0-labels.png"), 2, 0, 1, 1, 0);
        assertEquals("[[1,0],[1,2]]", json().at("confusion").toString());
        grey(predicted.resolve("0-labels.png"), 2, 0, 255, 255, 0);
        assertEquals("[[1,0],[1,2]]", json("--classes", "a,b").at("confusion").toString());
        assertEquals("[[1,0],[1,2]]", json("--map", "255=1").at("confusion").toString());
        assertEquals("[[1,2],[1,0]]", json("--map", "255=0,0=1").at("confusion").toString());
    }

    @Test
    void ignoredPixelsCountNowhere() throws IOException {
        grey(truth.resolve("0.png"), 3, 0, 1, 255);
        grey(predicted.resolve("0.png"), 3, 0, 0, 1);
        Json all = json("--ignore", "255");
        assertEquals("[[1,0],[1,0]]", all.at("confusion").toString());
        assertEquals(255, all.at("ignore").asLong());
        assertEquals(2, all.at("pixels").asLong());
        assertEquals("[[1,0],[0,0]]", json("--ignore", "1", "--map", "255=1").at("confusion").toString());
    }

    /** Object numbers as segmentation tools store them: 32-bit TIFF, int32 and int64 arrays. */
    @Test
    void labelsPastSixteenBits() throws IOException {
        int[] objects = {0, 70_001, 70_001, Integer.MAX_VALUE};
        ByteBuffer tiff = ByteBuffer.allocate(8 + 2 + 12 * 8 + 4 + 16).order(ByteOrder.LITTLE_ENDIAN);
        tiff.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) 8);
        for (int[] tag : new int[][] {{256, 4}, {257, 1}, {258, 32}, {259, 1}, {262, 1}, {273, 110}, {278, 1}, {279, 16}}) {
            tiff.putShort((short) tag[0]).putShort((short) 4).putInt(1).putInt(tag[1]);
        }
        tiff.putInt(0);
        Arrays.stream(objects).forEach(tiff::putInt);
        Files.write(truth.resolve("a.tif"), tiff.array());
        HostTensor.of(Shape.of(1, 4), new int[] {0, 1, 2, 2}).writeNpy(predicted.resolve("a.npy"));
        assertEquals("[[1,0,0],[0,1,1],[0,0,1]]", json("--map", "70001=1,2147483647=2", "--num-classes", "3").at("confusion")
                .toString());
        Files.delete(truth.resolve("a.tif"));
        HostTensor.of(Shape.of(1, 4), new long[] {0, 70_001, 70_001, 5}).writeNpy(truth.resolve("a.npy"));
        assertEquals("[[1,0,0],[0,1,1],[0,0,1]]",
                json("--map", "70001=1,5=2", "--num-classes", "3").at("confusion").toString());
        HostTensor.of(Shape.of(1, 4), new long[] {0, 1L << 32, 1, 1}).writeNpy(truth.resolve("a.npy"));
        assertEquals(1, evaluate("--num-classes", "3"));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("a.npy: label 4294967296; labels are 0 and more, below 2^31"),
                err::toString);
    }

    @Test
    void arraysAndLogits() {
        palette(truth.resolve("a.png"), 2, 2, 1);
        HostTensor.of(Shape.of(1, 2), new long[] {2, 0}).writeNpy(predicted.resolve("a.npy"));
        assertEquals("[[0,0,0],[1,0,0],[0,0,1]]", json().at("confusion").toString());
        predicted = directory.resolve("logits");
        float[] values = {0, 5, 1, 6, 2, -1};
        HostTensor.of(Shape.of(1, 3, 1, 2), values).writeNpy(make(predicted).resolve("a-logits.npy"));
        assertEquals("[[0,0,0],[0,1,0],[0,0,1]]", json().at("confusion").toString());
        predicted = directory.resolve("tensors");
        Safetensors.write(make(predicted).resolve("a-logits.safetensors"),
                Map.of("logits", HostTensor.of(Shape.of(3, 1, 2), values)), Map.of());
        assertEquals("[[0,0,0],[0,1,0],[0,0,1]]", json().at("confusion").toString());
    }

    @Test
    void thresholds() throws IOException {
        grey(truth.resolve("a.png"), 4, 0, 0, 255, 255);
        grey(predicted.resolve("a.png"), 4, 10, 128, 127, 200);
        assertEquals("[[1,1],[1,1]]", json("--threshold", "127").at("confusion").toString());
        Files.delete(predicted.resolve("a.png"));
        HostTensor.of(Shape.of(1, 1, 4), new float[] {-1, 0, 0.5f, 2}).writeNpy(predicted.resolve("a.npy"));
        assertEquals("[[2,0],[0,2]]", json().at("confusion").toString());
        assertEquals("[[2,0],[1,1]]", json("--threshold", "0.5").at("confusion").toString());
    }

    @Test
    void filesWithoutCounterpart() {
        palette(truth.resolve("a.png"), 1, 0);
        palette(predicted.resolve("a.png"), 1, 0);
        for (int i = 1; i < 8; i++) {
            palette(truth.resolve("t" + i + ".png"), 1, 0);
        }
        palette(predicted.resolve("p.png"), 1, 0);
        palette(predicted.resolve("p-overlay.png"), 1, 0);
        assertEquals(1, evaluate());
        String message = err.toString(StandardCharsets.UTF_8);
        assertTrue(message.contains("no truth for p in"), message);
        assertTrue(message.contains("no prediction for t1, t2, t3, t4, t5 and 2 more in"), message);
        assertTrue(message.contains("--allow-missing"), message);
        assertEquals(1, message.lines().count(), message);
        assertEquals(0, evaluate("--allow-missing"));
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("no truth for p"));
        assertTrue(out.toString(StandardCharsets.UTF_8).startsWith("1 image, "));
    }

    @Test
    void labelsGoBeforePicturesOfTheSameName() throws IOException {
        // As 'kerf segment' leaves a directory that holds the images too.
        Files.write(predicted.resolve("a.png"), Image.blank(2, 1, PixelFormat.RGB8).toPng());
        palette(predicted.resolve("a-labels.png"), 2, 0, 1);
        palette(predicted.resolve("a-overlay.png"), 2, 0, 1);
        Files.write(truth.resolve("a.png"), Image.blank(2, 1, PixelFormat.RGB8).toPng());
        palette(truth.resolve("a-truth.png"), 2, 0, 1);
        assertEquals("[[1,0],[0,1]]", json().at("confusion").toString());
    }

    @Test
    void somePairsFail() throws IOException {
        palette(truth.resolve("a.png"), 2, 0, 1);
        palette(predicted.resolve("a.png"), 2, 0, 1);
        palette(truth.resolve("b.png"), 2, 0, 1);
        palette(predicted.resolve("b.png"), 1, 0, 1);
        Path file = directory.resolve("scores.json");
        assertEquals(3, evaluate("--report", file.toString()));
        String message = err.toString(StandardCharsets.UTF_8);
        assertTrue(message.contains("predicted/b.png is 1x2, but") && message.contains("truth/b.png is 2x1"), message);
        assertEquals(1, Json.read(file).at("images").asLong());
        assertEquals("b", Json.read(file).at("failed").items().getFirst().at("name").asString());
        Files.write(truth.resolve("a.png"), new byte[0]);
        Files.delete(file);
        assertEquals(1, evaluate("--report", file.toString()));
        assertEquals(2, err.toString(StandardCharsets.UTF_8).lines().count());
        assertFalse(Files.exists(file));
        assertEquals("", out.toString(StandardCharsets.UTF_8));
    }

    @Test
    void labelsThatAreNoClasses() throws IOException {
        palette(truth.resolve("a.png"), 3, 0, 1, 2);
        palette(predicted.resolve("a.png"), 3, 0, 1, 0);
        assertEquals(1, evaluate("--classes", "a,b"));
        String message = err.toString(StandardCharsets.UTF_8);
        assertTrue(message.contains("truth/a.png: label 2 at (2, 0), but there are 2 classes, 0 to 1"), message);
        grey(truth.resolve("a.png"), 3, 0, 2, 255);
        assertEquals(1, evaluate());
        message = err.toString(StandardCharsets.UTF_8);
        assertTrue(message.contains("label 255: give --ignore 255"), message);
        HostTensor.of(Shape.of(1, 3), new int[] {0, -1, 0}).writeNpy(predicted.resolve("a.npy"));
        Files.delete(predicted.resolve("a.png"));
        assertEquals(1, evaluate("--ignore", "255"));
        message = err.toString(StandardCharsets.UTF_8);
        assertTrue(message.contains("a.npy: label -1"), message);
    }

    @Test
    void usage() {
        palette(truth.resolve("a.png"), 1, 0);
        palette(predicted.resolve("a.png"), 1, 0);
        assertEquals(2, evaluate("--num-classes", "0"));
        assertEquals(2, evaluate("--num-classes", "3", "--classes", "a,b"));
        assertEquals(2, evaluate("--ignore", "-1"));
        assertEquals(2, evaluate("--map", "1=-1"));
        assertEquals(2, evaluate("--map", "white=1"));
        assertEquals(2, Main.run(new String[] {"evaluate", "--truth", truth.toString()}, out, err));
        palette(predicted.resolve("a.bmp.png"), 1, 0);
        assertEquals(1, evaluate(), "a.bmp has no truth");
        predicted = directory.resolve("nowhere");
        assertEquals(1, evaluate());
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("nowhere: is no directory"));
        predicted = make(directory.resolve("empty"));
        assertEquals(1, evaluate());
        assertTrue(err.toString(StandardCharsets.UTF_8).contains(
                "empty: no labels in it (looked for bmp, gif, npy, npz, png, safetensors, tif, tiff)"));
        HostTensor.of(Shape.of(1, 1), new int[1]).writeNpy(make(directory.resolve("two")).resolve("a.npy"));
        predicted = directory.resolve("two");
        palette(predicted.resolve("a.png"), 1, 0);
        assertEquals(1, evaluate());
        assertTrue(err.toString(StandardCharsets.UTF_8).contains("are both labels of a"));
    }

    private static Path make(Path path) {
        try {
            return Files.createDirectories(path);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}

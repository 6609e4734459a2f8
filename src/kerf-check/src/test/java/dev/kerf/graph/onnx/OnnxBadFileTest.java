package dev.kerf.graph.onnx;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is wrong with a model's file is said in one line, before anything runs, and nothing outside its folder is read. */
class OnnxBadFileTest {
    @TempDir
    private Path dir;

    private static OnnxWriter writer() {
        return new OnnxWriter(17).input("x", 1, "2", "2").output("y", 1).floats("w", Shape.of(2, 2), 1, 2, 3, 4)
                .longs("shape", Shape.of(1), -1).node("MatMul", List.of("x", "w"), List.of("m"))
                .node("Reshape", List.of("m", "shape"), List.of("y"));
    }

    private static String refused(byte[] model) {
        KerfException e = assertThrows(KerfException.class, () -> {
            try (OnnxModel m = OnnxModel.of(model, "net.onnx")) {
                m.graph();
            }
        });
        assertEquals(1, e.getMessage().lines().count(), e.getMessage());
        assertTrue(e.getMessage().startsWith("net.onnx: "), e.getMessage());
        return e.getMessage();
    }

    private static void refused(String why, OnnxWriter w) {
        String said = refused(w.bytes());
        assertTrue(said.contains(why), said);
    }

    /** Cut off anywhere, and with bytes that are others: a model or one line. */
    @Test
    void truncatedAndChanged() {
        byte[] whole = writer().bytes();
        int refused = 0;
        for (int length = 0; length < whole.length; length++) {
            refused += tried(Arrays.copyOf(whole, length));
        }
        assertTrue(refused > whole.length / 2, refused + " of " + whole.length);
        Random random = new Random(1);
        for (int i = 0; i < 3000; i++) {
            byte[] changed = whole.clone();
            for (int k = 0; k <= i % 3; k++) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt(256);
            }
            tried(changed);
        }
    }

    private static int tried(byte[] model) {
        try (OnnxModel m = OnnxModel.of(model, "net.onnx")) {
            m.graph();
            return 0;
        } catch (KerfException e) {
            assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            return 1;
        }
    }

    @Test
    void graphsWithinGraphsAreNotFollowedForEver() {
        OnnxWriter inner = new OnnxWriter(17).output("y", 1).node("Neg", List.of("x"), List.of("y"));
        for (int i = 0; i < 40; i++) {
            inner = new OnnxWriter(17).output("y", 1).node("If", List.of("c"), List.of("y"), inner.attribute("then_branch"));
        }
        refused("more than 16 deep", inner);
    }

    @Test
    void hugeShapes() {
        ProtoWriter huge = new ProtoWriter().integer(1, 1L << 40).integer(1, 1L << 40).integer(2, 1).text(8, "w");
        refused("2^63", new OnnxWriter(17).tensor(huge));
        ProtoWriter more = new ProtoWriter().integer(1, 1L << 40).integer(2, 1).text(8, "w");
        refused("the file has 0", new OnnxWriter(17).tensor(more));
        refused("negative extent", new OnnxWriter(17).tensor(new ProtoWriter().integer(1, -4).integer(2, 1).text(8, "w")));
        refused("constant of", new OnnxWriter(17).output("y", 1).longs("s", Shape.of(2), 1L << 20, 1L << 20)
                .node("ConstantOfShape", List.of("s"), List.of("y")));
        refused("steps", new OnnxWriter(17).output("y", 7).longs("a", Shape.of(), 0).longs("b", Shape.of(), Long.MAX_VALUE)
                .longs("c", Shape.of(), 1).node("Range", List.of("a", "b", "c"), List.of("y")));
    }

    private String external(String location, Object offset, Object length) throws IOException {
        ProtoWriter t = new ProtoWriter().integer(1, 4).integer(2, 1).text(8, "w")
                .message(13, OnnxGraph.entry("location", location)).message(13, OnnxGraph.entry("offset", offset.toString()))
                .message(13, OnnxGraph.entry("length", length.toString())).integer(14, 1);
        Path file = Files.createDirectories(dir.resolve("model")).resolve("net.onnx");
        new OnnxWriter(17).output("w", 1).tensor(t).write(file);
        try (OnnxModel m = OnnxModel.open(file)) {
            assertEquals(List.of(file.resolveSibling(location).toRealPath()), m.dataFiles());
            return m.weights().tensor("w").getDouble(3) + "";
        } catch (BadFileException e) {
            assertEquals(1, e.getMessage().lines().count(), e.getMessage());
            return e.getMessage();
        }
    }

    @Test
    void tensorsInOtherFiles() throws IOException {
        Path model = Files.createDirectories(dir.resolve("model"));
        HostTensor four = HostTensor.of(Shape.of(4), new float[] {1, 2, 3, 4});
        byte[] data = four.data().toArray(java.lang.foreign.ValueLayout.JAVA_BYTE);
        Files.write(dir.resolve("secret"), data);
        Files.write(model.resolve("w.bin"), data);
        Files.createSymbolicLink(model.resolve("link"), dir.resolve("secret"));
        assertEquals("4.0", external("w.bin", 0, 16));
        for (String[] wrong : new String[][] {{"none.bin", "put the file there"}, {"../secret", "outside the model's folder"},
            {dir.resolve("secret").toString(), "outside the model's folder"}, {"a/../../secret", "outside the model's folder"},
            {"link", "a link out of the model's folder"}, {"", "outside the model's folder"},
            {".", "outside the model's folder"},
            {"a\0b", "a name that none can have"}}) {
            String said = external(wrong[0], 0, 16);
            assertTrue(said.contains(wrong[1]), wrong[0] + ": " + said);
        }
        assertTrue(external("w.bin", 4, 16).contains("which has 16"), "beyond the end");
        assertTrue(external("w.bin", -4, 16).contains("offset -4"), "before the beginning");
        assertTrue(external("w.bin", 0, 12).contains("has 12"), "another length");
        assertTrue(external("w.bin", "x", 16).contains("offset \"x\""), "no number");
        assertTrue(external("w.bin", Long.MAX_VALUE, 16).contains("which has 16"), "far beyond the end");
    }

    @Test
    void wrongTypesAndSizes() {
        refused("takes 16 bytes as F32[4], the file has 8",
                new OnnxWriter(17).tensor(new ProtoWriter().integer(1, 4).integer(2, 1)
                        .text(8, "w").bytes(9, HostTensor.of(Shape.of(2), new float[2]).data())));
        refused("element type",
                new OnnxWriter(17).output("y", 1).tensor(new ProtoWriter().integer(1, 1).integer(2, 8).text(8, "w"))
                        .node("Relu", List.of("w"), List.of("y")));
        refused("attribute axis of another type", new OnnxWriter(17).input("x", 1, "2", "2").output("y", 1)
                .node("Softmax", List.of("x"), List.of("y"), Attribute.of("axis", "one")));
        refused("twice", new OnnxWriter(17).floats("w", Shape.of(1), 1).floats("w", Shape.of(1), 1));
        refused("inner extents differ", new OnnxWriter(17).input("x", 1, "2", "3").output("y", 1)
                .node("MatMul", List.of("x", "x"), List.of("y")));
        refused("axis 5 of 2", new OnnxWriter(17).input("x", 1, "2", "3").output("y", 1)
                .node("Softmax", List.of("x"), List.of("y"), Attribute.of("axis", 5)));
        refused("floating-point and whole numbers together", new OnnxWriter(17).input("x", 1, "1", "1", "3", "3").output("y", 1)
                .longs("w", Shape.of(1, 1, 1, 1), 1).node("Conv", List.of("x", "w"), List.of("y")));
        refused("is of text, which Kerf has not", new OnnxWriter(17).input("x", 8, "2").output("y", 8)
                .node("Identity", List.of("x"), List.of("y")));
        refused("lacks its operand 1", new OnnxWriter(17).input("x", 1, "2", "3").output("y", 1)
                .node("Add", List.of("x"), List.of("y")));
    }

    @Test
    void wrongGraphs() {
        refused("the nodes form a circle", new OnnxWriter(17).output("a", 1).node("Neg", List.of("b"), List.of("a"))
                .node("Neg", List.of("a"), List.of("b")));
        refused("is made by two nodes", new OnnxWriter(17).input("x", 1, "2").output("y", 1)
                .node("Neg", List.of("x"), List.of("y")).node("Abs", List.of("x"), List.of("y")));
        refused("which nothing makes", new OnnxWriter(17).output("y", 1).node("Neg", List.of("x"), List.of("y")));
        refused("is made by no node", new OnnxWriter(17).output("y", 1));
        String none = refused(new byte[] {8, 8});
        assertTrue(none.contains("it has no graph"), none);
    }

    /** Nodes that don't stand in an order of execution are put into one. */
    @Test
    void nodesInAnyOrder() {
        OnnxWriter w = new OnnxWriter(17).input("x", 1, "1").output("y", 1).node("Neg", List.of("b"), List.of("y"))
                .node("Exp", List.of("a"), List.of("b")).node("Relu", List.of("x"), List.of("a"));
        try (OnnxModel m = OnnxModel.of(w.bytes(), "net.onnx")) {
            assertEquals(-1, OnnxRuns.run(m, Map.of("x", HostTensor.of(Shape.of(1), new float[] {-2}))).get("y").getDouble(0));
        }
    }

    /** Weights by their names, as of any other file. */
    @Test
    void initializersAreWeights() throws IOException {
        Path file = writer().write(dir.resolve("net.onnx"));
        try (Weights w = Weights.open(file)) {
            assertEquals(List.of("w", "shape"), w.names());
            assertEquals(4, w.tensor("w", Shape.of(2, 2)).getDouble(3));
        }
    }
}

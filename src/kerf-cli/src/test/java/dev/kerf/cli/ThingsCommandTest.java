package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.ReduceOp.Reduce;
import dev.kerf.graph.ReduceOp.Reduction;
import dev.kerf.graph.SpatialOp.Window2d;
import dev.kerf.graph.TensorType;
import dev.kerf.graph.onnx.OnnxExport;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.RunLength;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf segment} with a model that finds instances by rows and prototypes. */
class ThingsCommandTest {
    @TempDir
    private Path dir;

    /**
     * Two prototypes, where the picture is red and where it is blue, of half the extents; rows: all that is red, of class 1, twice
     * in all of 64×64, and what is blue in the right half, of class 0.
     */
    private void net() {
        GraphBuilder g = new GraphBuilder();
        Value x = g.input("images", TensorType.f32(1, 3, 64, 64));
        Value y = g.conv2d(x, g.weight("w", Shape.of(2, 3, 2, 2)), g.weight("b", Shape.of(2)), Window2d.of().stride(2));
        Value none = g.multiply(g.apply(new Reduce(Reduction.MEAN, List.of(1, 2, 3), false), x), g.constant(0));
        Value rows = g.add(g.constant(HostTensor.of(Shape.of(1, 8, 3), new float[] {
            32, 32, 48, //
            32, 32, 32, //
            64, 64, 32, //
            64, 63, 64, //
            0, 0, 0.8f, //
            0.9f, 0.7f, 0, //
            20, 20, 0, //
            0, 0, 20})), g.reshape(none, 1, 1, 1));
        g.output("output0", rows);
        g.output("output1", y);
        float[] w = new float[24];
        for (int i = 0; i < 4; i++) {
            w[i] = 0.25f;
            w[20 + i] = 0.25f;
        }
        OnnxExport.write(g.build(),
                Weights.of(Map.of("w", HostTensor.of(Shape.of(2, 3, 2, 2), w), "b",
                        HostTensor.of(Shape.of(2), new float[] {-0.5f, -0.5f}))),
                dir.resolve("yolo.onnx"),
                OnnxExport.Options.of().metadata(Map.of("task", "segment", "names", "{0: 'sea', 1: 'rose'}", "stride", "32")));
    }

    /** Red on the left, blue on the right; twice as wide as high, so that the network sees it between two grey strips. */
    private void picture() {
        Image image = Image.blank(128, 64, PixelFormat.RGB8);
        for (int i = 0; i < 128 * 64; i++) {
            image.setSample(i % 128, i / 128, i % 128 < 48 ? 0 : 2, 255);
        }
        image.writePng(dir.resolve("a.png"));
    }

    private Run segment(String... more) {
        Object[] all = new Object[8 + more.length];
        System.arraycopy(
                new Object[] {"segment", dir.resolve("a.png"), "--backend", "cpu", "--weights", dir.resolve("yolo.onnx"),
                    "--out", dir.resolve("out")},
                0, all, 0, 8);
        System.arraycopy(more, 0, all, 8, more.length);
        return Run.of(all);
    }

    @Test
    void thingsBecomeLabelsRunLengthsAndPolygons() throws IOException {
        net();
        picture();
        Run run = segment("--format", "labels,rle,polygons,npy").succeeded();
        assertTrue(run.out().contains("rose, sea"), run.out());
        assertEquals(List.of("a-labels.png", "a-logits.npy", "a-overlay.png", "a-polygons.json", "a-rle.json"),
                Run.files(dir.resolve("out")));
        LabelMap labels = LabelMap.read(dir.resolve("out/a-labels.png"));
        assertEquals(2, labels.get(20, 32));
        assertEquals(1, labels.get(100, 32));
        assertEquals(0, labels.get(56, 32), "blue, but left of its box");
        Json things = Json.parse(Files.readString(dir.resolve("out/a-rle.json")));
        assertEquals("sea", things.at("categories").at(0).at("name").asString());
        assertEquals(2, things.at("annotations").size());
        Json rose = things.at("annotations").at(0);
        assertEquals(1, rose.at("category_id").asInt());
        assertEquals(0.9, rose.at("score").asDouble(), 1e-6);
        RunLength mask = Coco.mask(rose.at("segmentation"), 128, 64);
        assertEquals(48 * 64, mask.area(), 64);
        Json outlines = Json.parse(Files.readString(dir.resolve("out/a-polygons.json")));
        assertEquals(mask, Coco.mask(outlines.at("annotations").at(0).at("segmentation"), 128, 64));
        assertEquals(Shape.of(1, 8, 3), HostTensor.readNpy(dir.resolve("out/a-logits.npy")).shape());
    }

    @Test
    void optionsSayWhatCounts() {
        net();
        picture();
        assertTrue(segment("--score", "0.85").succeeded().out().contains("rose"), "0.9");
        assertEquals(3, count("--nms", "1"));
        assertEquals(1, count("--most", "1"));
        assertEquals(0, count("--score", "0.95"));
        Json named = Json.parse(segment("--json", "--classes", "water,flower").succeeded().out());
        assertEquals("flower", named.at("images").at(0).at("instances").at(0).at("name").asString());
        Run wrong = segment("--classes", "water");
        assertTrue(wrong.err().contains("2 classes apart"), wrong.err());
        Run matte = segment("--format", "matte");
        assertTrue(matte.err().contains("--result matte"), matte.err());
    }

    private long count(String... options) {
        String[] all = new String[options.length + 1];
        all[0] = "--json";
        System.arraycopy(options, 0, all, 1, options.length);
        return Json.parse(segment(all).succeeded().out()).at("images").at(0).at("instances").size();
    }
}

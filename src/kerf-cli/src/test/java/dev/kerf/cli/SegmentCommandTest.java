package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Overlay;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Drawn;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.imageio.IIOImage;
import javax.imageio.ImageIO;
import javax.imageio.ImageWriter;
import javax.imageio.stream.FileImageOutputStream;
import javax.imageio.stream.ImageOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentCommandTest {
    private static final int W = 21;
    private static final int H = 13;

    @TempDir
    private Path dir;
    private Path out;
    private Path net;

    @BeforeEach
    void files() {
        out = dir.resolve("out");
        net = Run.unet(dir.resolve("net.safetensors"), 3, 3, false);
    }

    private Path picture(String name) {
        Image image = Image.blank(W, H, PixelFormat.RGB8);
        for (int i = 0; i < 3 * W * H; i++) {
            image.setSample(i / 3 % W, i / 3 / W, i % 3, i * 7919 % 256);
        }
        image.writePng(dir.resolve(name));
        return dir.resolve(name);
    }

    private Run segment(Object... args) {
        Object[] all = new Object[args.length + 7];
        System.arraycopy(new Object[] {"segment", "--backend", "cpu", "--weights", net, "--out", out}, 0, all, 0, 7);
        System.arraycopy(args, 0, all, 7, args.length);
        return Run.of(all);
    }

    @Test
    void everyFormatSaysTheSame() {
        Run run = segment(picture("a.png"), "--format", "labels,rle,polygons,npy,safetensors").succeeded();
        assertTrue(run.out().contains("a.png  21x13  class "), run.out());
        assertEquals(List.of("a-labels.png", "a-logits.npy", "a-logits.safetensors", "a-overlay.png", "a-polygons.json",
                "a-rle.json"), Run.files(out));
        HostTensor logits = HostTensor.readNpy(out.resolve("a-logits.npy"));
        assertEquals(Shape.of(3, H, W), logits.shape());
        int[] largest = new int[W * H];
        for (int i = 0; i < W * H; i++) {
            for (int k = 1; k < 3; k++) {
                largest[i] = logits.getDouble(k * W * H + i) > logits.getDouble(largest[i] * W * H + i) ? k : largest[i];
            }
        }
        LabelMap labels = LabelMap.read(out.resolve("a-labels.png"));
        assertArrayEquals(largest, labels.toArray());
        assertTrue(labels.counts(3)[labels.get(0, 0)] < W * H, "all labels are alike: nothing is tested");
        try (Safetensors file = Safetensors.open(out.resolve("a-logits.safetensors"))) {
            assertArrayEquals(logits.toFloatArray(), file.tensor("logits").toFloatArray());
        }
        for (String name : List.of("a-rle.json", "a-polygons.json")) {
            for (Json a : Json.read(out.resolve(name)).at("annotations").items()) {
                assertEquals(labels.mask(a.at("category_id").asInt()), Coco.mask(a.at("segmentation"), W, H).decode());
            }
        }
        assertEquals(W, Image.read(out.resolve("a-overlay.png")).width());
    }

    @Test
    void badImagesAmongGoodOnes() throws IOException {
        Path a = picture("a.png");
        Path bad = Files.write(dir.resolve("bad.png"), new byte[] {1, 2, 3});
        Path c = picture("c.png");
        Run run = segment("--json", "--no-overlay", a, bad, c);
        assertEquals(ExitCode.SOME_FAILED, run.code());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().contains("bad.png"), run.err());
        assertEquals(List.of("a-labels.png", "c-labels.png"), Run.files(out));
        Json said = Json.parse(run.out());
        assertEquals("cpu", said.at("backend").asString());
        assertEquals(List.of(a.toString(), c.toString()),
                said.at("images").items().stream().map(i -> i.at("file").asString()).toList());
        assertEquals(bad.toString(), said.at("failed").at(0).at("file").asString());
        Json first = said.at("images").at(0);
        assertEquals(1, first.at("tiles").asInt());
        assertEquals(W * H, first.at("classes").items().stream().mapToInt(k -> k.at("pixels").asInt()).sum());
        assertEquals(out.resolve("a-labels.png").toString(), first.at("outputs").at(0).asString());
    }

    @Test
    void directoriesInDirectoriesOnDemand() throws IOException {
        Path folder = Files.createDirectories(dir.resolve("scans/monday/am"));
        Files.createDirectory(dir.resolve("scans/empty"));
        page(0).writePng(dir.resolve("scans/top.png"));
        page(0).writePng(folder.resolve("deep.png"));
        page(0).writePng(folder.resolveSibling("mid.png"));
        Files.createSymbolicLink(folder.resolve("round"), dir.resolve("scans"));
        Path link = Files.createSymbolicLink(dir.resolve("link"), dir.resolve("scans"));
        segment("--no-overlay", dir.resolve("scans")).succeeded();
        assertEquals(List.of("top-labels.png"), Run.files(out));
        Run.of("segment", dir.resolve("scans/empty")).failedWith(ExitCode.FAILED, "--recursive");
        out = dir.resolve("scans/results");
        for (int again = 0; again < 2; again++) {
            // What the first run left isn't taken for images.
            Run run = segment("--no-overlay", "--recursive", link).succeeded();
            assertEquals(3, run.out().lines().count(), run.out());
            assertEquals(List.of("deep-labels.png", "mid-labels.png", "top-labels.png"), Run.files(out));
        }
    }

    @Test
    void theLegendCanBeLeftOut() {
        Image large = Image.blank(200, 160, PixelFormat.RGB8);
        Path image = dir.resolve("large.png");
        large.writePng(image);
        segment(image).succeeded();
        Image with = Image.read(out.resolve("large-overlay.png"));
        segment("--no-legend", image).succeeded();
        Image without = Image.read(out.resolve("large-overlay.png"));
        LabelMap labels = LabelMap.read(out.resolve("large-labels.png"));
        Image plain = Overlay.of(List.of("class 0", "class 1", "class 2"), -1).withoutText().draw(large, labels);
        assertEquals(-1, plain.data().mismatch(without.data()));
        assertTrue(plain.data().mismatch(with.data()) >= 0, "there is a legend by default");
    }

    /** Pages of other pictures, as the JDK writes them. */
    private Path stack(String name, int pages) throws IOException {
        ImageWriter writer = ImageIO.getImageWritersByFormatName("tiff").next();
        try (ImageOutputStream file = new FileImageOutputStream(dir.resolve(name).toFile())) {
            writer.setOutput(file);
            writer.prepareWriteSequence(null);
            for (int p = 0; p < pages; p++) {
                writer.writeToSequence(new IIOImage(page(p).toBufferedImage(), null, null), null);
            }
            writer.endWriteSequence();
        } finally {
            writer.dispose();
        }
        return dir.resolve(name);
    }

    private static Image page(int p) {
        Image image = Image.blank(W + p, H, PixelFormat.RGB8);
        for (int i = 0; i < 3 * image.width() * H; i++) {
            image.setSample(i / 3 % image.width(), i / 3 / image.width(), i % 3, i * (7919 + 2 * p) % 256);
        }
        return image;
    }

    @Test
    void everyPageIsAnImage() throws IOException {
        Path stack = stack("stack.tif", 3);
        out = dir;
        for (int again = 0; again < 2; again++) {
            Run run = segment("--no-overlay", again == 0 ? stack : dir);
            assertEquals(again == 0 ? 0 : 1, run.err().lines().count(), run.err());
            assertTrue(run.out().contains("stack.tif page 3  23x13"), run.out());
            assertEquals(List.of("net.safetensors", "stack-page-1-labels.png", "stack-page-2-labels.png",
                    "stack-page-3-labels.png", "stack.tif"), Run.files(dir));
        }
        page(1).writePng(dir.resolve("second.png"));
        segment("--no-overlay", dir.resolve("second.png")).succeeded();
        LabelMap second = LabelMap.read(dir.resolve("second-labels.png"));
        assertArrayEquals(second.toArray(), LabelMap.read(dir.resolve("stack-page-2-labels.png")).toArray());
        out = dir.resolve("out");
        Json said = Json.parse(segment("--no-overlay", "--json", "--page", 2, stack).succeeded().out());
        assertEquals(List.of("stack-labels.png"), Run.files(out));
        assertArrayEquals(second.toArray(), LabelMap.read(out.resolve("stack-labels.png")).toArray());
        assertEquals(1, said.at("images").items().size());
        Run missing = segment("--page", 4, stack);
        assertTrue(missing.err().contains("no page 4; it has 3"), missing.err());
        Image green = Image.blank(W + 1, H, PixelFormat.GRAY8);
        for (int i = 0; i < (W + 1) * H; i++) {
            green.setSample(i % (W + 1), i / (W + 1), 0, page(1).sample(i % (W + 1), i / (W + 1), 1));
        }
        green.writePng(dir.resolve("green.png"));
        segment("--no-overlay", dir.resolve("green.png")).succeeded();
        segment("--no-overlay", "--page", 2, "--channels", 2, stack).succeeded();
        assertArrayEquals(LabelMap.read(out.resolve("green-labels.png")).toArray(),
                LabelMap.read(out.resolve("stack-labels.png")).toArray());
    }

    private static List<String> taken(Run run) {
        return run.out().lines().map(l -> Path.of(l.substring(0, l.indexOf("  "))).getFileName().toString()).toList();
    }

    @Test
    void directoriesWithoutTheirResults() {
        picture("b.png");
        picture("a.PNG");
        out = dir;
        segment(dir, "--quiet").succeeded();
        Run again = segment(dir);
        assertEquals(ExitCode.OK, again.code());
        assertEquals("kerf: " + dir + ": left out as results of an earlier run, to be named if they are wanted: "
                + "a-labels.png, a-overlay.png, b-labels.png, b-overlay.png\n", again.err());
        assertEquals(List.of("a.PNG", "b.png"), taken(again));
        assertEquals(List.of("a-labels.png", "a-overlay.png", "a.PNG", "b-labels.png", "b-overlay.png", "b.png",
                "net.safetensors"), Run.files(dir));
        segment(dir, "--quiet").succeeded();
        out = dir.resolve("other");
        assertEquals(List.of("a-labels.png"), taken(segment("--no-overlay", dir.resolve("a-labels.png")).succeeded()));
    }

    @Test
    void resultsWithWholeNamesAndOfArraysAreLeftOut() throws IOException {
        Path a = picture("a.png");
        Files.copy(a, dir.resolve("a.bmp"));
        HostTensor.of(Shape.of(3, H, W), new float[3 * H * W]).writeNpy(dir.resolve("c.npy"));
        out = dir;
        List<String> first = taken(segment(dir).succeeded());
        assertEquals(List.of("a.bmp", "a.png", "c.npy"), first);
        assertEquals(first, taken(segment(dir)));
    }

    @Test
    void picturesThatAreCalledLikeResultsAreImages() {
        List<String> names = List.of("photo-labels.png", "photo-masks.png", "photo.png", "scan-001-left.png",
                "scan-001-right.png",
                "scan.png");
        names.forEach(this::picture);
        Image.blank(W + 1, H, PixelFormat.RGB8).writePng(dir.resolve("scan-overlay.png"));
        Image grey = Image.blank(W, H, PixelFormat.GRAY8);
        grey.setSample(3, 3, 0, 128);
        grey.writePng(dir.resolve("scan-002-left.png"));
        assertEquals(List.of("photo-labels.png", "photo-masks.png", "photo.png", "scan-001-left.png", "scan-001-right.png",
                "scan-002-left.png", "scan-overlay.png", "scan.png"), taken(segment("--no-overlay", dir).succeeded()));
        assertEquals(8, Run.files(out).size());
    }

    @Test
    void namesThatCollide() throws IOException {
        Path a = picture("a.png");
        Path sub = Files.createDirectory(dir.resolve("sub"));
        Files.copy(a, dir.resolve("a.bmp"));
        Files.copy(a, sub.resolve("a.png"));
        segment("--quiet", "--no-overlay", a, dir.resolve("a.bmp"), sub, a).succeeded();
        assertEquals(List.of("a.bmp-labels.png", "a.png-1-labels.png", "a.png-2-labels.png"), Run.files(out));
    }

    @Test
    void noTwoResultsHaveOneName() throws IOException {
        Path first = Files.createDirectory(dir.resolve("1"));
        Path second = Files.createDirectory(dir.resolve("2"));
        Path stack = stack("stack.tif", 2);
        List<Path> files = List.of(first.resolve("a.png"), second.resolve("a.png"), dir.resolve("a.png-1.png"),
                dir.resolve("a.png-2.png"), dir.resolve("a.png.png"), dir.resolve("stack-page-2.png"), stack);
        for (int i = 0; i < files.size() - 1; i++) {
            Image.blank(20 + i, H, PixelFormat.RGB8).writePng(files.get(i));
        }
        for (List<Path> order : List.of(files, files.reversed())) {
            Object[] args = Stream.concat(Stream.of("--json"), order.stream()).toArray();
            Json said = Json.parse(segment(args).succeeded().out());
            Set<String> results = new HashSet<>();
            for (Json image : said.at("images").items()) {
                for (Json result : image.at("outputs").items()) {
                    assertTrue(results.add(result.asString()), result.asString());
                    assertEquals(image.at("width").asInt(), Image.info(Path.of(result.asString())).width());
                }
            }
            assertEquals(2 * (files.size() + 1), results.size());
        }
    }

    @Test
    void planesOfNumbers() {
        HostTensor planes = Drawn.tensor("p", Shape.of(3, H, W), 1);
        planes.writeNpy(dir.resolve("p.npy"));
        segment(dir.resolve("p.npy")).succeeded();
        assertEquals(List.of("p-labels.png", "p-overlay.png"), Run.files(out));
        planes.setDouble(W + 5, Double.NaN);
        planes.writeNpy(dir.resolve("bad.npy"));
        Run run = segment("--no-overlay", dir.resolve("bad.npy"), dir.resolve("p.npy"), picture("a.png"));
        assertEquals(ExitCode.SOME_FAILED, run.code());
        assertTrue(run.err().contains("bad.npy") && run.err().contains("[0, 1, 5] is NaN"), run.err());
        assertEquals(List.of("a-labels.png", "p-labels.png", "p-overlay.png"), Run.files(out));
    }

    @Test
    void planesFromAnArchiveAreThoseFromTheArray() throws IOException {
        Path array = dir.resolve("p.npy");
        Drawn.tensor("p", Shape.of(3, H, W), 1).writeNpy(array);
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(dir.resolve("q.npz")))) {
            zip.putNextEntry(new ZipEntry("arr_0.npy"));
            Files.copy(array, zip);
        }
        segment("--no-overlay", array, dir.resolve("q.npz")).succeeded();
        assertEquals(List.of("p-labels.png", "q-labels.png"), Run.files(out));
        assertArrayEquals(LabelMap.read(out.resolve("p-labels.png")).toArray(),
                LabelMap.read(out.resolve("q-labels.png")).toArray());
    }

    @Test
    void namesOfClassesAndBackground() {
        Run run = segment(picture("a.png"), "--classes", "sky,sea,sand", "--background", "sea", "--format", "rle", "--json");
        run.succeeded();
        assertEquals(List.of("sky", "sea", "sand"),
                Json.parse(run.out()).at("images").at(0).at("classes").items().stream().map(k -> k.at("name").asString())
                        .toList());
        assertTrue(Json.read(out.resolve("a-rle.json")).at("annotations").items().stream()
                .noneMatch(a -> a.at("category_id").asInt() == 1));
    }

    @Test
    void saysOnceThatTilesAreNotExact() {
        net = Run.unet(dir.resolve("bilinear.safetensors"), 3, 2, true);
        Image.blank(200, 60, PixelFormat.RGB8).writePng(dir.resolve("a.png"));
        Image.blank(200, 60, PixelFormat.RGB8).writePng(dir.resolve("b.png"));
        Run run = segment("--tile", "64", dir.resolve("a.png"), dir.resolve("b.png"));
        assertEquals(0, run.code());
        assertEquals(1, run.err().lines().count(), run.err());
        assertTrue(run.err().contains("tiled"), run.err());
    }

    @Test
    void embeddedNetworkIsNamed() {
        Path image = dir.resolve("a.png");
        Image.blank(40, 24, PixelFormat.GRAY8).writePng(image);
        Run run = Run.of("segment", "--backend", "cpu", "--out", out, image);
        assertEquals(0, run.code(), run.err());
        assertTrue(run.err().startsWith("kerf: no --weights: using the embedded network kerf-membrane (classes membrane"),
                run.err());
        Run.of("segment", "--backend", "cpu", "--quiet", "--out", out, image).succeeded();
    }
}

package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.mask.RunLength;
import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SamCommandTest {
    private static final Path QUICK = Path.of("src/kerf-check/src/test/resources/goldens/sam2-quick");

    @TempDir
    private static Path shared;
    private static Path weights;

    @TempDir
    private Path dir;
    private Path image;
    private Path out;

    @BeforeAll
    static void checkpoint() {
        weights = Run.sam2(shared.resolve("sam.safetensors"));
    }

    @BeforeEach
    void files() throws IOException {
        image = dir.resolve("drawn.png");
        Files.copy(QUICK.resolve("frame0.png"), image);
        out = dir.resolve("out");
    }

    private Run sam(Object... args) {
        Object[] all = new Object[args.length + 10];
        System.arraycopy(new Object[] {"sam", image, "--backend", "cpu", "--weights", weights, "--out", out,
            "--image-size", 128}, 0, all, 0, 10);
        System.arraycopy(args, 0, all, 10, args.length);
        return Run.of(all);
    }

    @Test
    void theOverlayShowsWhatWasShown() {
        sam("--point", "125,94", "--background", "20.5,220", "--box", "76,64,179,199", "--no-legend").succeeded();
        Image drawn = Image.read(out.resolve("drawn-overlay.png"));
        assertEquals(0x17B04A, rgb(drawn, 125, 94));
        assertEquals(0xE02B2B, rgb(drawn, 20, 220));
        for (int x = 90; x < 170; x++) {
            // White lines lie on the box's edges.
            assertEquals(0xFFFFFF, rgb(drawn, x, 64) | rgb(drawn, x, 63), "column " + x);
            assertEquals(0xFFFFFF, rgb(drawn, x, 199) | rgb(drawn, x, 198), "column " + x);
        }
        byte[] without = drawn.packed().data().toArray(ValueLayout.JAVA_BYTE);
        sam("--point", "125,94", "--background", "20.5,220", "--box", "76,64,179,199").succeeded();
        Image with = Image.read(out.resolve("drawn-overlay.png"));
        assertFalse(Arrays.equals(without, with.packed().data().toArray(ValueLayout.JAVA_BYTE)),
                "the legend is drawn by default");
    }

    private static int rgb(Image image, int x, int y) {
        return image.sample(x, y, 0) << 16 | image.sample(x, y, 1) << 8 | image.sample(x, y, 2);
    }

    @Test
    void everyFileSaysTheSame() {
        Run run = sam("--point", "125,94", "--point", "150,100", "--background", "20.5,220", "--format",
                "labels,masks,rle").succeeded();
        assertTrue(run.out().contains("thing 1  "), run.out());
        assertEquals(List.of("drawn-mask-1.png", "drawn-masks.json", "drawn-masks.png", "drawn-overlay.png"),
                Run.files(out));
        LabelMap labels = LabelMap.read(out.resolve("drawn-masks.png"));
        long[] counts = labels.counts(2);
        assertTrue(counts[1] > 0 && counts[0] + counts[1] == 256 * 256);
        assertEquals(labels.mask(1).area(), LabelMap.read(out.resolve("drawn-mask-1.png")).mask(1).area());
        Json coco = Json.read(out.resolve("drawn-masks.json"));
        RunLength mask = Coco.mask(coco.at("annotations").at(0).at("segmentation"), 256, 256);
        assertEquals(labels.mask(1), mask.decode());
        assertEquals(256, Image.read(out.resolve("drawn-overlay.png")).width());
    }

    @Test
    void boxesAreThingsAndJsonTellsOfEach() {
        Run run = sam("--box", "76,64,179,199", "--box", "10,10,60,60", "--json", "--no-overlay").succeeded();
        Json json = Json.parse(run.out());
        assertEquals("SAM 2.1 tiny", json.at("network").asString());
        assertEquals(2, json.at("masks").size());
        Json first = json.at("masks").at(0);
        RunLength mask = Coco.mask(first.at("segmentation"), 256, 256);
        assertEquals(mask.area(), first.at("area").asLong());
        assertEquals(mask.bounds().x(), first.at("bbox").at(0).asInt());
        assertEquals(List.of("drawn-masks.png"), Run.files(out));
    }

    @Test
    void multimaskGivesThreeTheBestFirst() throws IOException {
        Path stroke = dir.resolve("stroke.txt");
        Files.writeString(stroke, "100,100\n\n140,90\n150,120\n");
        Json json = Json.parse(sam("--scribble", stroke, "--multimask", "--json", "--format", "masks,rle").succeeded().out());
        assertEquals(3, json.at("masks").size());
        assertTrue(
                json.at("masks").at(0).at("predicted_iou").asDouble() >= json.at("masks").at(2).at("predicted_iou").asDouble());
        assertEquals(List.of("drawn-mask-1.png", "drawn-mask-2.png", "drawn-mask-3.png", "drawn-masks.json",
                "drawn-overlay-1.png", "drawn-overlay-2.png", "drawn-overlay-3.png"), Run.files(out));
        Json coco = Json.read(out.resolve("drawn-masks.json")).at("annotations");
        long sum = 0;
        Mask union = Mask.empty(256, 256);
        for (int i = 0; i < 3; i++) {
            Mask own = LabelMap.read(out.resolve("drawn-mask-" + (i + 1) + ".png")).mask(1);
            assertEquals(json.at("masks").at(i).at("area").asLong(), own.area());
            assertEquals(own, Coco.mask(coco.at(i).at("segmentation"), 256, 256).decode());
            sum += own.area();
            for (int p = 0; p < 256 * 256; p++) {
                union.set(p % 256, p / 256, union.get(p % 256, p / 256) || own.get(p % 256, p / 256));
            }
        }
        assertTrue(sum > union.area(), "the masks don't overlap: nothing is tested");
        String table = sam("--scribble", stroke, "--multimask", "--no-overlay").succeeded().out();
        long first = json.at("masks").at(0).at("area").asLong();
        assertTrue(table.startsWith(String.format(Locale.ROOT, "mask 1  %.1f %%  at ", 100.0 * first / (256 * 256))), table);
        sam("--scribble", stroke, "--multimask", "--format", "labels").failedWith(ExitCode.USAGE, "overlap", "masks, rle");
    }

    @Test
    void everythingNeedsNoPrompt() {
        Json json = Json.parse(sam("--everything", "--points-per-side", 2, "--json").succeeded().out());
        assertEquals(json.at("masks").size(), LabelMap.read(out.resolve("drawn-masks.png")).max(),
                "each mask is seen somewhere, or there is none");
    }

    @Test
    void thresholdsSayWhatOfEverythingIsKept() {
        int all = everything(-1, 0, 1);
        assertTrue(all > everything(-1, 0, 0.01) && all > everything(2, 0, 1) && all > everything(-1, 2, 1), all + " masks");
        assertEquals(0, everything(2, 0, 1));
        sam("--everything", "--nms", 0).failedWith(ExitCode.USAGE, "thresholds 0.8, 0.95, 0.0");
    }

    private int everything(double iou, double stability, double nms) {
        return Json.parse(sam("--everything", "--points-per-side", 2, "--min-iou", iou, "--min-stability", stability,
                "--nms", nms, "--json").succeeded().out()).at("masks").size();
    }

    @Test
    void badInputIsOneLine() throws IOException {
        sam().failedWith(ExitCode.USAGE, "--point");
        sam("--everything", "--point", "1,1").failedWith(ExitCode.USAGE, "no prompt");
        sam("--point", "1").failedWith(ExitCode.USAGE, "--point 1:", "2 numbers");
        sam("--point", "1,NaN").failedWith(ExitCode.USAGE, "2 numbers");
        sam("--point", "300,10").failedWith(ExitCode.FAILED, "not in the image of 256×256");
        sam("--box", "10,10,10,20").failedWith(ExitCode.USAGE, "is empty");
        sam("--box", "1,1,9,9", "--box", "20,20,30,30", "--point", "3,3").failedWith(ExitCode.USAGE, "2 boxes");
        Run.of("sam", image, "--weights", weights, "--point", "3,3", "--image-size", 100).failedWith(ExitCode.USAGE,
                "image size 100");
        assertTrue(Run.of("weights", "inspect", weights).succeeded().out().contains("SAM 2.1: Hiera tiny, 12 blocks"));
        Run.of("export", "--onnx", dir.resolve("x.onnx"), "--size", "64x64", "--weights", weights, "--part", "neck")
                .failedWith(ExitCode.USAGE, "--part neck", "encoder, decoder, frame, memory");
        Path empty = dir.resolve("empty.txt");
        Files.writeString(empty, "\n");
        sam("--scribble", empty).failedWith(ExitCode.FAILED, "empty.txt", "no pixels");
        sam("--scribble", dir.resolve("none.txt")).failedWith(ExitCode.FAILED, "none.txt");
        Path cut = dir.resolve("cut.safetensors");
        Files.write(cut, java.util.Arrays.copyOf(Files.readAllBytes(weights), 100_000));
        Run.of("sam", image, "--weights", cut, "--backend", "cpu", "--point", "3,3").failedWith(ExitCode.FAILED,
                "cut.safetensors");
        Path other = Run.unet(dir.resolve("unet.safetensors"), 3, 2, false);
        Run.of("sam", image, "--weights", other, "--backend", "cpu", "--point", "3,3").failedWith(ExitCode.FAILED,
                "not 'sam2' or 'sam': use 'kerf segment'");
        assertEquals(List.of("cut.safetensors", "drawn.png", "empty.txt", "unet.safetensors"), Run.files(dir));
    }
}

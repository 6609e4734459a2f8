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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf cutout} with a network whose matte is known. */
class CutoutCommandTest {
    private static final int W = 96;
    private static final int H = 64;

    @TempDir
    private Path dir;

    @BeforeEach
    void make() {
        Discs.network(dir.resolve("net.onnx"), W, H);
        Discs.picture(W, H, PixelFormat.RGB8).writePng(dir.resolve("disc.png"));
    }

    private Run cutout(Object... more) {
        Object[] all = new Object[more.length + 7];
        System.arraycopy(new Object[] {"cutout", "--backend", "cpu", "--weights", dir.resolve("net.onnx"), "--out",
            dir.resolve("out")}, 0, all, 0, 7);
        System.arraycopy(more, 0, all, 7, more.length);
        return Run.of(all);
    }

    private Image made(String name) {
        return Image.read(dir.resolve("out").resolve(name));
    }

    @Test
    void transparentWithASoftEdgeOfTheThingsOwnColours() {
        Run run = cutout(dir.resolve("disc.png"), "--matte").succeeded();
        assertTrue(run.out().contains("96x64") && run.out().contains("% foreground"), run.out());
        assertEquals(List.of("disc-cutout.png", "disc-matte.png"), Run.files(dir.resolve("out")));
        Image cut = made("disc-cutout.png");
        assertEquals(PixelFormat.RGBA8, cut.format());
        int soft = 0;
        for (int x = 0; x < W; x++) {
            double a = Discs.share(x, H / 2, W, H);
            assertEquals(255 * a, cut.sample(x, H / 2, 3), 2, "column " + x);
            assertEquals(cut.sample(x, H / 2, 3), made("disc-matte.png").sample(x, H / 2, 0));
            if (a > 0.2 && a < 0.8) {
                soft++;
                assertEquals(255, cut.sample(x, H / 2, 0), 8, "red, column " + x);
                assertEquals(0, cut.sample(x, H / 2, 1), 8, "no green, column " + x);
            }
        }
        assertTrue(soft > 8, soft + " columns");
        cutout(dir.resolve("disc.png"), "--no-clean").succeeded();
        int x = 0;
        while (Discs.share(x, H / 2, W, H) < 0.4) {
            x++;
        }
        assertTrue(made("disc-cutout.png").sample(x, H / 2, 1) > 80, "green as it was");
    }

    @Test
    void ontoAColourAPictureAndABlur() {
        Image wall = Image.blank(30, 20, PixelFormat.RGB8);
        for (int i = 0; i < 600; i++) {
            wall.setSample(i % 30, i / 30, 2, 240);
        }
        wall.writePng(dir.resolve("wall.png"));
        for (String colour : List.of("#0000f0", "blue", "#00F")) {
            cutout(dir.resolve("disc.png"), "--background", colour).succeeded();
            assertEquals(PixelFormat.RGB8, made("disc-cutout.png").format());
            assertEquals(0, made("disc-cutout.png").sample(0, 0, 1));
            assertEquals(colour.equals("#0000f0") ? 240 : 255, made("disc-cutout.png").sample(0, 0, 2));
            assertEquals(255, made("disc-cutout.png").sample(W / 2, H / 2, 0));
        }
        cutout(dir.resolve("disc.png"), "--background", dir.resolve("wall.png")).succeeded();
        assertEquals(240, made("disc-cutout.png").sample(0, 0, 2));
        assertEquals(51, made("disc-cutout.png").sample(W / 2, H / 2, 2));
        cutout(dir.resolve("disc.png"), "--background", "blur", "--sigma", "3").succeeded();
        assertEquals(255, made("disc-cutout.png").sample(0, 0, 1), 2);
        assertEquals(0, made("disc-cutout.png").sample(0, 0, 0), 8, "no glow");
    }

    @Test
    void sixteenBitsAlphaAndOtherSizes() {
        Discs.picture(150, 210, PixelFormat.RGBA16).writePng(dir.resolve("deep.png"));
        Discs.picture(40, 31, PixelFormat.RGB8).toGrey().writePng(dir.resolve("grey.png"));
        cutout(dir.resolve("deep.png")).succeeded();
        Image deep = made("deep-cutout.png");
        assertEquals("150x210 RGBA16", deep.toString());
        assertEquals(65535, deep.sample(75, 105, 3));
        assertEquals(0, deep.sample(1, 1, 3));
        cutout(dir.resolve("grey.png"), "--input-size", "64x96").succeeded();
        assertEquals("40x31 GRAY_ALPHA8", made("grey-cutout.png").toString());
    }

    @Test
    void aDirectoryAndWhatFailsInIt() throws IOException {
        Files.createDirectories(dir.resolve("in/deeper"));
        for (String name : List.of("a.png", "b.png", "deeper/c.png")) {
            Discs.picture(W, H, PixelFormat.RGB8).writePng(dir.resolve("in").resolve(name));
        }
        Files.writeString(dir.resolve("in/broken.png"), "no picture");
        Run run = cutout(dir.resolve("in"), "--recursive", "--json");
        assertEquals(ExitCode.SOME_FAILED, run.code(), run.err());
        assertEquals(1, run.err().lines().count());
        Json json = Json.parse(run.out());
        assertEquals(3, json.at("images").size());
        double share = json.at("images").items().get(0).at("foreground").asDouble();
        assertTrue(share > 0.1 && share < 0.5, "share " + share);
        assertEquals(List.of("a-cutout.png", "b-cutout.png", "c-cutout.png"), Run.files(dir.resolve("out")));
        // Results that lie beside the pictures aren't pictures of the next run.
        Files.delete(dir.resolve("in/broken.png"));
        Run.of("cutout", "--weights", dir.resolve("net.onnx"), "--backend", "cpu", "--out", dir.resolve("in"),
                dir.resolve("in")).succeeded();
        Run again = Run.of("cutout", "--weights", dir.resolve("net.onnx"), "--backend", "cpu", "--out", dir.resolve("in"),
                dir.resolve("in"));
        assertEquals(0, again.code());
        assertTrue(again.err().contains("a-cutout.png, b-cutout.png"), again.err());
        assertEquals(2, again.out().lines().count(), again.out());
    }

    @Test
    void whatIsWrongIsOneLine() throws IOException {
        Path disc = dir.resolve("disc.png");
        Run.of("cutout", disc).failedWith(ExitCode.USAGE, "--weights");
        cutout(disc, "--background", "purple").failedWith(ExitCode.USAGE, "'purple'", "no such file");
        cutout(disc, "--background", "#12345").failedWith(ExitCode.USAGE, "#12345");
        cutout(disc, "--sigma", "4").failedWith(ExitCode.USAGE, "--background blur");
        cutout(disc, "--background", "blur", "--sigma", "0").failedWith(ExitCode.USAGE, "above 0");
        cutout(disc, "--input-size", "9x9").failedWith(ExitCode.FAILED, "the network takes");
        cutout(disc, "--output", "masks").failedWith(ExitCode.FAILED, "no output 'masks'");
        cutout(disc, "--mean", "1,2").failedWith(ExitCode.FAILED, "2 means");
        cutout(dir.resolve("none.png")).failedWith(ExitCode.FAILED, "none.png", "no such file");
        Run.of("cutout", disc, "--weights", dir.resolve("net.onnx"), "--backend", "cpu", "--background", disc, "--out", dir)
                .succeeded();
        Run.of("cutout", disc, "--weights", dir.resolve("net.onnx"), "--background", dir.resolve("disc-cutout.png"), "--out",
                dir)
                .failedWith(ExitCode.FAILED, "would overwrite this input");
        Path unet = Run.unet(dir.resolve("unet.safetensors"), 3, 2, false);
        Run.of("cutout", disc, "--weights", unet).failedWith(ExitCode.FAILED, "'kerf segment'");
        Files.write(dir.resolve("net.onnx"), new byte[] {8, 8, 58, 127, 0});
        cutout(disc).failedWith(ExitCode.FAILED, "is damaged or no ONNX model");
    }
}

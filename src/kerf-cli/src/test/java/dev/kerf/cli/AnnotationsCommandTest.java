package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.formats.AnnotationFormat;
import dev.kerf.formats.Annotations;
import dev.kerf.formats.Annotations.Item;
import dev.kerf.formats.PictureSizes;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the commands write for other programs, read back by {@code kerf evaluate} beside their own results. */
class AnnotationsCommandTest {
    private static final int W = 75;
    private static final int H = 50;

    @TempDir
    private Path dir;
    private Path out;

    @BeforeEach
    void picture() {
        out = dir.resolve("out");
        Image image = Image.blank(W, H, PixelFormat.RGB8);
        for (int i = 0; i < 3 * W * H; i++) {
            int x = i / 3 % W;
            int y = i / 3 / W;
            image.setSample(x, y, i % 3, (5 * x + 3 * y * (i % 3) + (Math.hypot(x - 30, y - 25) < 15 ? 90 : 0)) % 256);
        }
        image.writePng(dir.resolve("a.png"));
    }

    private static Json evaluated(Object... args) {
        Object[] all = Arrays.copyOf(args, args.length + 2);
        all[args.length] = "--json";
        all[args.length + 1] = "--allow-missing";
        Object[] whole = new Object[all.length + 3];
        System.arraycopy(new Object[] {"evaluate", "--backend", "cpu"}, 0, whole, 0, 3);
        System.arraycopy(all, 0, whole, 3, all.length);
        return Json.parse(Run.of(whole).succeeded().out());
    }

    /** Each format gives the labels back, pixel by pixel. */
    @ParameterizedTest
    @CsvSource({"yolo,.", "qupath,.", "cvat,cvat.xml", "label-studio,label-studio.json"})
    void classesOfPixels(String format, String file) throws IOException {
        Run.of("segment", dir.resolve("a.png"), "--backend", "cpu", "--out", dir.resolve("labels"), "--no-overlay", "--quiet")
                .succeeded();
        Run.of("segment", dir.resolve("a.png"), "--backend", "cpu", "--out", out, "--no-overlay", "--quiet", "--classes",
                "background,cell", "--annotations", format).succeeded();
        Json report = evaluated("--predicted", out.resolve(file), "--truth", dir.resolve("labels"), "--classes",
                "background,cell");
        assertTrue(LabelMap.read(dir.resolve("labels/a-labels.png")).counts(2)[1] > 100);
        assertEquals(1.0, report.at("pooled").at("meanIou").asDouble());
        assertEquals(List.of("background", "cell"),
                report.at("classes").items().stream().map(c -> c.at("name").asString()).toList());
        // Themselves, without names given.
        assertEquals(1.0, evaluated("--predicted", out.resolve(file), "--truth", out.resolve(file), "--semantic",
                "--images", dir).at("pooled").at("meanIou").asDouble());
    }

    private Path detector(boolean panoptic) {
        Path file = dir.resolve("net.safetensors");
        Safetensors.write(file, panoptic ? SmallRcnns.panoptic(4, 5) : SmallRcnns.torchvision(4, true),
                Map.of("kerf.classes", "[\"car\", \"dog/fox\", \"bus\"]"));
        return file;
    }

    private Run detect(String command, Path net, Object... args) {
        Object[] all = new Object[args.length + 15];
        System.arraycopy(new Object[] {command, "--backend", "cpu", "--weights", net, "--out", out, "--min-size", "64",
            "--max-size", "120", "--quiet", dir.resolve("a.png"), "--score", "0.3"}, 0, all, 0, 15);
        System.arraycopy(args, 0, all, 15, args.length);
        return Run.of(all);
    }

    @Test
    void objects() {
        detect("detect", detector(false), "--annotations", "yolo,qupath,cvat,label-studio,cityscapes").succeeded();
        assertEquals(List.of("a-instances.json", "a-overlay.png", "a.geojson", "a.txt", "a_gtFine_instanceIds.png",
                "a_gtFine_labelIds.png", "cvat.xml", "data.yaml", "label-studio.json", "label-studio.xml"), Run.files(out));
        List<Json> found = Json.read(out.resolve("a-instances.json")).items().stream()
                .filter(i -> Coco.mask(i.at("segmentation"), W, H).area() > 0).toList();
        Annotations cvat = AnnotationFormat.CVAT.read(out.resolve("cvat.xml"), PictureSizes.UNKNOWN).pictures().getFirst();
        Annotations qupath = AnnotationFormat.QUPATH
                .read(out.resolve("a.geojson"), _ -> Optional.of(new PictureSizes.Size(W, H))).pictures().getFirst();
        List<String> names = List.of("", "car", "dog/fox", "bus");
        // The surest on top, which is the last.
        List<Json> order = new ArrayList<>(found.reversed());
        assertTrue(order.size() > 1);
        for (int i = 0; i < order.size(); i++) {
            assertEquals(Coco.mask(order.get(i).at("segmentation"), W, H), cvat.items().get(i).mask());
            assertEquals(names.get(order.get(i).at("category_id").asInt()), cvat.items().get(i).label());
            assertEquals(OptionalDouble.of(order.get(i).at("score").asDouble()), qupath.items().get(i).score());
        }
        for (String file : List.of("a.geojson", "label-studio.json", "cvat.xml")) {
            Json scores = evaluated("--predicted", out.resolve(file), "--truth", out.resolve("cvat.xml"));
            assertEquals(1.0, scores.at("summary").at("AP").asDouble(), file);
        }
        Json yolo = evaluated("--predicted", out, "--predicted-format", "yolo", "--truth", out.resolve("cvat.xml"));
        assertEquals(1.0, yolo.at("summary").at("AP").asDouble());
        Coco truth = new Coco(List.of("nothing", "car", "dog/fox", "bus"));
        int image = truth.addImage("a.png", W, H);
        found.forEach(f -> truth.add(image, f.at("category_id").asInt(), Coco.mask(f.at("segmentation"), W, H),
                OptionalDouble.empty()));
        truth.write(dir.resolve("truth.json"), Coco.Form.RUN_LENGTH);
        assertEquals(1.0,
                evaluated("--predicted", out.resolve("a.geojson"), "--truth", dir.resolve("truth.json")).at("summary").at("AP")
                        .asDouble());
        Json objects = evaluated("--predicted", out.resolve("cvat.xml"), "--truth", out.resolve("a.geojson"), "--objects");
        assertEquals(1.0, objects.at("aji").at("mean").asDouble());
        Run.of("evaluate", "--predicted", out.resolve("a-instances.json"), "--truth", out.resolve("cvat.xml"))
                .failedWith(ExitCode.FAILED, "a-instances.json", "--annotations");
    }

    @Test
    void thingsAndStuff() {
        detect("panoptic", detector(true), "--annotations", "cvat", "--classes", "car,dog,bus,road,sky,tree,hill")
                .succeeded();
        Json segments = Json.read(out.resolve("panoptic.json")).at("annotations").at(0).at("segments_info");
        List<Item> items = AnnotationFormat.CVAT.read(out.resolve("cvat.xml"), PictureSizes.UNKNOWN).pictures().getFirst()
                .items();
        assertEquals(segments.items().stream().map(s -> s.at("area").asLong()).toList(),
                items.stream().map(i -> i.mask().area()).toList());
    }

    @Test
    void whatIsShownAndWhatIsFollowed() throws IOException {
        Path weights = dir.resolve("sam.safetensors");
        Run.sam2(weights);
        Run.of("sam", dir.resolve("a.png"), "--backend", "cpu", "--weights", weights, "--out", out, "--image-size", 64,
                "--point", "30,25", "--format", "rle", "--annotations", "cvat,yolo", "--no-overlay").succeeded();
        assertEquals(List.of("a-masks.json", "a.txt", "cvat.xml", "data.yaml"), Run.files(out));
        assertEquals(Coco.mask(Json.read(out.resolve("a-masks.json")).at("annotations").at(0).at("segmentation"), W, H),
                AnnotationFormat.CVAT.read(out.resolve("cvat.xml"), PictureSizes.UNKNOWN).pictures().getFirst().items()
                        .getFirst().mask());
        Path clip = Files.createDirectory(dir.resolve("clip"));
        for (int i = 0; i < 3; i++) {
            Files.copy(dir.resolve("a.png"), clip.resolve("frame" + i + ".png"));
        }
        Run.of("track", clip, "--backend", "cpu", "--weights", weights, "--out", out.resolve("t"), "--image-size", 64,
                "--object", 1, "--point", "0:30,25", "--object", 4, "--box", "1:40,10,70,40", "--overlay", "none",
                "--format", "rle", "--annotations", "cvat,qupath", "--quiet").succeeded();
        assertEquals(List.of("clip-annotations", "clip-annotations/cvat.xml", "clip-annotations/frame0.geojson",
                "clip-annotations/frame1.geojson", "clip-annotations/frame2.geojson", "clip-masks.json"),
                Run.files(out.resolve("t")));
        List<Annotations> frames = AnnotationFormat.CVAT.read(out.resolve("t/clip-annotations/cvat.xml"), PictureSizes.UNKNOWN)
                .pictures();
        Json said = Json.read(out.resolve("t/clip-masks.json")).at("frames");
        assertEquals(3, frames.size());
        for (int f = 0; f < 3; f++) {
            for (Json o : said.at(f).at("objects").items()) {
                var mask = Coco.mask(o.at("segmentation"), W, H);
                List<Item> of = frames.get(f).items().stream().filter(i -> i.group() == o.at("object").asInt()).toList();
                assertEquals(mask.area() == 0 ? List.of() : List.of(mask), of.stream().map(Item::mask).toList());
            }
        }
    }

    @Test
    void mistakesAreTold() throws IOException {
        Path picture = dir.resolve("a.png");
        Run.of("segment", picture, "--annotations", "voc").failedWith(ExitCode.USAGE, "--annotations", "label-studio", "'voc'");
        Run.of("segment", picture, "--backend", "cpu", "--out", out, "--quiet", "--annotations", "cityscapes").failedWith(
                ExitCode.FAILED,
                "none of the classes", "cell interior");
        Files.createDirectories(out);
        Files.writeString(out.resolve("a.txt"), "0 0.1 0.1 0.2 0.1 0.2 0.2");
        Files.writeString(dir.resolve("cvat.xml"),
                "<annotations><image id='0' name='b.png' width='5' height='5'/></annotations>");
        Run.of("evaluate", "--predicted", out, "--truth", out).failedWith(ExitCode.FAILED, "a.txt",
                "name the pictures' directory");
        Run.of("evaluate", "--predicted", out, "--truth", dir.resolve("cvat.xml"), "--images", dir)
                .failedWith(ExitCode.FAILED, "the truth has no picture 'a'");
        Run.of("evaluate", "--predicted", out, "--truth", dir.resolve("none")).failedWith(ExitCode.FAILED, "none");
        Run.of("segment", picture, "--backend", "cpu", "--out", dir.resolve("labels"), "--no-overlay", "--quiet").succeeded();
        Run.of("evaluate", "--predicted", out, "--truth", dir.resolve("labels")).failedWith(ExitCode.FAILED, "give --classes");
        Run.of("evaluate", "--predicted", out, "--truth", dir.resolve("labels"), "--classes", "a,b").failedWith(
                ExitCode.FAILED, "a class 'class 0', which isn't one of --classes a,b");
        Run.of("evaluate", "--predicted", out, "--truth", dir.resolve("labels"), "--classes", "b,class 0").failedWith(
                ExitCode.FAILED, "has no 'background'");
        Run.of("evaluate", "--predicted", dir.resolve("labels"), "--truth", dir.resolve("labels"), "--semantic")
                .failedWith(ExitCode.USAGE, "--semantic");
    }
}

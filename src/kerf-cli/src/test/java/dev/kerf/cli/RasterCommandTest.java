package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.geo.Affine;
import dev.kerf.geo.GeoReference;
import dev.kerf.geo.LabelTiff;
import dev.kerf.geo.Raster;
import dev.kerf.geo.RasterRun;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code kerf segment} of rasters. */
class RasterCommandTest {
    private static final Path FILES = Path.of("src/kerf-geo/src/test/resources/dev/kerf/geo");
    private static final int WIDTH = 300;
    private static final int HEIGHT = 210;

    @TempDir
    private Path dir;

    private GeoReference place() {
        try (Raster raster = Raster.open(FILES.resolve("gaps.tif"))) {
            return raster.level(0).reference();
        }
    }

    /** Grey, of drawn waves; a corner of it has no data if there are to be gaps. */
    private Path scene(boolean gaps) {
        Path file = dir.resolve("scene.tif");
        List<String> levels = IntStream.range(0, 200).mapToObj(Integer::toString).toList();
        var form = new LabelTiff.Form(WIDTH, HEIGHT, 64, place(), levels, new int[0], gaps);
        try (LabelTiff out = new LabelTiff(file, form)) {
            for (int y = 0; y < HEIGHT; y += 64) {
                for (int x = 0; x < WIDTH; x += 64) {
                    int w = Math.min(64, WIDTH - x);
                    int h = Math.min(64, HEIGHT - y);
                    int[] grey = new int[w * h];
                    byte[] valid = new byte[gaps ? w * h : 0];
                    for (int i = 0; i < w * h; i++) {
                        int column = x + i % w;
                        int row = y + i / w;
                        grey[i] = (int) (100 + 60 * Math.sin(column / 9.0) * Math.cos(row / 7.0)
                                + (column * 31 + row * 17) % 39);
                        if (gaps) {
                            valid[i] = (byte) (column < 90 && row < 70 ? 0 : 1);
                        }
                    }
                    out.write(new RasterRun.Tile(x, y, LabelMap.of(w, h, grey), null, valid));
                }
            }
            out.commit();
        }
        return file;
    }

    private Path net(int channels, int classes) {
        return Run.unet(dir.resolve("net.safetensors"), channels, classes, false);
    }

    private static int[] labels(Path file) {
        return LabelMap.read(file).toArray();
    }

    @Test
    void labelsAreThoseOfAPictureInTheSameGrid() {
        Path scene = scene(false);
        Path net = net(1, 3);
        Run.of("segment", scene, "--weights", net, "--backend", "cpu", "--page", 1, "--tile", "off", "--no-overlay", "--out",
                dir.resolve("picture")).succeeded();
        int[] untiled = labels(dir.resolve("picture/scene-labels.png"));
        for (String tile : List.of("64", "auto", "off")) {
            Path out = dir.resolve("tile-" + tile);
            Run run = Run.of("segment", scene, "--weights", net, "--backend", "cpu", "--tile", tile, "--out", out).succeeded();
            assertTrue(run.out().contains("300x210"), run.out());
            assertEquals(List.of("scene-labels.tif"), Run.files(out));
            assertArrayEquals(untiled, labels(out.resolve("scene-labels.tif")), tile);
            try (Raster made = Raster.open(out.resolve("scene-labels.tif"))) {
                assertEquals(place().affine(), made.level(0).reference().affine());
                assertEquals(place().crs(), made.level(0).reference().crs());
                assertTrue(made.noData().isEmpty());
            }
        }
    }

    @Test
    void theEmbeddedNetworkStandardisesTheWholeRaster() {
        Path scene = scene(false);
        Run.of("segment", scene, "--backend", "cpu", "--page", 1, "--tile", "off", "--no-overlay", "--quiet", "--out",
                dir.resolve("picture")).succeeded();
        Run.of("segment", scene, "--backend", "cpu", "--tile", "256", "--quiet", "--out", dir.resolve("raster")).succeeded();
        assertArrayEquals(labels(dir.resolve("picture/scene-labels.png")), labels(dir.resolve("raster/scene-labels.tif")));
    }

    @Test
    void outlinesAndGaps() {
        Run run = Run
                .of("segment", scene(true), "--weights", net(1, 3), "--backend", "cpu", "--tile", "64", "--classes", "a,b,c",
                        "--background", "a", "--format", "labels,geojson", "--json", "--out", dir.resolve("out"))
                .succeeded();
        assertEquals(List.of("scene-labels.tif", "scene.geojson"), Run.files(dir.resolve("out")));
        Json said = Json.parse(run.out()).at("images").at(0);
        assertEquals(90 * 70, said.at("nodata_pixels").asLong());
        Json found = Json.read(dir.resolve("out/scene.geojson"));
        assertEquals("urn:ogc:def:crs:EPSG::32633", found.at("crs").at("properties").at("name").asString());
        assertEquals(said.at("outlines").asLong(), found.at("features").size());
        int[] labels = labels(dir.resolve("out/scene-labels.tif"));
        long[] pixels = new long[3];
        for (Json f : found.at("features").items()) {
            int label = (int) f.at("properties").at("label").asLong();
            long own = f.at("properties").at("pixels").asLong();
            pixels[label] += own;
            assertEquals(own * 100.0, f.at("properties").at("area").asDouble());
            Json rings = f.at("geometry").at("coordinates");
            double area = 0;
            for (Json ring : rings.items()) {
                for (int i = 0; i + 1 < ring.size(); i++) {
                    area += (ring.at(i).at(0).asDouble() - 500_000) * (ring.at(i + 1).at(1).asDouble() - 4_649_800)
                            - (ring.at(i + 1).at(0).asDouble() - 500_000) * (ring.at(i).at(1).asDouble() - 4_649_800);
                }
            }
            // Against the clock, holes with it.
            assertEquals(own * 100.0, area / 2);
        }
        assertEquals(0, pixels[0]);
        for (int c = 0; c < 3; c++) {
            int label = c;
            long count = IntStream.of(labels).filter(v -> v == label).count();
            assertEquals(c == 0 ? 0 : count, pixels[c]);
            assertEquals(count, said.at("classes").at(c).at("pixels").asLong());
            assertEquals(count * 100.0, said.at("classes").at(c).at("area_m2").asDouble());
        }
        for (int i = 0; i < labels.length; i++) {
            assertEquals(i % WIDTH < 90 && i / WIDTH < 70, labels[i] == 255);
        }
    }

    /** Objects are those that a picture has, and lie where the raster says. */
    @Test
    void measuresAreThoseOfAPicture() throws IOException {
        Path scene = scene(false);
        Path net = net(1, 3);
        Run.of("segment", scene, "--weights", net, "--backend", "cpu", "--page", 1, "--tile", "off", "--no-overlay",
                "--measure",
                dir.resolve("picture.json"), "--min-area", 3, "--quiet", "--out", dir.resolve("picture")).succeeded();
        for (String name : List.of("raster.json", "raster.csv")) {
            Run.of("segment", scene, "--weights", net, "--backend", "cpu", "--measure", dir.resolve(name), "--min-area", 3,
                    "--quiet",
                    "--out", dir.resolve("raster")).succeeded();
        }
        List<String> csv = Files.readAllLines(dir.resolve("raster.csv"));
        List<Json> found = Json.read(dir.resolve("raster.json")).items();
        List<Json> picture = Json.read(dir.resolve("picture.json")).items();
        assertEquals(picture.size(), found.size());
        assertEquals(found.size() + 1, csv.size());
        assertTrue(csv.getFirst().startsWith("image,label,class_id,class,area,bbox_x"), csv.getFirst());
        for (Json o : found) {
            Json same = picture.stream().filter(p -> List.of("class_id", "area", "bbox_x", "bbox_y", "holes").stream()
                    .allMatch(k -> p.at(k).asLong() == o.at(k).asLong())
                    && Math.abs(p.at("centroid_x").asDouble() - o.at("centroid_x").asDouble()) < 1e-6).findFirst()
                    .orElseThrow();
            assertEquals(same.at("eccentricity").asDouble(), o.at("eccentricity").asDouble(), 1e-6);
            assertEquals(same.at("orientation").asDouble(), o.at("orientation").asDouble(), 1e-6);
            assertEquals(same.at("euler_number").asLong(), o.at("euler_number").asLong());
            assertEquals(500_005 + 10 * o.at("centroid_x").asDouble(), o.at("map_x").asDouble(), 1e-6);
            assertEquals(4_649_795 - 10 * o.at("centroid_y").asDouble(), o.at("map_y").asDouble(), 1e-6);
            assertEquals(100.0 * o.at("area").asLong(), o.at("map_area").asDouble());
            assertEquals("m", o.at("map_unit").asString());
        }
    }

    @Test
    void outlinesForQuPathAreTheSame() throws IOException {
        Path net = net(1, 2);
        for (List<String> how : List.of(List.of("--format", "labels,geojson"), List.of("--annotations", "qupath"))) {
            Run.of("segment", scene(false), "--weights", net, "--backend", "cpu", how.getFirst(), how.getLast(), "--quiet",
                    "--out",
                    dir.resolve(how.getFirst())).succeeded();
        }
        assertEquals(-1, Files.mismatch(dir.resolve("--format/scene.geojson"), dir.resolve("--annotations/scene.geojson")));
    }

    @Test
    void outlinesAloneLeaveNoLabels() {
        Run.of("segment", scene(false), "--weights", net(1, 2), "--backend", "cpu", "--format", "geojson", "--quiet", "--out",
                dir.resolve("out")).succeeded();
        assertEquals(List.of("scene.geojson"), Run.files(dir.resolve("out")));
    }

    @Test
    void overviewsAndBands() throws IOException {
        Path net = net(3, 2);
        Path in = FILES.resolve("overviews.tif");
        Run.of("segment", in, "--weights", net, "--backend", "cpu", "--overview", 1, "--out", dir.resolve("one")).succeeded();
        Run.of("segment", in, "--weights", net, "--backend", "cpu", "--scale", "0.4", "--out", dir.resolve("near")).succeeded();
        Path made = dir.resolve("one/overviews-labels.tif");
        assertEquals(-1, Files.mismatch(made, dir.resolve("near/overviews-labels.tif")));
        try (Raster raster = Raster.open(made)) {
            assertEquals("20 12", raster.level(0).width() + " " + raster.level(0).height());
            assertEquals(new Affine(20, 0, 500_000, 0, -20, 4_649_800), raster.level(0).reference().affine().orElseThrow());
        }
        // Bands turned around are other numbers.
        net = net(3, 9);
        Path five = FILES.resolve("u4-lzw-contig.tif");
        for (String bands : List.of("1,2,3", "3,2,1")) {
            Run.of("segment", five, "--weights", net, "--backend", "cpu", "--bands", bands, "--range", "2%,98%", "--out",
                    dir.resolve("bands-" + bands)).succeeded();
        }
        assertTrue(Files.mismatch(dir.resolve("bands-1,2,3/u4-lzw-contig-labels.tif"),
                dir.resolve("bands-3,2,1/u4-lzw-contig-labels.tif")) >= 0);
        Run.of("segment", FILES.resolve("slide.svs.tif"), "--weights", net, "--backend", "cpu", "--format", "geojson",
                "--overview", 1,
                "--out", dir.resolve("slide")).succeeded();
        Json slide = Json.read(dir.resolve("slide/slide.svs.geojson"));
        assertFalse(slide.members().containsKey("crs"));
        double right = 0;
        for (Json f : slide.at("features").items()) {
            for (Json corner : f.at("geometry").at("coordinates").at(0).items()) {
                right = Math.max(right, corner.at(0).asDouble());
            }
        }
        assertEquals(40, right);
    }

    @Test
    void onnxNetworksGoOverTilesThatOverlap() {
        Path net = net(1, 3);
        Path onnx = dir.resolve("net.onnx");
        Run.of("export", "--onnx", onnx, "--weights", net, "--size", "96x96").succeeded();
        Path scene = scene(true);
        Run.of("segment", scene, "--weights", net, "--backend", "cpu", "--out", dir.resolve("own")).succeeded();
        Run.of("segment", scene, "--weights", onnx, "--backend", "cpu", "--tile-overlap", "24", "--out", dir.resolve("onnx"))
                .succeeded();
        int[] own = labels(dir.resolve("own/scene-labels.tif"));
        int[] again = labels(dir.resolve("onnx/scene-labels.tif"));
        int differ = (int) IntStream.range(0, own.length).filter(i -> own[i] != again[i]).count();
        assertEquals(0, differ);
        Run.of("segment", scene, "--weights", onnx, "--backend", "cpu", "--tile-overlap", "45", "--out", dir.resolve("no"))
                .failedWith(ExitCode.FAILED, "overlap");
        Run.of("segment", scene, "--weights", onnx, "--backend", "cpu", "--tile", "64", "--out", dir.resolve("no"))
                .failedWith(ExitCode.FAILED, "the model takes 96");
    }

    @Test
    void whatCantBeDoneIsSaidInALine() throws IOException {
        Path net = net(3, 2);
        Path scene = scene(false);
        Path picture = Path.of("src/main/samples/tissue-1.png");
        Object[][] wrong = {{FILES.resolve("overviews.tif"), "--overview", "9", "there is no overview 9"},
            {FILES.resolve("overviews.tif"), "--bands", "1,2", "the network takes 3"},
            {scene, "--bands", "2", "there is no band 2"},
            {scene, "--format", "rle", "--format rle"}, {scene, "--format", "npy", "--format npy"},
            {picture, "--bands", "1,2,3", "tissue-1.png"}, {scene, "--annotations", "cvat", "--annotations cvat"},
            {picture, "--format", "geojson", "--format geojson"}, {scene, "--scale", "2", "aren't made larger"}};
        for (Object[] w : wrong) {
            Run.of("segment", w[0], "--weights", net, "--backend", "cpu", "--out", dir.resolve("no"), w[1], w[2])
                    .failedWith(ExitCode.FAILED, (String) w[3]);
            assertFalse(Files.exists(dir.resolve("no")));
        }
        byte[] good = Files.readAllBytes(FILES.resolve("overviews.tif"));
        Path cut = Files.write(dir.resolve("cut.tif"), Arrays.copyOf(good, good.length - 5000));
        Run some = Run.of("segment", scene, cut, "--weights", net, "--backend", "cpu", "--range", "auto", "--out",
                dir.resolve("some"));
        assertEquals(ExitCode.SOME_FAILED, some.code());
        assertTrue(some.err().startsWith("kerf: ") && some.err().contains("cut.tif") && some.err().lines().count() == 1,
                some.err());
        assertEquals(List.of("scene-labels.tif"), Run.files(dir.resolve("some")));
        Run.of("segment", scene, "--weights", net, "--backend", "cpu", "--out", dir.resolve("no"), "--measure",
                dir.resolve("m.csv"),
                "--split").failedWith(ExitCode.FAILED, "--split");
        assertFalse(Files.exists(dir.resolve("m.csv")));
    }

    /** The file of a labels' map is a result of an earlier run, not a raster to go through. */
    @Test
    void aDirectoryOfRasters() {
        scene(false);
        Path net = Run.unet(dir.resolve("net.safetensors"), 1, 2, false);
        Run.of("segment", dir, "--weights", net, "--backend", "cpu", "--out", dir).succeeded();
        Run again = Run.of("segment", dir, "--weights", net, "--backend", "cpu", "--out", dir);
        assertEquals(0, again.code(), again.err());
        assertEquals(List.of("net.safetensors", "scene-labels.tif", "scene.tif"), Run.files(dir));
    }

    @Test
    void whatIsDoneIsSkipped() throws IOException {
        Path first = scene(false);
        Path second = Files.copy(first, dir.resolve("second.tif"));
        Path net = net(1, 3);
        Path out = dir.resolve("out");
        Run.of("segment", first, "--weights", net, "--backend", "cpu", "--out", out, "--resume").succeeded();
        byte[] before = Files.readAllBytes(out.resolve("scene-labels.tif"));
        Json said = Json.parse(Run.of("segment", first, second, "--weights", net, "--backend", "cpu", "--out", out, "--resume",
                "--json").succeeded().out());
        assertEquals(1, said.at("skipped").asInt());
        assertEquals(second.toString(), said.at("images").items().getFirst().at("file").asString());
        assertArrayEquals(before, Files.readAllBytes(out.resolve("second-labels.tif")));
        Files.delete(out.resolve("scene-labels.tif"));
        Run again = Run.of("segment", first, second, "--weights", net, "--backend", "cpu", "--out", out, "--resume")
                .succeeded();
        assertTrue(again.out().contains("1 raster was done before: skipped"), again.out());
        assertArrayEquals(before, Files.readAllBytes(out.resolve("scene-labels.tif")));
        Run.of("segment", first, "--weights", net, "--backend", "cpu", "--out", out, "--resume", "--tile", "64")
                .failedWith(ExitCode.FAILED, "other options");
        Run.of("segment", first, "--weights", net, "--backend", "cpu", "--out", out, "--resume", "--measure",
                dir.resolve("m.csv"))
                .failedWith(ExitCode.USAGE, "rasters that are measured");
    }

    /** A raster is done where that can't be noted. */
    @Test
    void theRecordCantBeWritten() throws IOException {
        Path first = scene(false);
        Path second = Files.copy(first, dir.resolve("second.tif"));
        Path out = dir.resolve("out");
        Files.createDirectories(out.resolve("kerf-manifest.jsonl"));
        Run run = Run.of("segment", first, second, "--weights", net(1, 3), "--backend", "cpu", "--out", out, "--json");
        assertEquals(ExitCode.OK, run.code(), run.err());
        assertEquals(2, Json.parse(run.out()).at("images").size());
        assertEquals(0, Json.parse(run.out()).at("failed").size());
        assertTrue(run.err().contains("kerf-manifest.jsonl"), run.err());
    }
}

package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.Coco;
import dev.kerf.mask.LabelMap;
import dev.kerf.measure.ObjectFinder;
import dev.kerf.measure.ObjectRules;
import dev.kerf.measure.Region;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --measure} of the commands that make masks: the table says what the masks beside it show. */
class MeasureCommandTest {
    @TempDir
    private Path dir;

    private Path file(String name) {
        return dir.resolve(name);
    }

    private List<Json> rows(String name) {
        return Json.read(file(name)).items();
    }

    private Path picture() {
        Image image = Image.blank(75, 50, PixelFormat.RGB8);
        for (int i = 0; i < 3 * 75 * 50; i++) {
            int x = i / 3 % 75;
            int y = i / 3 / 75;
            image.setSample(x, y, i % 3, (5 * x + 3 * y * (i % 3) + (Math.hypot(x - 30, y - 25) < 15 ? 90 : 0)) % 256);
        }
        image.writePng(file("a.png"));
        return file("a.png");
    }

    /** Grey, 8 bits, uncompressed, with a resolution of 20,000 × 40,000 pixels a centimetre. */
    private Path tiff(int side) throws IOException {
        int[][] tags = {{256, 3, 1, side}, {257, 3, 1, side}, {258, 3, 1, 8}, {259, 3, 1, 1}, {262, 3, 1, 1}, {273, 4, 1, 200},
            {277, 3, 1, 1}, {278, 3, 1, side}, {279, 4, 1, side * side}, {282, 5, 1, 170}, {283, 5, 1, 178}, {296, 3, 1, 3}};
        ByteBuffer b = ByteBuffer.allocate(200 + side * side).order(ByteOrder.LITTLE_ENDIAN);
        b.put((byte) 'I').put((byte) 'I').putShort((short) 42).putInt(8).putShort((short) tags.length);
        for (int[] t : tags) {
            b.putShort((short) t[0]).putShort((short) t[1]).putInt(t[2]).putInt(t[3]);
        }
        b.putInt(170, 20_000).putInt(174, 1).putInt(178, 40_000).putInt(182, 1);
        for (int i = 0; i < side * side; i++) {
            b.put(200 + i, (byte) (Math.hypot(i % side - 20, i / side - 20) < 12 ? 30 : 200));
        }
        return Files.write(file("t.tif"), b.array());
    }

    @Test
    void objectsOfClasses() throws IOException {
        Run run = Run.of("segment", tiff(48), "--backend", "cpu", "--out", dir, "--background", "membrane", "--measure",
                file("t.json"),
                "--connectivity", "4", "--min-area", "3");
        assertEquals(ExitCode.OK, run.code(), run.err());
        LabelMap labels = LabelMap.read(file("t-labels.png"));
        try (Device device = Backends.open("cpu");
                ObjectFinder finder = new ObjectFinder(device, ObjectRules.of().connectivity(4).areas(3, Long.MAX_VALUE))) {
            List<Region> found = finder.find(labels, 0).measure();
            assertFalse(found.isEmpty());
            assertEquals(found.size(), rows("t.json").size());
            for (int i = 0; i < found.size(); i++) {
                Json row = rows("t.json").get(i);
                assertEquals(found.get(i).area(), row.at("area").asLong());
                assertEquals(found.get(i).area() * 0.125, row.at("area_um2").asDouble(), 1e-12,
                        "0.5 by 0.25 µm, says the TIFF");
                assertEquals(found.get(i).pixels().perimeter(), row.at("perimeter").asDouble());
                assertEquals("cell interior", row.at("class").asString());
                assertEquals(i + 1, row.at("label").asInt());
                assertTrue(row.at("intensity_min").asDouble() >= 30 && row.at("intensity_max").asDouble() <= 200);
            }
            assertTrue(run.out().endsWith("t.json  " + found.size() + (found.size() == 1 ? " object\n" : " objects\n")),
                    run.out());
        }
    }

    @Test
    void optionsSayWhatAnObjectIs() throws IOException {
        tiff(48);
        for (String csv : List.of("whole", "given")) {
            Run.of("segment", file("t.tif"), "--backend", "cpu", "--out", dir, "--quiet", "--measure", file(csv + ".csv"),
                    "--spacing",
                    "2,3mm", "--connectivity", csv.equals("whole") ? "none" : "8", "--fill-holes=5", "--open", "1", "--close",
                    "1",
                    csv.equals("whole") ? "--max-area=9999" : "--split").succeeded();
        }
        List<String> whole = Files.readAllLines(file("whole.csv"));
        assertTrue(whole.size() <= 3, "a row a class: " + whole);
        assertTrue(whole.getFirst().contains(",pixel_width_mm,pixel_height_mm,area_mm2,"), whole.getFirst());
        assertTrue(whole.get(1).contains(",2.0,3.0,"), whole.get(1));
        assertTrue(Files.readAllLines(file("given.csv")).size() >= whole.size());
    }

    @Test
    void thingsAndSegments() {
        Path net = file("net.safetensors");
        Safetensors.write(net, SmallRcnns.panoptic(4, 5), Map.of());
        for (String command : List.of("detect", "panoptic")) {
            Run.of(command, picture(), "--backend", "cpu", "--weights", net, "--out", dir, "--min-size", "64", "--max-size",
                    "120",
                    "--quiet", "--score", "0.2", "--measure", file(command + "-table.json")).succeeded();
        }
        List<Json> found = Json.read(file("a-instances.json")).items().stream()
                .filter(i -> Coco.mask(i.at("segmentation"), 75, 50).area() > 0).toList();
        assertFalse(found.isEmpty());
        assertEquals(found.stream().map(i -> i.at("score").asDouble() + " " + i.at("category_id").asInt() + " "
                + Coco.mask(i.at("segmentation"), 75, 50).area()).toList(),
                rows("detect-table.json").stream().map(r -> r.at("score").asDouble() + " " + r.at("class_id").asInt() + " "
                        + r.at("area").asLong()).toList());
        assertEquals(3,
                rows("detect-table.json").getFirst().members().keySet().stream().filter(n -> n.startsWith("intensity_mean-"))
                        .count());
        List<Json> segments = Json.read(file("panoptic.json")).at("annotations").at(0).at("segments_info").items();
        assertFalse(segments.isEmpty());
        assertEquals(segments.stream().map(g -> g.at("id").asInt() + " " + g.at("area").asLong()).toList(),
                rows("panoptic-table.json").stream().map(r -> r.at("segment_id").asInt() + " " + r.at("area").asLong())
                        .toList());
    }

    @Test
    void whatIsPointedAt() throws IOException {
        Path weights = file("sam.safetensors");
        Run.sam2(weights);
        Path clip = Files.createDirectory(file("clip"));
        Files.copy(picture(), clip.resolve("0.png"));
        Files.copy(picture(), clip.resolve("1.png"));
        Run.of("sam", file("a.png"), "--backend", "cpu", "--weights", weights, "--out", dir, "--image-size", "64", "--quiet",
                "--box",
                "15,10,45,40", "--format", "rle", "--measure", file("sam.json")).succeeded();
        Json mask = Json.read(file("a-masks.json")).at("annotations").at(0);
        assertEquals(1, rows("sam.json").size());
        assertEquals(mask.at("area").asLong(), rows("sam.json").getFirst().at("area").asLong());
        Run.of("track", clip, "--backend", "cpu", "--weights", weights, "--out", dir, "--image-size", "64", "--quiet",
                "--object", "4",
                "--box", "0:15,10,45,40", "--format", "coco", "--overlay", "none", "--measure", file("track.json"), "--spacing",
                "1cm")
                .succeeded();
        List<Json> followed = rows("track.json");
        assertEquals(
                Json.read(file("clip-track.json")).items().stream().map(r -> r.at("area").asLong()).filter(n -> n > 0).toList(),
                followed.stream().map(r -> r.at("area").asLong()).toList());
        assertEquals("object 4 in 0",
                followed.getFirst().at("class").asString() + " in " + followed.getFirst().at("frame").asInt());
        assertEquals(4, followed.getFirst().at("label").asInt());
    }

    @Test
    void complaints() throws IOException {
        Path picture = picture();
        Run.of("segment", picture, "--split").failedWith(ExitCode.USAGE, "--measure FILE");
        Run.of("segment", picture, "--measure", file("t.xlsx")).failedWith(ExitCode.USAGE, ".csv or .json");
        Run.of("segment", picture, "--measure", file("t.csv"), "--connectivity", "none", "--split").failedWith(ExitCode.USAGE,
                "whole");
        Run.of("segment", picture, "--backend", "cpu", "--quiet", "--out", dir, "--measure", file("none/t.csv"))
                .failedWith(ExitCode.FAILED, "doesn't exist");
        Path input = Files.copy(picture, file("b.csv"));
        Run.of("segment", picture, input, "--backend", "cpu", "--quiet", "--out", dir, "--measure", input)
                .failedWith(ExitCode.FAILED, "would overwrite this input");
    }
}

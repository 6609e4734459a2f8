package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.cli.console.ExitCode;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.model.maskrcnn.SmallRcnns;
import dev.kerf.weights.Safetensors;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** {@code --jobs} and {@code --resume}: the same files and words whatever is done at once, and whatever is done a second time. */
class ResumeTest {
    private static final String MANIFEST = "kerf-manifest.jsonl";

    @TempDir
    private Path dir;

    private Path picture(String name, int side) throws IOException {
        Path file = dir.resolve(name);
        Files.createDirectories(file.getParent());
        Image image = Image.blank(side, side, PixelFormat.RGB8);
        int kind = name.hashCode();
        for (int i = 0; i < 3 * side * side; i++) {
            int x = i / 3 % side;
            int y = i / 3 / side;
            image.setSample(x, y, i % 3, (5 * x + kind * y * (i % 3) + (Math.hypot(x - 30, y - 25) < 15 ? 90 : 0)) & 255);
        }
        image.writePng(file);
        return file;
    }

    /** Pictures of one name in several directories, and what is none. */
    private Path folder() throws IOException {
        for (String name : List.of("in/a.png", "in/b.png", "in/c.png", "in/more/a.png", "in/more/deep/a.png",
                "in/other/c.png")) {
            picture(name, 64);
        }
        Files.writeString(dir.resolve("in/bad.png"), "no picture");
        Files.writeString(dir.resolve("in/more/z.png"), "nor this");
        return dir.resolve("in");
    }

    private static Map<String, byte[]> bytes(Path directory) throws IOException {
        Map<String, byte[]> out = new TreeMap<>();
        for (String name : Run.files(directory)) {
            if (Files.isRegularFile(directory.resolve(name)) && !name.equals(MANIFEST)) {
                out.put(name, Files.readAllBytes(directory.resolve(name)));
            }
        }
        return out;
    }

    private static void same(Path expected, Path found) throws IOException {
        Map<String, byte[]> a = bytes(expected);
        Map<String, byte[]> b = bytes(found);
        assertEquals(a.keySet(), b.keySet());
        a.forEach((name, content) -> assertArrayEquals(content, b.get(name), name));
    }

    /** What was said, without times and places. */
    private static String said(String json, Path out) {
        return json.replaceAll("\"seconds\": [0-9.E-]+", "").replace(out.toString(), "OUT");
    }

    private static Run segment(Path in, Path out, Object... more) {
        List<Object> all = new ArrayList<>(
                List.of("segment", in, "--recursive", "--backend", "cpu", "--out", out, "--json", "--quiet"));
        all.addAll(Arrays.asList(more));
        return Run.of(all.toArray());
    }

    @Test
    void anyNumberOfJobsSaysAndWritesTheSame() throws IOException {
        Path in = folder();
        Path one = dir.resolve("one");
        Object[] every = {"--format", "labels,rle,polygons", "--annotations", "yolo,qupath,cvat,label-studio", "--measure"};
        Run alone = segment(in, one, with(every, one.resolve("cells.csv"), "--jobs", 1));
        assertEquals(ExitCode.SOME_FAILED, alone.code(), alone.err());
        assertEquals(6, Json.parse(alone.out()).at("images").size());
        assertEquals(2, Json.parse(alone.out()).at("failed").size());
        for (int jobs : new int[] {2, 8}) {
            Path out = dir.resolve("jobs-" + jobs);
            Run many = segment(in, out, with(every, out.resolve("cells.csv"), "--jobs", jobs));
            assertEquals(ExitCode.SOME_FAILED, many.code());
            assertEquals(alone.err(), many.err());
            assertEquals(said(alone.out(), one), said(many.out(), out));
            same(one, out);
        }
    }

    private static Object[] with(Object[] some, Object... more) {
        Object[] all = Arrays.copyOf(some, some.length + more.length);
        System.arraycopy(more, 0, all, some.length, more.length);
        return all;
    }

    /** Those of whole runs that nobody wanted to go on with leave nothing behind. */
    @Test
    void theRecordStaysWhereItIsOfUse() throws IOException {
        Path in = folder();
        Path out = dir.resolve("out");
        segment(in, out, "--resume");
        assertTrue(Files.exists(out.resolve(MANIFEST)));
        Files.delete(in.resolve("bad.png"));
        Files.delete(in.resolve("more/z.png"));
        assertEquals(0, segment(in, dir.resolve("all")).code());
        assertFalse(Files.exists(dir.resolve("all").resolve(MANIFEST)));
        Run again = segment(in, out, "--resume");
        assertEquals(0, again.code());
        assertEquals(6, Json.parse(again.out()).at("skipped").asInt());
        assertTrue(Files.exists(out.resolve(MANIFEST)));
        Path next = picture("in/d.png", 64);
        Json said = Json.parse(segment(in, out, "--resume").out());
        assertEquals(6, said.at("skipped").asInt());
        assertEquals(List.of(next.toString()), said.at("images").items().stream().map(i -> i.at("file").asString()).toList());
        assertEquals(7, Files.readAllLines(out.resolve(MANIFEST)).size());
    }

    @Test
    void whatIsntAsItWasIsDoneAgain() throws IOException {
        Path in = folder();
        Path out = dir.resolve("out");
        segment(in, out, "--resume");
        Path manifest = out.resolve(MANIFEST);
        List<String> lines = Files.readAllLines(manifest);
        assertEquals(6, lines.size());
        // Its last line is torn, a picture is another, a result is gone.
        Files.writeString(manifest, String.join("\n", lines.subList(0, 5)) + "\n" + lines.get(5).substring(0, 40));
        picture("in/b.png", 72);
        Files.delete(out.resolve("c.png-1-labels.png"));
        Json said = Json.parse(segment(in, out, "--resume").out());
        assertEquals(3, said.at("skipped").asInt());
        assertEquals(List.of("b.png", "c.png", "c.png"), said.at("images").items().stream()
                .map(i -> Path.of(i.at("file").asString()).getFileName().toString()).toList());
        assertTrue(Files.exists(out.resolve("c.png-1-labels.png")));
        assertEquals(8, Files.readAllLines(manifest).size());
        Files.readAllLines(manifest).forEach(Json::parse);
        Run all = Run.of("segment", in.resolve("a.png"), in.resolve("b.png"), in.resolve("c.png"), "--out", out, "--backend",
                "cpu",
                "--resume");
        assertTrue(all.out().lines().anyMatch(l -> l.matches("\\d images? (was|were) done before: skipped")), all.out());
        Files.delete(in.resolve("bad.png"));
        Files.delete(in.resolve("more/z.png"));
        // The three are called otherwise among the others, but for b.
        Json once = Json.parse(segment(in, out, "--resume").out());
        assertEquals(4, once.at("skipped").asInt());
        assertEquals(2, once.at("images").size());
        assertEquals(6, Json.parse(segment(in, out, "--resume").out()).at("skipped").asInt());
    }

    @Test
    void anotherRunsRecordIsRefused() throws IOException {
        Path in = folder();
        Path out = dir.resolve("out");
        segment(in, out, "--resume");
        Path manifest = out.resolve(MANIFEST);
        byte[] before = Files.readAllBytes(manifest);
        segment(in, out, "--resume", "--scale", "0.5").failedWith(ExitCode.FAILED, manifest.toString(), "other options",
                "--out");
        segment(in, out, "--resume", "--weights", Run.unet(dir.resolve("net.safetensors"), 3, 2, false)).failedWith(
                ExitCode.FAILED,
                manifest.toString(), "other weights");
        assertArrayEquals(before, Files.readAllBytes(manifest));
        Run.of("segment", in.resolve("a.png"), in.resolve("bad.png"), "--out", out, "--backend", "cpu", "--scale", "0.5");
        assertEquals(1, Files.readAllLines(manifest).size(), "begun anew");
        Files.writeString(manifest, "something else\n");
        segment(in, out, "--resume").failedWith(ExitCode.FAILED, "is no manifest");
        try (FileChannel other = FileChannel.open(Files.write(manifest, before), StandardOpenOption.WRITE)) {
            other.lock();
            segment(in, out, "--resume").failedWith(ExitCode.FAILED, "another run writes it");
            assertEquals(ExitCode.SOME_FAILED, segment(in, out).code());
        }
        assertArrayEquals(before, Files.readAllBytes(manifest));
        Files.writeString(dir.resolve("v.nii"), "");
        Run.of("segment", dir.resolve("v.nii"), "--resume").failedWith(ExitCode.USAGE,
                "--resume is for pictures, not for volumes");
    }

    /** Files of all images are those of a run that wasn't stopped. */
    @Test
    void filesOfAllImagesAreWhole() throws IOException {
        Path net = dir.resolve("net.safetensors");
        Safetensors.write(net, SmallRcnns.panoptic(4, 3), Map.of());
        List<Object> first = new ArrayList<>();
        List<Object> all = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            all.add(picture("in/" + (char) ('a' + i) + ".png", 60));
        }
        first.addAll(all.subList(0, 2));
        for (String command : List.of("detect", "panoptic")) {
            Path whole = dir.resolve(command + "-whole");
            Path parts = dir.resolve(command + "-parts");
            assertEquals(0, found(command, net, all, whole, dir.resolve(command + ".csv")).code());
            byte[] table = Files.readAllBytes(dir.resolve(command + ".csv"));
            found(command, net, first, parts, dir.resolve(command + ".csv"), "--resume").succeeded();
            Run rest = found(command, net, all, parts, dir.resolve(command + ".csv"), "--resume", "--json").succeeded();
            assertEquals(2, Json.parse(rest.out()).at("skipped").asInt());
            same(whole, parts);
            assertArrayEquals(table, Files.readAllBytes(dir.resolve(command + ".csv")));
        }
    }

    private static Run found(String command, Path net, List<Object> images, Path out, Path table, Object... more) {
        List<Object> args = new ArrayList<>(
                List.of(command, "--backend", "cpu", "--weights", net, "--out", out, "--min-size", "64",
                        "--max-size", "120", "--quiet", "--score", "0.3", "--annotations", "cvat,label-studio,qupath",
                        "--measure", table));
        if (command.equals("detect")) {
            args.addAll(List.of("--results", out.resolve("all.json"), "--format", "rle,masks"));
        }
        args.addAll(images);
        args.addAll(Arrays.asList(more));
        return Run.of(args.toArray());
    }

    /** By SIGKILL, by SIGTERM and by Ctrl-C, after three images. */
    @ParameterizedTest
    @ValueSource(strings = {"KILL", "TERM", "INT"})
    void aRunThatWasStoppedGoesOn(String signal) throws IOException, InterruptedException {
        Path net = Run.unet(dir.resolve("net.safetensors"), 3, 2, false);
        for (int i = 0; i < 12; i++) {
            picture("in/" + i + ".png", 96);
        }
        // Nobody writes into the last one: however slowly the signal comes, the run isn't done.
        Path last = dir.resolve("last.png");
        assertEquals(0, new ProcessBuilder("mkfifo", last.toString()).start().waitFor());
        Path out = dir.resolve("out");
        Path manifest = out.resolve(MANIFEST);
        List<String> call = new ArrayList<>(
                List.of("env", "--default-signal=INT", Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules", "jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED"));
        call.addAll(Run.SOON_DONE);
        call.addAll(List.of("-cp", System.getProperty("java.class.path"), "dev.kerf.cli.Main", "segment",
                dir.resolve("in").toString(), last.toString(), "--weights", net.toString(), "--backend", "cpu", "--jobs", "3",
                "--out", out.toString()));
        Process run = new ProcessBuilder(call).redirectErrorStream(true).redirectOutput(dir.resolve("said").toFile()).start();
        long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(20);
        while (!Files.exists(manifest) || Files.readString(manifest).lines().count() < 3) {
            assertTrue(run.isAlive() && System.nanoTime() < end, Files.readString(dir.resolve("said")));
            Thread.sleep(1);
        }
        new ProcessBuilder("kill", "-" + signal, Long.toString(run.pid())).start().waitFor();
        assertTrue(run.waitFor(20, TimeUnit.MINUTES));
        assertTrue(run.exitValue() != 0, Files.readString(dir.resolve("said")));
        long done = Files.readString(manifest, StandardCharsets.UTF_8).lines().count();
        assertTrue(done >= 3 && done <= 12, done + " were done");

        Files.delete(last);
        picture("last.png", 96);
        Run rest = Run.of("segment", dir.resolve("in"), last, "--weights", net, "--backend", "cpu", "--jobs", "2", "--out", out,
                "--json", "--resume");
        assertEquals(0, rest.code(), rest.err());
        Json said = Json.parse(rest.out());
        assertEquals(13, said.at("skipped").asInt() + said.at("images").size());
        assertTrue(said.at("skipped").asInt() >= 3, said.at("skipped").toString());
        assertEquals(0, Run.of("segment", dir.resolve("in"), last, "--weights", net, "--backend", "cpu", "--out",
                dir.resolve("whole"), "--quiet").code());
        same(dir.resolve("whole"), out);
    }
}

package dev.kerf.image.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The pipe to ffmpeg, with a script in its place: what is asked of it, and what becomes of each way in which it may fail. */
class FfmpegTest {
    private static final FrameSource.Rate RATE = new FrameSource.Rate(25, 1);

    @TempDir
    private Path directory;

    private Path video;

    @BeforeEach
    void someVideo() throws IOException {
        video = Files.writeString(directory.resolve("a.mp4"), "whatever an MP4 holds");
    }

    /** A PATH with a command of that script in it. */
    private String path(String script) {
        Path bin = directory.resolve("bin");
        Path command = bin.resolve("ffmpeg");
        try {
            Files.createDirectories(bin);
            Files.writeString(command, "#!/bin/sh\n" + script + "\n");
            Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return "/nowhere::" + bin;
    }

    private Path y4m(int frames) {
        Path file = directory.resolve("frames.y4m");
        try (FrameSink out = FrameSink.open(file, 16, 8, RATE)) {
            for (int i = 0; i < frames; i++) {
                out.write(new Frame(i, RATE.time(i), RATE.duration(), Clips.square(16, 8, i)));
            }
            out.finish();
        }
        return file;
    }

    private List<Frame> read(String path) {
        try (FrameSource source = VideoFile.open(video, path)) {
            return Clips.all(source);
        }
    }

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(f -> f.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void withoutItTheMessageSaysSo() throws IOException {
        VideoTest.failsWith(() -> read("/nowhere::\0bad:" + directory), "a.mp4", "needs ffmpeg", "isn't on the PATH");
        Path out = directory.resolve("out.mp4");
        VideoTest.failsWith(() -> VideoFile.create(out, 16, 8, RATE, ""), "out.mp4", "needs ffmpeg");
        assertEquals(List.of("a.mp4"), names());
    }

    @Test
    void framesComeThroughThePipe() throws IOException {
        Path frames = y4m(5);
        List<Frame> read = read(path("echo \"$@\" > '" + directory + "/said'; cat '" + frames + "'"));
        assertEquals(5, read.size());
        for (int i = 0; i < 5; i++) {
            assertTrue(Clips.difference(Clips.square(16, 8, i), read.get(i).image()) <= 2);
        }
        String said = Files.readString(directory.resolve("said"));
        assertTrue(said.contains("-i file:" + video.toAbsolutePath()), said);
        assertTrue(said.contains("-protocol_whitelist file "), said);
    }

    @Test
    void itsLastWordsAreShown() {
        VideoTest.failsWith(() -> read(path("echo first >&2; echo 'moov atom not found' >&2; exit 69")),
                "a.mp4", "exit code 69", "moov atom not found");
        VideoTest.failsWith(() -> read(path("exit 3")), "exit code 3", "no reason");
    }

    @Test
    void aFailureInTheMiddleIsOne() {
        Path frames = y4m(3);
        VideoTest.failsWith(() -> read(path("cat '" + frames + "'; echo broken >&2; exit 1")), "exit code 1", "broken");
        VideoTest.failsWith(() -> read(path("head -c 600 '" + frames + "'; echo cut >&2; exit 2")), "exit code 2", "cut");
        VideoTest.failsWith(() -> read(path("head -c 600 '" + frames + "'")), "truncated: frame 1");
        VideoTest.failsWith(() -> read(path("echo no video")), "doesn't begin with 'YUV4MPEG2 '");
        VideoTest.failsWith(() -> read(path("true")), "doesn't begin with");
    }

    @Test
    void muchOnStandardErrorDoesNotBlock() {
        Path frames = y4m(2);
        assertEquals(2, read(path("head -c 300000 /dev/zero | tr '\\0' 'x' >&2; cat '" + frames + "'")).size());
    }

    @Test
    void closingEarlyEndsIt() throws IOException {
        Path frames = y4m(2);
        String path = path("echo $$ > '" + directory + "/pid'; cat '" + frames + "'; exec sleep 600");
        try (FrameSource source = VideoFile.open(video, path)) {
            source.next();
        }
        long pid = Long.parseLong(Files.readString(directory.resolve("pid")).strip());
        assertFalse(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
    }

    @Test
    void writtenFramesAreItsInput() throws IOException {
        // The file to write is the last argument.
        String path = path("for last; do :; done; echo \"$@\" > '" + directory + "/said'; cat > \"${last#file:}\"");
        Path out = directory.resolve("out.mp4");
        Image image = Clips.square(16, 8, 3);
        try (FrameSink sink = VideoFile.create(out, 16, 8, RATE, path)) {
            sink.write(new Frame(0, 0, 1, image));
            sink.write(new Frame(1, 1, 1, image));
            assertFalse(Files.exists(out));
            sink.finish();
        }
        byte[] content = Files.readAllBytes(out);
        assertEquals(2 * 3 * 16 * 8, content.length);
        assertEquals(image.sample(15, 7, 2), content[content.length - 1] & 0xFF);
        String said = Files.readString(directory.resolve("said"), StandardCharsets.UTF_8);
        assertTrue(said.contains("-video_size 16x8 -framerate 25/1"), said);
    }

    @Test
    void aFailedFileIsNotThere() throws IOException {
        Path out = directory.resolve("out.mp4");
        VideoTest.failsWith(() -> {
            try (FrameSink sink = VideoFile.create(out, 16, 8, RATE, path("cat > /dev/null; echo full disk >&2; exit 4"))) {
                sink.write(new Frame(0, 0, 1, Clips.square(16, 8, 0)));
                sink.finish();
            }
        }, "out.mp4", "exit code 4", "full disk");
        VideoTest.failsWith(() -> {
            try (FrameSink sink = VideoFile.create(out, 16, 8, RATE, path("echo unknown encoder >&2; exit 5"))) {
                for (int i = 0; i < 5000; i++) {
                    sink.write(new Frame(i, i, 1, Clips.square(16, 8, 0)));
                }
                sink.finish();
            }
        }, "exit code 5", "unknown encoder");
        assertEquals(List.of("a.mp4", "bin"), names());
    }
}

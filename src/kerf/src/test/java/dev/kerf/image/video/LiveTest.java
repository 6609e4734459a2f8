package dev.kerf.image.video;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.image.Image;
import dev.kerf.image.video.LiveSource.Shot;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Live frames: from a script in ffmpeg's place, and from a real ffmpeg that sends at the pace of a camera. Cameras and RTSP are tried
 * by the command lines that are made of them.
 */
class LiveTest {
    @TempDir
    private Path directory;

    private String path(String script) throws IOException {
        Path command = Files.writeString(directory.resolve("ffmpeg"), "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(command, PosixFilePermissions.fromString("rwxr-xr-x"));
        return directory.toString();
    }

    /** Frames of 4 × 2, each with its number as luma. */
    private Path frames(int count) throws IOException {
        StringBuilder out = new StringBuilder("YUV4MPEG2 W4 H2 F25:1 C420jpeg\n");
        for (int i = 0; i < count; i++) {
            out.append("FRAME\n").repeat((char) (16 + i), 8).append("\u0001\u0002\u0003\u0004");
        }
        return Files.write(directory.resolve("frames"), out.toString().getBytes(java.nio.charset.StandardCharsets.ISO_8859_1));
    }

    @Test
    void whoIsSlowSeesTheNewestFrame() throws Exception {
        Path more = directory.resolve("more");
        String script = "cat '" + frames(9) + "'; while [ ! -e '" + more + "' ]; do sleep 0.05; done";
        try (LiveSource live = LiveSource.open("cam:0", path(script))) {
            assertEquals(List.of(4, 2, new FrameSource.Rate(25, 1)), List.of(live.width(), live.height(), live.rate()));
            while (live.arrived() < 9) {
                Thread.onSpinWait();
            }
            Shot last = live.next().orElseThrow();
            assertEquals(8, last.index());
            assertEquals(8, live.dropped());
            // Luma as it came, chroma interleaved.
            assertEquals(16 + 8, last.data()[7]);
            assertEquals(List.of((byte) 1, (byte) 3, (byte) 2, (byte) 4),
                    List.of(last.data()[8], last.data()[9], last.data()[10], last.data()[11]));
            Files.createFile(more);
            assertEquals(Optional.empty(), live.next());
        }
    }

    @Test
    void framesComeInTurnToWhoIsFast() throws Exception {
        String script = "head -c 31 '" + frames(2) + "'; tail -c +32 '" + frames(2) + "' | head -c 18; while [ ! -e '"
                + directory
                + "/more' ]; do sleep 0.05; done; tail -c 18 '" + frames(2) + "'";
        try (LiveSource live = LiveSource.open("tcp://a:b@localhost:1/", path(script))) {
            assertEquals("tcp://localhost:1/", live.name());
            assertEquals(0, live.next().orElseThrow().index());
            Files.createFile(directory.resolve("more"));
            assertEquals(1, live.next().orElseThrow().index());
            assertEquals(Optional.empty(), live.next());
            assertEquals(0, live.dropped());
        }
    }

    @Test
    void whatGoesWrongIsTold() throws Exception {
        String broken = assertThrows(BadFileException.class,
                () -> LiveSource.open("rtsp://me:secret@camera/1",
                        path("echo \"$@: Connection refused\" | sed 's/.*rtsp:/rtsp:/' >&2; exit 1")))
                .getMessage();
        assertTrue(broken.startsWith("rtsp://camera/1: ") && broken.contains("Connection refused"), broken);
        assertFalse(broken.contains("secret"), broken);
        assertTrue(assertThrows(BadFileException.class, () -> LiveSource.open("cam:0", "/nowhere")).getMessage()
                .contains("needs ffmpeg"));
        assertTrue(assertThrows(BadInputException.class, () -> LiveSource.open("file:///etc/passwd", "/nowhere")).getMessage()
                .contains("no camera"));
        Path one = frames(1);
        try (LiveSource live = LiveSource.open("cam:0", path("cat '" + one + "'; echo unplugged >&2; exit 5"))) {
            assertTrue(live.next().isPresent());
            assertTrue(assertThrows(BadFileException.class, live::next).getMessage().contains("unplugged"));
        }
        LiveSource closed = LiveSource.open("cam:0", path("cat '" + one + "'; exec sleep 60"));
        closed.close();
        closed.close();
        assertThrows(ClosedException.class, closed::next);
    }

    @Test
    void addresses() {
        for (String s : List.of("cam:0", "cam:/dev/video3", "CAM:1", "rtsp://h/x", "RTSPS://h", "srt://h:9",
                "udp://239.0.0.1:1234",
                "http://h/live.m3u8")) {
            assertTrue(LiveSource.isAddress(s), s);
        }
        for (String s : List.of("cam", "cam:", "camera.png", "http:/x", "file:///x", "C:\\a.png", "concat:a|b", "")) {
            assertFalse(LiveSource.isAddress(s), s);
        }
        assertEquals(
                List.of("-fflags", "nobuffer", "-flags", "low_delay", "-analyzeduration", "500000", "-f", "v4l2", "-i",
                        "/dev/video2"),
                LiveAddress.of("cam:2").arguments("Linux"));
        assertEquals("/dev/v4l/by-id/usb", LiveAddress.of("cam:/dev/v4l/by-id/usb").arguments("Linux").getLast());
        assertEquals(List.of("-f", "avfoundation", "-framerate", "30", "-i", "0:none"),
                end(LiveAddress.of("cam:0").arguments("Mac OS X"), 6));
        assertEquals(List.of("-f", "dshow", "-i", "video=USB Camera"),
                end(LiveAddress.of("cam:USB Camera").arguments("Windows 11"), 4));
        List<String> rtsp = LiveAddress.of("rtsp://me:secret@h/x").arguments("Linux");
        assertEquals(List.of("-rtsp_transport", "tcp", "-i", "rtsp://me:secret@h/x"), end(rtsp, 4));
        String allowed = rtsp.get(rtsp.indexOf("-protocol_whitelist") + 1);
        assertFalse(List.of(allowed.split(",")).contains("file"), "a playlist may lead to no file");
    }

    @Test
    void passwordsAreNotShown() {
        assertEquals("rtsp://h/x", LiveSource.shown("rtsp://me:p@ss@h/x"));
        assertEquals("http://h/x", LiveSource.shown("http://h/x?user=me&password=secret"));
        assertEquals("srt://h:9", LiveSource.shown("srt://h:9?passphrase=secret"));
        assertEquals("cam:0", LiveSource.shown("cam:0"));
    }

    /** A stream that stalls keeps nobody. */
    @Test
    void whoHasWaitedEnoughGoes() throws Exception {
        try (LiveSource live = LiveSource.open("cam:0", path("cat '" + frames(1) + "'; exec sleep 60"))) {
            assertEquals(0, live.next(() -> false).orElseThrow().index());
            int[] asked = {0};
            assertEquals(Optional.empty(), live.next(() -> ++asked[0] > 2));
            assertEquals(3, asked[0]);
        }
    }

    private static List<String> end(List<String> all, int n) {
        return all.subList(all.size() - n, all.size());
    }

    /** A real ffmpeg sends 25 frames a second for four seconds; red, so that it can be told. */
    @Test
    void aPacedStream() throws Exception {
        boolean demanded = Boolean.getBoolean("kerf.test.ffmpeg");
        Assumptions.assumeTrue(demanded || Files.isExecutable(Path.of("/usr/bin/ffmpeg")),
                "no ffmpeg; -Dkerf.test.ffmpeg=true demands it");
        int port;
        try (ServerSocket free = new ServerSocket(0)) {
            port = free.getLocalPort();
        }
        String to = "tcp://127.0.0.1:" + port;
        Process camera = new ProcessBuilder("ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i",
                "color=red:size=322x181:rate=25:duration=4", "-c:v", "mpeg2video", "-f", "mpegts", to + "?listen=1").inheritIO()
                .start();
        try (LiveSource live = connected(to)) {
            assertEquals(List.of(322, 180), List.of(live.width(), live.height()));
            long before = -1;
            int seen = 0;
            for (Optional<Shot> s = live.next(); s.isPresent(); s = live.next()) {
                assertTrue(s.get().index() > before);
                before = s.get().index();
                seen++;
                Image rgb = live.rgb(s.get());
                assertTrue(rgb.sample(100, 90, 0) > 240 && rgb.sample(100, 90, 1) < 15 && rgb.sample(100, 90, 2) < 15);
                // Slower than the camera.
                Thread.sleep(150);
            }
            assertEquals(live.arrived(), seen + live.dropped());
            assertTrue(live.dropped() > 0 && seen > 1, seen + " seen, " + live.dropped() + " dropped");
        } finally {
            camera.destroy();
        }
    }

    /** The camera takes a moment to listen. */
    private static LiveSource connected(String to) throws InterruptedException {
        for (int i = 0;; i++) {
            try {
                return LiveSource.open(to);
            } catch (BadFileException e) {
                if (i == 50) {
                    throw e;
                }
                Thread.sleep(100);
            }
        }
    }
}

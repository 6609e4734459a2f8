package dev.kerf.serve;

import dev.kerf.error.BadFileException;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.VideoFrames;
import dev.kerf.json.Json;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * A video: a file, or a folder whose pictures are its frames.
 *
 * @param id     of a file's content: the first 128 bits of its SHA-256, in hexadecimal; of a folder's names, sizes and times
 * @param path   where it lies, its real path
 * @param name   what clients know it by
 * @param width  of every frame
 * @param height of every frame
 * @param frames how many there are
 * @param rate   in which they follow one another
 * @param sent   whether a client sent it
 */
record Clip(String id, Path path, String name, int width, int height, int frames, FrameSource.Rate rate, boolean sent) {
    static final int MOST_FRAMES = 100_000;
    private static final int HEAD = 12;
    /** What content begins with that is no playlist, which could name other files: at which byte, and the byte values. */
    private static final List<Start> STARTS = List.of(new Start(0, hex("47494638")), new Start(0, ascii("YUV4MPEG2 ")),
            new Start(4, ascii("ftyp")), new Start(4, ascii("moov")), new Start(4, ascii("mdat")), new Start(4, ascii("wide")),
            new Start(4, ascii("free")), new Start(0, hex("1A45DFA3")), new Start(0, ascii("RIFF")),
            new Start(0, ascii("OggS")),
            new Start(0, hex("000001BA")), new Start(0, hex("000001B3")), new Start(0, hex("3026B2758E66CF11")),
            new Start(0, ascii("FLV")), new Start(0, hex("47")));

    private record Start(int at, byte[] bytes) {
        boolean begins(byte[] head) {
            for (int i = 0; i < bytes.length; i++) {
                if (at + i >= head.length || head[at + i] != bytes[i]) {
                    return false;
                }
            }
            return true;
        }
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }

    /** Whether a file is listed as a video, by its name and, of a GIF, its content. */
    static boolean isNamedSo(Path file) {
        String ending = ending(file.getFileName().toString());
        return FrameSource.ENDINGS.contains(ending) || ending.equals("gif") && FrameSource.isVideo(file);
    }

    /** In small letters, without the dot; empty if there is none. */
    static String ending(String name) {
        return name.lastIndexOf('.') < 0 ? "" : name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
    }

    /**
     * Reads a video once to count its frames.
     *
     * @throws Refusal 413 of too many pixels or frames, 422 if it isn't a video that can be read
     */
    static Clip of(String id, Path path, String name, boolean sent, long mostPixels) throws IOException {
        if (!Files.isDirectory(path)) {
            byte[] head;
            try (InputStream in = Files.newInputStream(path)) {
                head = in.readNBytes(HEAD);
            }
            if (STARTS.stream().noneMatch(s -> s.begins(head))) {
                throw new Refusal(422, name + ": is no video: MP4, QuickTime, Matroska, WebM, AVI, MPEG, Ogg, ASF, FLV, GIF and"
                        + " Y4M are taken");
            }
        }
        try (FrameSource first = FrameSource.open(path)) {
            if ((long) first.width() * first.height() > mostPixels) {
                throw new Refusal(413, name + ": frames of " + first.width() + "x" + first.height() + " pixels; at most "
                        + mostPixels + " are taken");
            }
        } catch (BadFileException e) {
            throw unreadable(e, path, name);
        }
        try (VideoFrames video = new VideoFrames(path, 0)) {
            if (video.count() > MOST_FRAMES) {
                throw new Refusal(413, name + ": " + video.count() + " frames; at most " + MOST_FRAMES + " are taken");
            }
            return new Clip(id, path, name, video.width(), video.height(), video.count(), video.rate(), sent);
        } catch (BadFileException e) {
            throw unreadable(e, path, name);
        }
    }

    /** With the name that the client knows, and without where the file lies. */
    static Refusal unreadable(BadFileException e, Path path, String name) {
        return new Refusal(422, e.getMessage().replace(path.toString(), name));
    }

    /** The id of a folder's content as it is listed. */
    static String id(Path folder) throws IOException {
        StringBuilder listing = new StringBuilder();
        try (Stream<Path> all = Files.list(folder)) {
            for (Path file : (Iterable<Path>) all.sorted()::iterator) {
                listing.append(file.getFileName()).append(' ').append(Files.size(file)).append(' ')
                        .append(Files.getLastModifiedTime(file).toMillis()).append('\n');
            }
        }
        return Original.id(new ByteArrayInputStream(listing.toString().getBytes(StandardCharsets.UTF_8)),
                OutputStream.nullOutputStream(), Long.MAX_VALUE);
    }

    Json toJson() {
        return Json.object().put("id", id).put("name", name).put("width", width).put("height", height).put("frames", frames)
                .put("rate", (double) rate.frames() / rate.seconds()).put("upload", sent);
    }
}

package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.file.AtomicFile;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo.FileType;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Locale;

/** Tells kinds of videos apart: to read by their content, to write by the name's ending. */
final class VideoFile {
    private static final int BUFFER = 1 << 16;

    private VideoFile() {
    }

    static FrameSource open(Path file) {
        return open(file, path());
    }

    /** As {@link FrameSource#open}, with ffmpeg looked for in the directories of {@code path}. */
    static FrameSource open(Path file, String path) {
        try {
            return new DecodedVideo(file.toString(), Files.isDirectory(file) ? new FolderSource(file) : decoder(file, path));
        } catch (NoSuchFileException e) {
            throw new BadFileException(file + ": no such file", e);
        } catch (AccessDeniedException e) {
            throw new BadFileException(file + ": no permission to read it", e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read: " + e.getMessage(), e);
        }
    }

    private static FrameDecoder decoder(Path file, String path) throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file), BUFFER);
        try {
            in.mark(Y4mReader.MAGIC.length());
            String head = new String(in.readNBytes(Y4mReader.MAGIC.length()), StandardCharsets.ISO_8859_1);
            in.reset();
            long size = Files.isRegularFile(file) ? Files.size(file) : -1;
            if (head.isEmpty()) {
                throw new BadFileException(file + ": is empty (0 bytes)");
            } else if (head.startsWith("GIF8")) {
                return new GifReader(file.toString(), in, size);
            } else if (head.equals(Y4mReader.MAGIC)) {
                return new Y4mReader(file.toString(), in, size);
            }
        } catch (IOException | RuntimeException | Error e) {
            in.close();
            throw e;
        }
        in.close();
        return new FfmpegReader(file, path);
    }

    static FrameSink create(Path file, int width, int height, FrameSource.Rate rate) {
        return create(file, width, height, rate, path());
    }

    /** As {@link FrameSink#open}, with ffmpeg looked for in the directories of {@code path}. */
    static FrameSink create(Path file, int width, int height, FrameSource.Rate rate, String path) {
        AtomicFile pending = new AtomicFile(file);
        try {
            return new EncodedVideo(file.toString(), pending, encoder(file, pending, width, height, rate, path), width, height);
        } catch (IOException e) {
            pending.close();
            throw pending.failed(e);
        } catch (RuntimeException | Error e) {
            pending.close();
            throw e;
        }
    }

    private static FrameEncoder encoder(Path file, AtomicFile pending, int width, int height, FrameSource.Rate rate,
            String path)
            throws IOException {
        String name = file.getFileName().toString().toLowerCase(Locale.ROOT);
        if (!name.endsWith(".gif") && !name.endsWith(".y4m")) {
            return new FfmpegSink(file.toString(), pending.path(), width, height, rate, path);
        }
        return name.endsWith(".gif")
                ? new GifSink(pending.out(), width, height)
                : new Y4mSink(pending.out(), width, height, rate);
    }

    /** As {@link FrameSource#isVideo}. */
    static boolean isVideo(Path file) {
        String name = file.getFileName().toString();
        String ending = name.substring(name.lastIndexOf('.') + 1).toLowerCase(Locale.ROOT);
        if (ending.equals("gif")) {
            return isAnimated(file);
        }
        boolean named = FileType.knows(ending);
        return !named && Files.isRegularFile(file) && !isPicture(file);
    }

    private static boolean isAnimated(Path file) {
        try (FrameSource frames = FrameSource.open(file)) {
            frames.next();
            return frames.hasNext();
        } catch (KerfException e) {
            // It fails as a picture when its turn comes.
            return false;
        }
    }

    private static boolean isPicture(Path file) {
        try {
            Image.info(file);
            return true;
        } catch (KerfException e) {
            return false;
        }
    }

    private static String path() {
        String path = System.getenv("PATH");
        return path == null ? "" : path;
    }
}

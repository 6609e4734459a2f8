package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Tells videos apart. */
final class VideoFile {
    private VideoFile() {
    }

    static FrameSource open(Path file) {
        if (Files.isDirectory(file)) {
            return new DecodedVideo(file.toString(), new FolderSource(file));
        }
        throw new BadFileException(file + ": only folders of images can be read as a video yet");
    }

    static FrameSink create(Path file, int width, int height, FrameRate rate) {
        throw new BadFileException(file + ": videos of " + width + "x" + height + " at " + rate + " can't be written yet");
    }
}

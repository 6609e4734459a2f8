package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ClipFrames.Look;
import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import java.util.Locale;

/** Frames of a camera: the one that is looked at. */
final class LiveFrames implements TrackedFrames {
    private final ClipFrames camera;
    private Look now;

    LiveFrames(ClipFrames camera) {
        this.camera = camera;
    }

    /** Goes on to a frame. */
    void look(Look frame) {
        now = frame;
    }

    @Override
    public int count() {
        return now == null ? 0 : now.index() + 1;
    }

    @Override
    public String name(int index) {
        return String.format(Locale.ROOT, "%05d", index);
    }

    @Override
    public int width() {
        return camera.width();
    }

    @Override
    public int height() {
        return camera.height();
    }

    @Override
    public FrameSource.Rate rate() {
        return camera.rate();
    }

    @Override
    public Frame at(int index) {
        if (now == null || index != now.index()) {
            throw new IllegalStateException("frame " + index + " of a camera is gone");
        }
        return new Frame(index, now.time(), rate().duration(), now.sight().image().get());
    }
}

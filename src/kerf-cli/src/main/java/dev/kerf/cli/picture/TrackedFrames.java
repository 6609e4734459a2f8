package dev.kerf.cli.picture;

import dev.kerf.image.video.FrameSource;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.image.video.VideoFrames;

/** The frames through which something is followed: a video's, any of them, or those of a camera that were looked at, the last one. */
interface TrackedFrames {
    /** How many there are; of a camera so far. */
    int count();

    /** What a frame is called; unlike all others. */
    String name(int index);

    int width();

    int height();

    FrameSource.Rate rate();

    /** A frame with its time. */
    Frame at(int index);

    /** A video's. */
    static TrackedFrames of(VideoFrames video) {
        return new TrackedFrames() {
            @Override
            public int count() {
                return video.count();
            }

            @Override
            public String name(int index) {
                return video.name(index);
            }

            @Override
            public int width() {
                return video.width();
            }

            @Override
            public int height() {
                return video.height();
            }

            @Override
            public FrameSource.Rate rate() {
                return video.rate();
            }

            @Override
            public Frame at(int index) {
                return video.at(index);
            }
        };
    }
}

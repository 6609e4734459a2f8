package dev.kerf.image.video;

import dev.kerf.image.Image;
import java.io.Closeable;
import java.io.IOException;
import java.util.Locale;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/** What a kind of video does; {@link DecodedVideo} does the rest. */
interface FrameDecoder extends Closeable {
    /** Nominal rate; asked for after the first frame has been read. */
    FrameSource.Rate rate();

    /** How many frames there are, if that is known. */
    OptionalInt count();

    /**
     * The next picture in memory of its own; none at the end.
     *
     * @throws dev.kerf.error.BadFileException if the content is damaged
     */
    @Nullable
    Image read() throws IOException;

    /** What the frame is called; see {@link FrameSource#frameName}. */
    default String frameName(int index) {
        return String.format(Locale.ROOT, "%05d", index);
    }

    /** When the picture last read, counted from 0, is shown, in seconds. */
    default double time(int index) {
        return rate().time(index);
    }

    /** How long the picture last read is shown, in seconds. */
    default double duration() {
        return rate().duration();
    }
}

package dev.kerf.serve.look;

import dev.kerf.image.Image;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.tensor.HostTensor;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/** A picture that was looked at. May be asked by many threads until it is closed. */
public interface Looked extends AutoCloseable {
    /** Bytes that it takes, on the device or the heap. */
    long bytes();

    /**
     * Masks that answer a prompt: one, or three of what it could mean, the best first.
     *
     * @throws dev.kerf.error.BadInputException if the prompt is empty or something of it isn't in the picture
     */
    List<Answer> answer(Prompt prompt, boolean several);

    /** The first that {@link #answer} would give, for as little as it takes: it is only looked at. */
    Answer hover(Prompt prompt, boolean several);

    /**
     * Masks of everything.
     *
     * @param picture  the one that was looked at
     * @param side     points along a side of the grid that is asked, for what asks one
     * @param progress is told percents
     */
    List<Answer> everything(Image picture, int side, IntConsumer progress);

    /** What {@link Pointer#restore} makes the same of again. Throws {@link dev.kerf.error.BadInputException} if there is no such thing. */
    Map<String, HostTensor> features();

    @Override
    void close();
}

package dev.kerf.serve.look;

import dev.kerf.image.Image;
import dev.kerf.tensor.HostTensor;
import java.util.Map;

/** Looks at pictures and then finds what prompts show in them. May be used by many threads. */
public interface Pointer {
    /** What it is called: {@code SAM 2.1 tiny}. */
    String name();

    /** Whether it understands what things are, by a network made for it; otherwise regions of a class are taken. */
    boolean promptable();

    /** Looks at a picture: the costly part, once. */
    Looked look(Image picture);

    /**
     * What looking gave before.
     *
     * @throws dev.kerf.error.BadInputException if the features aren't of such a network
     */
    Looked restore(int width, int height, Map<String, HostTensor> features);
}

package dev.kerf.model;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.graph.Graph;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A kind of model: what can be said and done with weights before anybody loads them for use. {@code dev.kerf.Kerf} has all.
 *
 * <pre>{@code
 * ModelKind kind = Kerf.model(weights);
 * kind.describe(weights);                                                             // U-Net: depth 4, …
 * Graph g = kind.graph(weights, new ModelKind.GraphRequest(kind.parts().getFirst(), 512, 512, 1024, false));
 * }</pre>
 */
public interface ModelKind {
    /**
     * Which graph.
     *
     * @param part      one of {@link #parts}
     * @param batch     how many at once: images, or what a part answers of one image: prompts, objects
     * @param height    of images, in pixels
     * @param width     likewise
     * @param imageSize side of the square that a model with a size of its own sees images at; others don't ask
     * @param pixels    whether input {@code image} is pixels, U8 (1, height, width, channels), where the model also takes
     *                  float32 planes that are normalised already; others don't ask
     */
    record GraphRequest(String part, int batch, int height, int width, int imageSize, boolean pixels) {
        /** Checks the batch. */
        public GraphRequest {
            if (batch < 1) {
                throw new BadInputException("a batch of " + batch + ": expected 1 or more");
            }
        }

        /** For one. */
        public GraphRequest(String part, int height, int width, int imageSize, boolean pixels) {
            this(part, 1, height, width, imageSize, pixels);
        }
    }

    /**
     * One image and what is shown on it.
     *
     * @param image     an image file, or {@code .npy} or {@code .npz} where a model takes planes
     * @param points    (x, y) in pixels on the thing that is meant; models that find things by themselves don't ask
     * @param box       (x0, y0, x1, y1) in pixels around it; empty if there is none
     * @param imageSize as in {@link GraphRequest}
     */
    record TraceRequest(Path image, List<double[]> points, double[] box, int imageSize) {}

    /** The short name: in metadata {@code kerf.model}, in golden cases, for {@code --model}. */
    String name();

    /** Whether the tensors' names are this kind's. */
    boolean accepts(Weights weights);

    /**
     * The architecture in one line.
     *
     * @throws BadWeightsException if tensors are missing or contradict each other
     */
    String describe(Weights weights);

    /** The graphs that the model consists of, by name; the first is meant where none is named. */
    List<String> parts();

    /**
     * Records one of the graphs.
     *
     * @throws BadWeightsException as {@link #describe}
     * @throws BadInputException   if a size is out of range, or the part takes one at a time and more are asked for
     */
    Graph graph(Weights weights, GraphRequest request);

    /**
     * What a file of that graph says beside it: {@code kerf.model}, {@code kerf.part} and, if it takes an image,
     * {@code kerf.input} (what input {@code image} is, in words) and how samples in 0 … 1 are normalised:
     * {@code kerf.input.normalise} (none; image: by mean and deviation of each plane; fixed) with {@code kerf.input.mean} and
     * {@code kerf.input.std}, a number for each plane.
     *
     * @throws BadWeightsException as {@link #describe}
     */
    Map<String, String> metadata(Weights weights, GraphRequest request);

    /**
     * Every named stage for one image, in float32.
     *
     * @throws BadWeightsException as {@link #describe}
     * @throws BadInputException   if the image or what is shown on it isn't the model's
     */
    Map<String, HostTensor> trace(Device device, Weights weights, TraceRequest request);
}

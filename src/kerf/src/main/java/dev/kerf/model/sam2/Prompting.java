package dev.kerf.model.sam2;

import dev.kerf.backend.CompileOptions;
import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceWeights;
import dev.kerf.backend.Executable;
import dev.kerf.graph.Graph;
import dev.kerf.image.Image;
import dev.kerf.image.Picture;
import dev.kerf.model.nn.PictureInput;
import dev.kerf.model.plan.PlanCache;
import dev.kerf.model.sam2.network.PromptConfig;
import dev.kerf.model.sam2.network.PromptGraphs;
import dev.kerf.model.sam2.network.PromptGraphs.DecoderRequest;
import dev.kerf.tensor.HostTensor;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What answers prompts on a device, for a model that looks at images. */
final class Prompting implements AutoCloseable {
    private static final List<String> COARSE = List.of("image_embeddings");
    private static final List<String> ALL = List.of("image_embeddings", "high_res_features_0", "high_res_features_1");

    private final PromptConfig config;
    private final Device device;
    private final DeviceWeights weights;
    private final CompileOptions options;
    private final PlanCache<DecoderRequest, Executable> decoders;
    private final PlanCache<Upscale, Executable> upscalers;

    /** Where the masks come from that are brought to an image's size. */
    enum Masks {
        /** The decoder, bound. */
        DECODED,
        /** A frame of a video, bound; holes are filled. */
        TRACKED,
        /** The host, uploaded. */
        KNOWN,
        /** Likewise, and nothing is wanted but one mask's pixels. */
        PIXELS
    }

    /** Masks brought to an image's size. */
    record Upscale(Masks from, int batch, int masks, int height, int width) {}

    /**
     * @param plans    of each part that are kept
     * @param holeArea holes of a video's masks that are filled: of up to so many pixels
     */
    Prompting(PromptConfig config, Device device, DeviceWeights weights, CompileOptions options, int plans, int holeArea) {
        this.config = config;
        this.device = device;
        this.weights = weights;
        this.options = options;
        this.decoders = new PlanCache<>(plans, r -> compile(PromptGraphs.decoder(config, r)));
        this.upscalers = new PlanCache<>(plans, u -> compile(u.from == Masks.PIXELS
                ? PromptGraphs.pixels(config, u.height, u.width)
                : PromptGraphs.upscale(config, u.batch, u.masks, u.height, u.width, u.from == Masks.TRACKED ? holeArea : 0)));
    }

    PromptConfig config() {
        return config;
    }

    /** The image encoder's results that the decoder reads. */
    List<String> features() {
        return config.second() ? ALL : COARSE;
    }

    PlanCache<DecoderRequest, Executable> decoders() {
        return decoders;
    }

    PlanCache<Upscale, Executable> upscalers() {
        return upscalers;
    }

    Device device() {
        return device;
    }

    Executable compile(Graph graph) {
        return device.compile(graph, weights, options);
    }

    /**
     * A view of a picture.
     *
     * @param encoders plans of graphs with states for results
     * @param key      of the plan for it
     */
    <K> ImageView look(Picture picture, PlanCache<K, Executable> encoders, K key) {
        try (var lease = encoders.lease(key)) {
            Executable e = lease.plan();
            ImageView view = new ImageView(this, picture.width(), picture.height(), e.graph().states(), device);
            boolean done = false;
            try {
                view.fill(e);
                PictureInput.upload(e.input("image"), List.of(picture));
                e.run();
                done = true;
                return view;
            } finally {
                if (!done) {
                    view.close();
                }
            }
        }
    }

    /** A view of features that were kept, whose types are those of an image encoder's states. */
    ImageView restore(int width, int height, Graph encoder, Map<String, HostTensor> kept) {
        ImageView view = new ImageView(this, width, height, encoder.states(), device);
        boolean done = false;
        try {
            view.fill(kept);
            done = true;
            return view;
        } finally {
            if (!done) {
                view.close();
            }
        }
    }

    /** What upstream reads: 8 bits. */
    static Picture of8Bits(Picture given) {
        return given instanceof Image i && i.bits() > 8 ? i.toRgb8() : given;
    }

    /**
     * Every stage of the answer to a prompt.
     *
     * @param image  of 8 bits
     * @param encode the image encoder for its size
     */
    Map<String, HostTensor> trace(Image image, Graph encode, Prompt prompt, boolean multimask) {
        Map<String, HostTensor> out = new LinkedHashMap<>();
        try (Executable encoder = traced(encode)) {
            encoder.input("image").upload(image.toTensor().data());
            encoder.run();
            encoder.graph().stages().keySet().forEach(s -> out.put(s, encoder.output(s).toHost()));
            PromptBatch batch = PromptBatch.exactly(prompt, config);
            DecoderRequest r = new DecoderRequest(1, batch.room(), batch.mask(), multimask);
            try (Executable decoder = traced(PromptGraphs.decoder(config, r))) {
                features().forEach(name -> decoder.bindInput(name, encoder.output(name)));
                batch.upload(decoder, image.width(), image.height());
                decoder.run();
                decoder.graph().stages().keySet().forEach(s -> out.put(s, decoder.output(s).toHost()));
            }
        }
        return out;
    }

    private Executable traced(Graph graph) {
        return device.compile(graph, weights, options.keep(graph.stages().keySet().toArray(String[]::new)));
    }

    @Override
    public void close() {
        decoders.close();
        upscalers.close();
    }
}

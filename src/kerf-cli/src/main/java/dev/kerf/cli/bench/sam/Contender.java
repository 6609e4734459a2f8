package dev.kerf.cli.bench.sam;

import dev.kerf.Kerf;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.check.UntrainedSam;
import dev.kerf.cli.bench.report.Times;
import dev.kerf.cli.bench.report.GraphWork;
import dev.kerf.image.Image;
import dev.kerf.model.ModelKind;
import dev.kerf.model.ModelKind.GraphRequest;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.MaskGenerator;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** A network with what was measured of it. */
final class Contender implements AutoCloseable {
    /** What is asked of it. */
    enum Task {
        /** Looking at the image: until its features are on the device. */
        ENCODER("image encoder"),
        /** That, a point, and its three masks on the host, of the picture's size. */
        FIRST_MASK("first mask"),
        /** That, and three masks for each point of a grid, none of which is kept: what untrained weights make of them is chance. */
        EVERYTHING("everything");

        private final String label;

        Task(String label) {
            this.label = label;
        }

        String label() {
            return label;
        }
    }

    private static final int SIDE = 1024;

    private final Weights weights;
    private final PromptModel sam;
    private final Image picture;
    private final int points;
    private final Map<Task, List<Long>> times = new EnumMap<>(Task.class);

    /** @param points of the grid, along a side */
    Contender(UntrainedSam network, Device device, Precision precision, Image picture, int points) {
        this.picture = picture;
        this.points = points;
        this.weights = network.weights();
        boolean done = false;
        try {
            this.sam = PromptModel.load(device, weights, 0, ModelOptions.of().precision(precision));
            done = true;
        } finally {
            if (!done) {
                weights.close();
            }
        }
    }

    String name() {
        return sam.name();
    }

    long parameters() {
        return weights.parameterCount();
    }

    /** Does it once, in nanoseconds; kept if it counts. */
    void run(Task task, boolean counts) {
        long start = System.nanoTime();
        switch (task) {
            case ENCODER -> sam.look(picture).close();
            case FIRST_MASK -> {
                try (ImageView view = sam.look(picture)) {
                    view.candidates(point());
                }
            }
            case EVERYTHING -> new MaskGenerator(sam, sam.everything().pointsPerSide(points)
                    .thresholds(Double.MAX_VALUE, 1)).generate(picture, _ -> {});
        }
        if (counts) {
            times.computeIfAbsent(task, _ -> new ArrayList<>()).add(System.nanoTime() - start);
        }
    }

    /** Answers a full batch of prompts, which compiles what a grid needs. */
    void answerSeveral() {
        try (ImageView view = sam.look(picture)) {
            view.predictOnDevice(java.util.Collections.nCopies(ImageView.MOST_AT_ONCE, point()), true).close();
        }
    }

    private Prompt point() {
        return Prompt.point(0.4 * picture.width(), 0.5 * picture.height());
    }

    /** What was measured; null if nothing was. */
    Times times(Task task) {
        List<Long> all = times.get(task);
        return all == null ? null : new Times(List.of(all.stream().mapToLong(Long::longValue).toArray()));
    }

    /** Multiplications and additions of encoder and decoder, as the graphs are recorded. */
    long flops(Task task) {
        long encoder = flops("encoder", 1);
        return switch (task) {
            case ENCODER -> encoder;
            case FIRST_MASK -> encoder + flops("decoder", 1);
            case EVERYTHING -> encoder + Math.ceilDiv(points * points, ImageView.MOST_AT_ONCE)
                    * flops("decoder", ImageView.MOST_AT_ONCE);
        };
    }

    private long flops(String part, int batch) {
        ModelKind kind = Kerf.model(weights);
        GraphRequest request = new GraphRequest(part, batch, picture.height(), picture.width(), SIDE, false);
        return GraphWork.of(kind.graph(weights, request), Precision.Storage.F32).flops();
    }

    @Override
    public void close() {
        sam.close();
        weights.close();
    }
}

package dev.kerf.spark;

import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.RunLength;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.Prediction;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.List;

/** SAM, SAM 2 and EdgeTAM: each image is looked at once and asked for all its prompts. */
record PromptFinder(PromptModel net, Weights weights) implements Network {
    static PromptFinder load(Device device, Weights weights, ModelOptions options) {
        return new PromptFinder(PromptModel.load(device, weights, 0, options), weights);
    }

    @Override
    public List<Answer> find(List<Sight> images) {
        return images.stream().map(this::one).toList();
    }

    /** An object for each prompt, in their order: its category is the prompt's place in the row, its score the predicted IoU. */
    private Answer one(Sight sight) {
        if (sight.prompts().isEmpty()) {
            throw new BadInputException(sight.path() + ": the row has no prompt");
        }
        List<Instance> found = new ArrayList<>();
        try (ImageView view = net.look(sight.image())) {
            for (Prediction p : view.predictAll(sight.prompts())) {
                found.add(new Instance(found.size(), p.iou(), RunLength.encode(p.mask())));
            }
        }
        return Answer.things(new Instances(sight.image().width(), sight.image().height(), found), i -> "prompt " + i);
    }

    @Override
    public void close() {
        net.close();
        weights.close();
    }
}

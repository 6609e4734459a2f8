package dev.kerf.serve.look;

import dev.kerf.image.Image;
import dev.kerf.model.sam2.ImageView;
import dev.kerf.model.sam2.MaskGenerator;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.sam2.PromptModel;
import dev.kerf.tensor.HostTensor;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;

/**
 * SAM, SAM 2 or EdgeTAM.
 *
 * @param sam loaded, and closed by whoever did
 */
public record SamPointer(PromptModel sam) implements Pointer {
    @Override
    public String name() {
        return sam.name();
    }

    @Override
    public boolean promptable() {
        return true;
    }

    @Override
    public Looked look(Image picture) {
        return new OfView(sam, sam.look(picture));
    }

    @Override
    public Looked restore(int width, int height, Map<String, HostTensor> features) {
        return new OfView(sam, sam.restore(width, height, features));
    }

    /** A view of a picture. */
    private record OfView(PromptModel sam, ImageView view) implements Looked {
        @Override
        public long bytes() {
            return view.bytes();
        }

        @Override
        public List<Answer> answer(Prompt prompt, boolean several) {
            return view.outlines(prompt, several).stream().map(Answer::of).toList();
        }

        @Override
        public Answer hover(Prompt prompt, boolean several) {
            return Answer.of(view.outline(prompt, several));
        }

        @Override
        public List<Answer> everything(Image picture, int side, IntConsumer progress) {
            return new MaskGenerator(sam, sam.everything().pointsPerSide(side)).generate(picture, progress).stream()
                    .map(m -> new Answer(m.mask(), m.bounds(), OptionalDouble.of(m.iou()), Optional.empty(),
                            Optional.empty()))
                    .toList();
        }

        @Override
        public Map<String, HostTensor> features() {
            return view.features();
        }

        @Override
        public void close() {
            view.close();
        }
    }
}

package dev.kerf.model.sam2.network;

/**
 * What prompts are answered with. SAM, the first, and SAM 2 share their prompt encoder and their mask decoder but for what is
 * said here.
 *
 * <pre>{@code
 * PromptConfig c = Sam2Config.of(weights).prompts();
 * c.maskSize(); // 256: a quarter of 1024
 * }</pre>
 *
 * @param family           whose decoder
 * @param imageSize        side of the network's input, in pixels; a multiple of 16
 * @param dynamicMultimask whether a single mask that isn't stable gives way to the best of three
 */
public record PromptConfig(Family family, int imageSize, boolean dynamicMultimask) {
    /** The releases, as far as prompts go. */
    public enum Family {
        /**
         * April 2023: masks are made of the image embedding alone, predicted IoUs are as the last layer gives them, and nothing
         * says whether the thing is there. A picture keeps its proportions; what is left of the square is empty.
         */
        SAM("prompt_encoder", "mask_decoder", "lin1", "lin2"),
        /**
         * July 2024: two finer levels of the image go into masks, a token says whether the thing is there, and a sigmoid bounds
         * the IoUs. A picture is stretched to the square.
         */
        SAM2("sam_prompt_encoder", "sam_mask_decoder", "layers.0", "layers.1");

        private final String promptEncoder;
        private final String maskDecoder;
        private final String hidden;
        private final String out;

        Family(String promptEncoder, String maskDecoder, String hidden, String out) {
            this.promptEncoder = promptEncoder;
            this.maskDecoder = maskDecoder;
            this.hidden = hidden;
            this.out = out;
        }

        /** The path of the prompt encoder in a checkpoint. */
        String promptEncoder() {
            return promptEncoder;
        }

        /** The path of the mask decoder. */
        String maskDecoder() {
            return maskDecoder;
        }

        /** What the first layer of the transformer's MLPs is called. */
        String hidden() {
            return hidden;
        }

        /** What their second layer is called. */
        String out() {
            return out;
        }
    }

    /** Whether two finer levels of the image, and whether the thing is there, are known beside the embedding. */
    public boolean second() {
        return family == Family.SAM2;
    }

    /** Side of the image embedding: a sixteenth of the input's. */
    public int grid() {
        return imageSize / 16;
    }

    /** Side of the network's mask logits: a quarter of the input's. */
    public int maskSize() {
        return imageSize / 4;
    }

    /**
     * How many of the input's columns, or rows, a side of a picture takes, as upstream counts.
     *
     * @param side  columns or rows of the picture
     * @param other rows or columns of the picture
     */
    public int seen(int side, int other) {
        return second() ? imageSize : Math.max(1, (int) (side * ((double) imageSize / Math.max(side, other)) + 0.5));
    }
}

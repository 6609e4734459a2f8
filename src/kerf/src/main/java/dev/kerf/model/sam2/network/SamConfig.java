package dev.kerf.model.sam2.network;

import dev.kerf.error.BadInputException;
import dev.kerf.error.BadWeightsException;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import dev.kerf.weights.Weights.TensorInfo;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The architecture of a checkpoint of SAM, the first: one of three sizes, told from its tensors.
 *
 * <pre>{@code
 * SamConfig c = SamConfig.of(Weights.open(Path.of("sam_vit_b_01ec64.pth")));
 * c.size();      // BASE
 * c.imageSize(); // 1024
 * }</pre>
 *
 * @param size      width and depth of the image encoder
 * @param trained   side of the grid of patches that the checkpoint has position embeddings for
 * @param imageSize side of the square that images are brought to, in pixels; a multiple of 16
 */
public record SamConfig(Size size, int trained, int imageSize) {
    /** Side of a patch, in pixels. */
    static final int PATCH = 16;
    /** Side of an attention window, in patches. */
    static final int WINDOW = 14;
    private static final int MOST = 4096;
    /** Blocks of four see the whole image. */
    private static final int QUARTERS = 4;

    /** The tensor by which a checkpoint shows what it is. */
    public static final String PATCHES = "image_encoder.patch_embed.proj.weight";
    private static final String POSITIONS = "image_encoder.pos_embed";

    /** Sizes of the image encoder (ViT, Dosovitskiy et al. 2021). */
    public enum Size {
        /** 94 million parameters. */
        BASE("ViT-B", 768, 12, 12),
        /** 312 million parameters. */
        LARGE("ViT-L", 1024, 24, 16),
        /** 641 million parameters. */
        HUGE("ViT-H", 1280, 32, 16);

        private final String label;
        private final int width;
        private final int depth;
        private final int heads;

        Size(String label, int width, int depth, int heads) {
            this.label = label;
            this.width = width;
            this.depth = depth;
            this.heads = heads;
        }

        /** The name that users know: ViT-B, ViT-L or ViT-H. */
        public String label() {
            return label;
        }

        /** Channels of a token. */
        public int width() {
            return width;
        }

        /** Blocks. */
        public int depth() {
            return depth;
        }

        /** Attention heads of a block. */
        public int heads() {
            return heads;
        }

        /** Whether a block, counted from 0, sees the whole image: the last of each quarter. */
        boolean global(int block) {
            return (block + 1) % (depth / QUARTERS) == 0;
        }
    }

    /** Checks the side. */
    public SamConfig {
        if (imageSize < 64 || imageSize > MOST || imageSize % PATCH != 0) {
            throw new BadInputException(
                    "image size " + imageSize + ": expected a multiple of " + PATCH + " from 64 to " + MOST);
        }
    }

    /**
     * Tells a checkpoint's size, and the side of images that it was trained with.
     *
     * @throws BadWeightsException if it is no checkpoint of SAM, the first; says what was looked for
     */
    public static SamConfig of(Weights weights) {
        Optional<TensorInfo> positions = weights.find(POSITIONS);
        if (!weights.contains(PATCHES) || positions.isEmpty()) {
            throw new BadWeightsException(weights.source() + ": no checkpoint of SAM, the first: it has no tensor '"
                    + (positions.isEmpty() ? POSITIONS : PATCHES) + "'");
        }
        Shape s = positions.get().shape();
        int depth = 0;
        while (weights.contains("image_encoder.blocks." + depth + ".norm1.weight")) {
            depth++;
        }
        boolean square = s.rank() == 4 && s.dim(0) == 1 && s.dim(1) == s.dim(2) && s.dim(1) <= MOST / PATCH;
        for (Size size : Size.values()) {
            if (square && size.width == s.dim(3) && size.depth == depth) {
                return new SamConfig(size, s.size(1), s.size(1) * PATCH);
            }
        }
        throw new BadWeightsException(weights.source() + ": an image encoder of positions " + s + " and " + depth
                + " blocks is none of SAM's sizes: " + Arrays.stream(Size.values())
                        .map(v -> v.label + " (" + v.width + " channels, " + v.depth + " blocks)")
                        .collect(Collectors.joining(", ")));
    }

    /** What the network is called: {@code SAM ViT-B}. */
    public String label() {
        return "SAM " + size.label;
    }

    /** This with another side of the network's input. */
    public SamConfig withImageSize(int side) {
        return new SamConfig(size, trained, side);
    }

    /** What prompts are answered with. */
    public PromptConfig prompts() {
        return new PromptConfig(PromptConfig.Family.SAM, imageSize, false);
    }

    /** Side of the image embedding: a sixteenth of the input's. */
    public int grid() {
        return imageSize / PATCH;
    }
}

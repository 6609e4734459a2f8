package dev.kerf.model.sam2;

import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * A mask that nobody prompted.
 *
 * @param width     columns of the image
 * @param height    rows of the image
 * @param runs      lengths of runs outside and inside the mask in turn, column by column from the left, the first
 *                  outside: COCO's uncompressed run lengths
 * @param bounds    the smallest box around it
 * @param iou       how well the network thinks that it fits, 0 … 1
 * @param stability how little it depends on the threshold, as {@link Prediction#stability}
 * @param point     the point of the grid that found it
 * @param crop      the part of the image that the network saw
 */
public record GeneratedMask(
        int width, int height, List<Integer> runs, Prediction.Bounds bounds, float iou, double stability,
        Prompt.Point point, Prediction.Bounds crop) {
    /** Copies the list. */
    public GeneratedMask {
        runs = List.copyOf(runs);
    }

    /** Pixels. */
    public long area() {
        long n = 0;
        for (int i = 1; i < runs.size(); i += 2) {
            n += runs.get(i);
        }
        return n;
    }

    /** Whether each pixel is in the mask: (H, W) U8. */
    public HostTensor mask() {
        byte[] out = new byte[width * height];
        int at = 0;
        for (int i = 0; i < runs.size(); i++) {
            for (int k = 0; k < runs.get(i); k++, at++) {
                out[at % height * width + at / height] = (byte) (i % 2);
            }
        }
        return HostTensor.of(Shape.of(height, width), out);
    }

    /** The run lengths of a mask given row by row. */
    static List<Integer> runs(boolean[] mask, int width, int height) {
        List<Integer> runs = new ArrayList<>();
        boolean in = false;
        int length = 0;
        for (int x = 0; x < width; x++) {
            for (int y = 0; y < height; y++) {
                if (mask[y * width + x] != in) {
                    runs.add(length);
                    length = 0;
                    in = !in;
                }
                length++;
            }
        }
        runs.add(length);
        return runs;
    }
}

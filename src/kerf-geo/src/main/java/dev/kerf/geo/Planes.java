package dev.kerf.geo;

import dev.kerf.tensor.HostTensor;

/**
 * What a window of a raster is for a network.
 *
 * @param values F32 (channels, height, width); 0 where a sample has no data
 * @param valid  1 for each pixel with data, 0 for the others, row by row; none if all have some
 */
public record Planes(HostTensor values, byte[] valid) {
    /** Whether every pixel has data. */
    public boolean isWhole() { return valid.length == 0; }

    /** Whether no pixel has any. */
    public boolean isEmpty() {
        for (byte v : valid) {
            if (v != 0) {
                return false;
            }
        }
        return valid.length > 0;
    }
}

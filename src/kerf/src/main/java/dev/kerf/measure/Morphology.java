package dev.kerf.measure;

/** Masks opened and closed by a disc: pixels whose middles are at most its radius away. What is beyond the picture has no say. */
final class Morphology {
    private Morphology() {}

    /** What a disc that lies within the mask reaches; the mask itself for radius 0. */
    static byte[] opened(byte[] mask, int width, int height, int radius) {
        return radius == 0 ? mask : grown(shrunk(mask, width, height, radius), width, height, radius);
    }

    /** All but what a disc that lies outside the mask reaches; the mask itself for radius 0. */
    static byte[] closed(byte[] mask, int width, int height, int radius) {
        return radius == 0 ? mask : shrunk(grown(mask, width, height, radius), width, height, radius);
    }

    private static byte[] shrunk(byte[] mask, int width, int height, int radius) {
        double[] far = DistanceTransform.squares(mask, new int[] {height, width}, 1, 1);
        byte[] out = new byte[mask.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) (far[i] > (double) radius * radius ? 1 : 0);
        }
        return out;
    }

    private static byte[] grown(byte[] mask, int width, int height, int radius) {
        return inverse(shrunk(inverse(mask), width, height, radius));
    }

    private static byte[] inverse(byte[] mask) {
        byte[] out = new byte[mask.length];
        for (int i = 0; i < out.length; i++) {
            out[i] = (byte) (mask[i] == 0 ? 1 : 0);
        }
        return out;
    }
}

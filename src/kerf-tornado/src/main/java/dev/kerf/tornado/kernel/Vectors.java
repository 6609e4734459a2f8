package dev.kerf.tornado.kernel;

import dev.kerf.tornado.TaskArguments;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.vectors.Float16;

/**
 * Vectors of 16 floats for the kernels of CPU-type devices: sixteen neighbours, at any alignment, are read and written
 * at once, since the device's compiler sees that they are neighbours.
 */
public final class Vectors {
    private Vectors() {
    }

    /** One number in all lanes. */
    public static Float16 all(float v) {
        return new Float16(v, v, v, v, v, v, v, v, v, v, v, v, v, v, v, v);
    }

    /** Neighbours from i on. */
    public static Float16 load(FloatArray x, int i) {
        return new Float16(x.get(i), x.get(i + 1), x.get(i + 2), x.get(i + 3), x.get(i + 4), x.get(i + 5), x.get(i + 6),
                x.get(i + 7), x.get(i + 8), x.get(i + 9), x.get(i + 10), x.get(i + 11), x.get(i + 12), x.get(i + 13),
                x.get(i + 14), x.get(i + 15));
    }

    /** a · b + c, by lanes. */
    public static Float16 fma(Float16 a, Float16 b, Float16 c) {
        return Float16.add(Float16.mult(a, b), c);
    }

    /** For a kernel whose tiles are fixed. */
    public static void require(TaskArguments a, String parameter, int value) {
        if (a.definition(parameter) != value) {
            throw new IllegalArgumentException(
                    parameter + " is " + a.definition(parameter) + "; this kernel has code for " + value + " alone");
        }
    }
}

package dev.kerf.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.Precision.Storage;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class StorageTest {
    @ParameterizedTest
    @EnumSource(Storage.class)
    void roundsToTheNearestAsTensorsDo(Storage storage) {
        Random random = new Random(7);
        for (int i = 0; i < 10_000; i++) {
            float v = (float) (random.nextGaussian() * Math.pow(2, random.nextInt(12) - 6));
            float stored = storage.nearest(v);
            HostTensor t = HostTensor.of(Shape.of(1), new float[] {v}).to(storage.dtype());
            assertEquals(t.getDouble(0), stored, 0);
            assertTrue(Math.abs(stored - v) <= Math.max(storage.rounding() * Math.abs(v), storage.tiny()),
                    v + " as " + storage);
            assertEquals(stored, storage.nearest(stored));
        }
        // The bound is met: 1 and one unit in the last place lie 2u apart.
        assertEquals(1, storage.nearest((float) (1 + storage.rounding())), 0);
        assertEquals(2 * storage.tiny(), storage.nearest((float) (2 * storage.tiny())), 0);
        assertEquals(0, storage.nearest((float) storage.tiny()), 0);
        assertEquals(storage.dtype(), storage.of(DType.F32));
        assertEquals(DType.I64, storage.of(DType.I64));
    }
}

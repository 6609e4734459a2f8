package dev.kerf.tensor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import java.lang.foreign.MemorySegment;
import org.junit.jupiter.api.Test;

class HostTensorTest {
    @Test
    void everyDtypeKeepsTheValuesItCanHold() {
        for (DType dtype : DType.values()) {
            HostTensor t = HostTensor.zeros(dtype, Shape.of(3));
            t.setDouble(0, 1);
            t.setDouble(2, dtype == DType.BOOL ? 1 : 100);
            assertEquals(1, t.getDouble(0), dtype.name());
            assertEquals(0, t.getDouble(1), dtype.name());
            assertEquals(dtype == DType.BOOL ? 1 : 100, t.getDouble(2), dtype.name());
            assertEquals(3L * dtype.bytes(), t.data().byteSize());
        }
    }

    @Test
    void integersSaturateAndUnsignedOnesReadBackUnsigned() {
        HostTensor u8 = HostTensor.zeros(DType.U8, Shape.of(3));
        u8.setDouble(0, 255);
        u8.setDouble(1, 300);
        u8.setDouble(2, -4);
        assertEquals(255, u8.getLong(0));
        assertEquals(255, u8.getLong(1));
        assertEquals(0, u8.getLong(2));
        HostTensor u64 = HostTensor.zeros(DType.U64, Shape.of(1));
        u64.data().set(java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED, 0, -1L);
        assertEquals(0x1p64, u64.getDouble(0));
    }

    @Test
    void bfloat16RoundsToNearestEven() {
        assertEquals((short) 0x3F80, HostTensor.toBFloat16(Float.intBitsToFloat(0x3F808000)));
        assertEquals((short) 0x3F82, HostTensor.toBFloat16(Float.intBitsToFloat(0x3F818000)));
        assertEquals((short) 0x3F81, HostTensor.toBFloat16(Float.intBitsToFloat(0x3F808001)));
        assertTrue(Float.isNaN(Float.intBitsToFloat(HostTensor.toBFloat16(Float.intBitsToFloat(0x7F800001)) << 16)));
    }

    @Test
    void largeIntegersSurviveConversionBetweenIntegerTypes() {
        HostTensor i64 = HostTensor.of(Shape.of(1), new long[] {(1L << 60) + 1});
        assertEquals((1L << 60) + 1, i64.to(DType.U64).getLong(0));
    }

    @Test
    void memoryThatDoesNotFitTheShapeIsRefused() {
        MemorySegment five = MemorySegment.ofArray(new float[5]);
        assertThrows(BadInputException.class, () -> new HostTensor(DType.F32, Shape.of(2, 3), five));
        assertThrows(BadInputException.class, () -> Shape.of(2, -1));
        assertThrows(BadInputException.class, () -> Shape.of(1L << 40, 1L << 40));
        assertThrows(BadInputException.class, () -> Shape.of(2, 3).dim(2));
        assertEquals(3, Shape.of(2, 3).dim(-1));
    }
}

package dev.kerf.geo;

import dev.kerf.tensor.HostTensor;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/** Numbers of a window one by one, of whatever type, without the checks of each that {@link HostTensor#getDouble} makes. */
final class Samples {
    private static final ValueLayout.OfByte I8 = ValueLayout.JAVA_BYTE;
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final HostTensor tensor;
    private final MemorySegment data;

    Samples(HostTensor tensor) {
        this.tensor = tensor;
        this.data = tensor.data();
    }

    double get(long i) {
        return switch (tensor.dtype()) {
            case U8 -> data.get(I8, i) & 0xFF;
            case I8 -> data.get(I8, i);
            case U16 -> data.get(I16, 2 * i) & 0xFFFF;
            case I16 -> data.get(I16, 2 * i);
            case F16 -> Float.float16ToFloat(data.get(I16, 2 * i));
            case I32 -> data.get(I32, 4 * i);
            case F32 -> data.get(F32, 4 * i);
            default -> tensor.getDouble(i);
        };
    }
}

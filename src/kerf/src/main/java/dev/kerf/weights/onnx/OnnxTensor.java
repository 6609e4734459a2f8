package dev.kerf.weights.onnx;

import dev.kerf.error.BadFileException;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import org.jspecify.annotations.Nullable;

/**
 * A tensor of a model's file.
 *
 * @param name  its name; "" in an attribute
 * @param type  element type by its number in {@code TensorProto.DataType}
 * @param value its numbers, where the file has them if it can be; null where Kerf has no such element type
 */
public record OnnxTensor(String name, int type, @Nullable HostTensor value) {
    /** The number of unsigned whole numbers of four bits. */
    public static final int UINT4 = 21;
    /** The number of whole numbers of four bits. */
    public static final int INT4 = 22;

    private static final String[] NAMES = {"nothing", "float32", "uint8", "int8", "uint16", "int16", "int32", "int64", "text",
        "bool", "float16", "float64", "uint32", "uint64", "complex64", "complex128", "bfloat16", "float8e4m3fn",
        "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4", "int4", "float4e2m1"};

    /**
     * Kerf's element type; those of four bits are kept in bytes.
     *
     * @return null where there is none
     */
    public static @Nullable DType dtype(int type) {
        return switch (type) {
            case 1 -> DType.F32;
            case 2, UINT4 -> DType.U8;
            case 3, INT4 -> DType.I8;
            case 4 -> DType.U16;
            case 5 -> DType.I16;
            case 6 -> DType.I32;
            case 7 -> DType.I64;
            case 9 -> DType.BOOL;
            case 10 -> DType.F16;
            case 11 -> DType.F64;
            case 12 -> DType.U32;
            case 13 -> DType.U64;
            case 16 -> DType.BF16;
            default -> null;
        };
    }

    /** The type's name, for messages. */
    public static String typeName(long type) {
        return type >= 0 && type < NAMES.length ? NAMES[(int) type] : "type " + type;
    }

    /**
     * The numbers.
     *
     * @throws BadFileException if Kerf has no such element type
     */
    public HostTensor numbers() {
        if (value == null) {
            throw new BadFileException(
                    "tensor \"" + name + "\" of " + typeName(type) + ": there is no such element type in Kerf");
        }
        return value;
    }
}

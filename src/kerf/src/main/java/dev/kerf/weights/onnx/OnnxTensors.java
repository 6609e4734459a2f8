package dev.kerf.weights.onnx;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.MappedFile;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads {@code TensorProto}s: a view of the model's file, or of a file beside it, where the numbers lie there as they are
 * wanted. Files that a tensor names are only looked for in the model's folder and those within it; links out of it aren't
 * followed.
 */
final class OnnxTensors {
    private static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int EXTERNAL = 1;

    private final Path model;
    private final boolean onDisk;
    private final Map<String, MappedFile> files = new HashMap<>();

    /**
     * @param model  the model's file
     * @param onDisk whether there is such a file, which others may lie beside
     */
    OnnxTensors(Path model, boolean onDisk) {
        this.model = model;
        this.onDisk = onDisk;
    }

    /** Files beside the model that tensors lie in. */
    Collection<MappedFile> files() {
        return files.values();
    }

    /** The fields of a tensor as they come. */
    private static final class Fields {
        String name = "";
        int type;
        boolean external;
        boolean segmented;
        final LongStream.Builder dims = LongStream.builder();
        final Map<String, String> place = new HashMap<>();
        @Nullable
        MemorySegment raw;
        final NumberList numbers = new NumberList();
    }

    /** Reads one. */
    OnnxTensor read(ProtoReader p) {
        Fields f = new Fields();
        while (p.next()) {
            switch (p.field()) {
                case 1 -> p.integers(f.dims::add);
                case 2 -> f.type = Math.clamp(p.integer(), 0, 1 << 20);
                case 3 -> {
                    f.segmented = true;
                    p.skip();
                }
                case 4 -> f.numbers.fixed(p.fixed(4), 4);
                case 5, 7, 11 -> p.integers(f.numbers::add);
                case 8 -> f.name = p.text();
                case 9 -> f.raw = p.bytes();
                case 10 -> f.numbers.fixed(p.fixed(8), 8);
                case 13 -> entry(p.message(), f.place);
                case 14 -> f.external = p.integer() == EXTERNAL;
                default -> p.skip();
            }
        }
        if (f.segmented) {
            throw error(f, "is cut into segments");
        }
        DType dtype = OnnxTensor.dtype(f.type);
        return new OnnxTensor(f.name, f.type, dtype == null ? null : value(f, dtype));
    }

    /** One pair of texts. */
    static void entry(ProtoReader p, Map<String, String> into) {
        String key = "";
        String value = "";
        while (p.next()) {
            switch (p.field()) {
                case 1 -> key = p.text();
                case 2 -> value = p.text();
                default -> p.skip();
            }
        }
        into.put(key, value);
    }

    private HostTensor value(Fields f, DType dtype) {
        Shape shape;
        long bytes;
        try {
            shape = Shape.of(f.dims.build().toArray());
            bytes = shape.bytes(dtype);
        } catch (BadInputException e) {
            throw error(f, e.getMessage());
        }
        if (f.type == OnnxTensor.UINT4 || f.type == OnnxTensor.INT4) {
            MemorySegment packed = f.external ? beside(f, (shape.elements() + 1) / 2) : f.raw;
            return nibbles(f, dtype, shape, packed);
        }
        MemorySegment data = f.external ? beside(f, bytes) : f.raw;
        if (data == null) {
            data = f.numbers.as(dtype);
        }
        if (data.byteSize() != bytes) {
            throw error(f, "takes " + bytes + " bytes as " + dtype + shape + ", the file has " + data.byteSize());
        }
        return new HostTensor(dtype, shape, data);
    }

    private HostTensor nibbles(Fields f, DType dtype, Shape shape, @Nullable MemorySegment packed) {
        MemorySegment data = packed != null ? packed : f.numbers.as(DType.U8);
        if (data.byteSize() != (shape.elements() + 1) / 2) {
            throw error(f, "takes half a byte an element as " + shape + ", the file has " + data.byteSize() + " bytes");
        }
        HostTensor out = HostTensor.zeros(dtype, shape);
        for (long i = 0; i < shape.elements(); i++) {
            int four = data.get(ValueLayout.JAVA_BYTE, i / 2) >> (i % 2 == 0 ? 0 : 4) & 15;
            out.data().set(ValueLayout.JAVA_BYTE, i, (byte) (f.type == OnnxTensor.INT4 ? four << 28 >> 28 : four));
        }
        return out;
    }

    private MemorySegment beside(Fields f, long bytes) {
        String location = f.place.getOrDefault("location", "");
        MappedFile file = files.get(location);
        if (file == null) {
            file = MappedFile.open(within(f, location));
            files.put(location, file);
        }
        long offset = number(f, "offset", 0);
        long length = number(f, "length", bytes);
        if (length != bytes) {
            throw error(f, "takes " + bytes + " bytes, its place in \"" + location + "\" has " + length);
        }
        if (offset > file.size() || bytes > file.size() - offset) {
            throw error(f, "lies at bytes " + offset + " to " + (offset + bytes) + " of " + file.path() + ", which has "
                    + file.size() + ": it isn't whole, or belongs to another model");
        }
        return file.bytes().asSlice(offset, bytes);
    }

    private Path within(Fields f, String location) {
        if (!onDisk) {
            throw error(f, "lies in another file, and the model is in memory");
        }
        try {
            Path folder = model.toAbsolutePath().getParent().toRealPath();
            Path named = folder.resolve(location).normalize();
            if (location.isEmpty() || Path.of(location).isAbsolute() || !named.startsWith(folder) || named.equals(folder)) {
                throw error(f, "lies in \"" + location + "\", which is outside the model's folder: nothing there is read");
            }
            if (!Files.exists(named)) {
                throw error(f, "lies in \"" + location + "\", which isn't beside the model: put the file there");
            }
            if (!named.toRealPath().startsWith(folder)) {
                throw error(f, "lies in \"" + location + "\", a link out of the model's folder: nothing there is read");
            }
            return named;
        } catch (InvalidPathException | IOException e) {
            throw error(f, "lies in a file of a name that none can have or that can't be read: " + e.getMessage());
        }
    }

    private long number(Fields f, String key, long otherwise) {
        String text = f.place.get(key);
        if (text == null) {
            return otherwise;
        }
        try {
            long n = Long.parseLong(text);
            if (n >= 0) {
                return n;
            }
        } catch (NumberFormatException e) {
            throw error(f, "has the " + key + " \"" + text + "\" in its file");
        }
        throw error(f, "has the " + key + " " + text + " in its file");
    }

    private BadFileException error(Fields f, String what) {
        return new BadFileException(model + ": tensor " + OnnxFile.quoted(f.name) + " " + what);
    }

    /** Numbers that come one by one, or in pieces. */
    private static final class NumberList {
        private final LongStream.Builder integers = LongStream.builder();
        private final java.util.ArrayList<MemorySegment> pieces = new java.util.ArrayList<>();
        private int size;

        void add(long value) {
            integers.add(value);
        }

        void fixed(MemorySegment piece, int bytes) {
            pieces.add(piece);
            size = bytes;
        }

        /** As they are in a tensor of the type: where they lie if they are one piece of it. */
        MemorySegment as(DType dtype) {
            if (pieces.size() == 1 && size == dtype.bytes() && dtype.floating()) {
                return pieces.getFirst();
            }
            if (!pieces.isEmpty()) {
                MemorySegment all = MemorySegment.ofArray(
                        new byte[Math.toIntExact(pieces.stream().mapToLong(MemorySegment::byteSize).sum())]);
                long at = 0;
                for (MemorySegment p : pieces) {
                    MemorySegment.copy(p, 0, all, at, p.byteSize());
                    at += p.byteSize();
                }
                return all;
            }
            long[] values = integers.build().toArray();
            MemorySegment all = MemorySegment.ofArray(new byte[Math.multiplyExact(values.length, dtype.bytes())]);
            for (int i = 0; i < values.length; i++) {
                switch (dtype.bytes()) {
                    case 1 -> all.set(ValueLayout.JAVA_BYTE, i, (byte) values[i]);
                    case 2 -> all.set(I16, i * 2L, (short) values[i]);
                    case 4 -> all.set(I32, i * 4L, (int) values[i]);
                    default -> all.set(I64, i * 8L, values[i]);
                }
            }
            return all;
        }
    }
}

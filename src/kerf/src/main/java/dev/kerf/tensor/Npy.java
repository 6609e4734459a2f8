package dev.kerf.tensor;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** NumPy's array files (numpy.lib.format). */
final class Npy {
    private static final byte[] MAGIC = {(byte) 0x93, 'N', 'U', 'M', 'P', 'Y'};
    private static final Pattern DESCR = Pattern.compile("['\"]descr['\"]\\s*:\\s*['\"]([<>|=]?)([a-z?]\\d*)['\"]");
    private static final Pattern ORDER = Pattern.compile("['\"]fortran_order['\"]\\s*:\\s*(True|False)");
    private static final Pattern SHAPE = Pattern.compile("['\"]shape['\"]\\s*:\\s*\\(([\\d\\s,]*)\\)");

    private Npy() {
    }

    static void write(Path file, HostTensor tensor) {
        byte[] header = header(tensor);
        AtomicFile.write(file, out -> {
            out.write(header);
            AtomicFile.copy(tensor.data(), out);
        });
    }

    private static byte[] header(HostTensor tensor) {
        // A tuple of one keeps its comma.
        String shape = Arrays.stream(tensor.shape().dims()).mapToObj(Long::toString).collect(Collectors.joining(", "))
                + (tensor.shape().rank() == 1 ? "," : "");
        String order = tensor.dtype().bytes() == 1 ? "|" : "<";
        String text = "{'descr': '" + order + code(tensor.dtype()) + "', 'fortran_order': False, 'shape': (" + shape
                + "), }";
        // The data begin at a multiple of 64 bytes; a newline ends the header.
        int length = (MAGIC.length + 4 + text.length() + 1 + 63) / 64 * 64;
        byte[] out = new byte[length];
        Arrays.fill(out, (byte) ' ');
        System.arraycopy(MAGIC, 0, out, 0, MAGIC.length);
        out[6] = 1;
        out[7] = 0;
        out[8] = (byte) (length - 10);
        out[9] = (byte) (length - 10 >> 8);
        byte[] ascii = text.getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(ascii, 0, out, 10, ascii.length);
        out[length - 1] = '\n';
        return out;
    }

    private static String code(DType dtype) {
        return switch (dtype) {
            case F64 -> "f8";
            case F32 -> "f4";
            case F16 -> "f2";
            case I64 -> "i8";
            case I32 -> "i4";
            case I16 -> "i2";
            case I8 -> "i1";
            case U64 -> "u8";
            case U32 -> "u4";
            case U16 -> "u2";
            case U8 -> "u1";
            case BOOL -> "b1";
            case BF16 -> throw new BadInputException("NumPy has no BF16; convert the tensor to F32 for .npy");
        };
    }

    static boolean isNpy(Path file) {
        String name = file.toString().toLowerCase(Locale.ROOT);
        return name.endsWith(".npy") || name.endsWith(".npz");
    }

    private static boolean isArchive(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(2), new byte[] {'P', 'K'});
        }
    }

    static HostTensor read(Path file) {
        byte[] b;
        try {
            if (Files.size(file) > Integer.MAX_VALUE - 16) {
                throw new BadFileException(file + ": " + Files.size(file)
                        + " bytes; .npy files of up to 2 GiB can be read");
            }
            b = isArchive(file) ? Npz.only(file, Integer.MAX_VALUE - 16) : Files.readAllBytes(file);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read: " + e.getMessage(), e);
        }
        int longForm = b.length > 6 && b[6] >= 2 ? 4 : 2;
        if (b.length < 8 + longForm || !Arrays.equals(b, 0, 6, MAGIC, 0, 6) || b[6] < 1 || b[6] > 3) {
            throw new BadFileException(file + ": not a .npy file of version 1 to 3");
        }
        long headerBytes = 0;
        for (int i = longForm - 1; i >= 0; i--) {
            headerBytes = headerBytes << 8 | b[8 + i] & 0xFF;
        }
        int from = 8 + longForm;
        if (headerBytes > b.length - from) {
            throw new BadFileException(file + ": truncated: the header takes " + headerBytes + " bytes");
        }
        String header = new String(b, from, (int) headerBytes, StandardCharsets.UTF_8);
        return tensor(file, header, MemorySegment.ofArray(b).asSlice(from + headerBytes));
    }

    private static HostTensor tensor(Path file, String header, MemorySegment data) {
        Matcher descr = DESCR.matcher(header);
        Matcher order = ORDER.matcher(header);
        Matcher dims = SHAPE.matcher(header);
        if (!descr.find() || !order.find() || !dims.find()) {
            throw new BadFileException(file + ": the header describes no plain array: " + header.strip());
        }
        DType dtype = null;
        for (DType d : DType.values()) {
            dtype = d != DType.BF16 && code(d).equals(descr.group(2)) ? d : dtype;
        }
        if (dtype == null || dtype.bytes() > 1 && descr.group(1).equals(">")) {
            throw new BadFileException(file + ": elements of type '" + descr.group(1) + descr.group(2)
                    + "' can't be read; little-endian floats, integers and bool can");
        } else if (order.group(1).equals("True")) {
            throw new BadFileException(file + ": is in Fortran order; save numpy.ascontiguousarray of it");
        }
        try {
            long[] extents = Arrays.stream(dims.group(1).split(",")).map(String::strip).filter(s -> !s.isEmpty())
                    .mapToLong(Long::parseLong).toArray();
            Shape shape = Shape.of(extents);
            long bytes = Math.multiplyExact(shape.elements(), (long) dtype.bytes());
            if (bytes != data.byteSize()) {
                throw new BadFileException(file + ": " + dtype + shape + " takes " + bytes + " bytes, the file holds "
                        + data.byteSize());
            }
            return new HostTensor(dtype, shape, data);
        } catch (NumberFormatException | BadInputException | ArithmeticException e) {
            throw new BadFileException(file + ": the shape (" + dims.group(1) + ") is out of range", e);
        }
    }
}

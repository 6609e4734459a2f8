package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Supplier;

/** Writes a safetensors file of any size, holding one tensor's values at a time. */
final class SafetensorsWriter {
    private static final int CHUNK = 1 << 20;
    private static final int ALIGNMENT = 8;

    private SafetensorsWriter() {}

    /** A tensor whose values are made only when their turn comes. */
    record Entry(TensorInfo info, Supplier<HostTensor> values) {}

    /** A source's tensors, the floating-point ones converted to a dtype if one is given. */
    static List<Entry> entries(TensorSource source, Optional<DType> dtype) {
        if (dtype.isPresent() && !dtype.get().floating()) {
            throw new BadInputException("weights convert to F64, F32, F16 or BF16, not to " + dtype.get());
        }
        List<Entry> entries = new ArrayList<>();
        for (TensorInfo info : source.tensors().values()) {
            DType target = info.dtype().floating() ? dtype.orElse(info.dtype()) : info.dtype();
            entries.add(new Entry(new TensorInfo(info.name(), target, info.shape()),
                    () -> convert(source.tensor(info.name()), target, source.source() + ": tensor "
                            + Names.quoted(info.name()))));
        }
        return entries;
    }

    private static HostTensor convert(HostTensor tensor, DType target, String name) {
        HostTensor out = tensor.to(target);
        if (target.bytes() < tensor.dtype().bytes() || target != tensor.dtype() && target == DType.F16) {
            for (long i = 0, n = out.elements(); i < n; i++) {
                if (Double.isInfinite(out.getDouble(i)) && Double.isFinite(tensor.getDouble(i))) {
                    throw new BadInputException(name + " holds " + tensor.getDouble(i) + ", too large for " + target
                            + "; take a wider type");
                }
            }
        }
        return out;
    }

    /** Writes the entries, whole or not at all. */
    static void write(Path path, List<Entry> entries, Map<String, String> metadata) {
        List<Entry> byAlignment = new ArrayList<>(entries);
        byAlignment.sort(Comparator.comparingInt(e -> -e.info.dtype().bytes()));
        byte[] header = header(entries, byAlignment, metadata);
        Path target = path.toAbsolutePath();
        Path temporary = target.resolveSibling("." + target.getFileName() + "." + UUID.randomUUID() + ".tmp");
        try {
            try (FileChannel out = FileChannel.open(temporary, StandardOpenOption.CREATE_NEW,
                    StandardOpenOption.WRITE)) {
                ByteBuffer buffer = ByteBuffer.allocateDirect(CHUNK).order(ByteOrder.LITTLE_ENDIAN);
                drain(buffer.putLong(header.length), out);
                MemorySegment chunk = MemorySegment.ofBuffer(buffer.clear());
                copy(MemorySegment.ofArray(header), chunk, buffer, out);
                for (Entry entry : byAlignment) {
                    copy(values(entry).data(), chunk, buffer, out);
                }
            }
            Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            delete(temporary);
            throw new BadFileException(path + ": can't be written: " + reason(e, target), e);
        } catch (RuntimeException e) {
            delete(temporary);
            throw e;
        }
    }

    private static byte[] header(List<Entry> entries, List<Entry> byAlignment, Map<String, String> metadata) {
        Map<String, long[]> offsets = new HashMap<>();
        long end = 0;
        for (Entry entry : byAlignment) {
            long begin = end;
            end = Math.addExact(begin, entry.info.bytes());
            offsets.put(entry.info.name(), new long[] {begin, end});
        }
        Json header = Json.object();
        if (!metadata.isEmpty()) {
            header.put(Safetensors.METADATA, metadata);
        }
        Set<String> seen = new HashSet<>();
        for (Entry entry : entries) {
            String name = entry.info.name();
            if (name.equals(Safetensors.METADATA) || !seen.add(name)) {
                throw new BadInputException("a tensor can't be named " + Names.quoted(name) + ": the name is taken");
            }
            header.put(name, Json.object()
                    .put("dtype", entry.info.dtype().name())
                    .put("shape", entry.info.shape().dims())
                    .put("data_offsets", offsets.get(name)));
        }
        byte[] text = header.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (text.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        if (padded > Safetensors.MAX_HEADER) {
            throw new BadInputException("the safetensors header would take " + padded
                    + " bytes, over the format's bound of "
                    + Safetensors.MAX_HEADER);
        }
        byte[] out = Arrays.copyOf(text, padded);
        Arrays.fill(out, text.length, padded, (byte) ' ');
        return out;
    }

    private static HostTensor values(Entry entry) {
        HostTensor tensor = entry.values.get();
        if (tensor.dtype() != entry.info.dtype() || !tensor.shape().equals(entry.info.shape())) {
            throw new IllegalStateException(entry.info.name() + " was announced as " + entry.info.dtype()
                    + entry.info.shape() + " and came as " + tensor);
        }
        return tensor;
    }

    private static void copy(MemorySegment from, MemorySegment chunk, ByteBuffer buffer, FileChannel out)
            throws IOException {
        for (long at = 0; at < from.byteSize(); at += CHUNK) {
            int n = (int) Math.min(CHUNK, from.byteSize() - at);
            MemorySegment.copy(from, at, chunk, 0, n);
            drain(buffer.clear().position(n), out);
        }
    }

    private static void drain(ByteBuffer buffer, FileChannel out) throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            out.write(buffer);
        }
    }

    private static String reason(IOException e, Path target) {
        return switch (e) {
            case NoSuchFileException _ -> "the directory " + target.getParent() + " doesn't exist";
            case AccessDeniedException _ -> "no permission to write in " + target.getParent();
            default -> e.getMessage();
        };
    }

    private static void delete(Path temporary) {
        try {
            Files.deleteIfExists(temporary);
        } catch (IOException e) {
            System.getLogger(SafetensorsWriter.class.getName())
                    .log(System.Logger.Level.WARNING, "{0} is left over and can be deleted", temporary);
        }
    }
}

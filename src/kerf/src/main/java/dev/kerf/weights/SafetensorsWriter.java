package dev.kerf.weights;

import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Weights.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Supplier;

/** Writes a safetensors file of any size, holding one tensor's values at a time. */
final class SafetensorsWriter {
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
        AtomicFile.write(path, out -> {
            out.write(ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN).putLong(header.length).array());
            out.write(header);
            for (Entry entry : byAlignment) {
                AtomicFile.copy(values(entry).data(), out);
            }
        });
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
}

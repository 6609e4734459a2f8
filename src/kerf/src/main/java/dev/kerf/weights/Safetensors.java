package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.MappedFile;
import dev.kerf.json.Json;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights.TensorInfo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A safetensors file, mapped and read in place: an 8-byte little-endian header length, a JSON header, then the raw
 * little-endian tensors, which cover the rest of the file without holes or overlaps (format:
 * {@code github.com/huggingface/safetensors}). All of that is checked on opening; the values themselves aren't touched.
 *
 * <p>The object owns the mapping: tensors from it are valid until {@link #close}. After that, asking for a tensor
 * raises {@link dev.kerf.error.ClosedException}, and touching the memory of an earlier one raises the JDK's
 * {@link IllegalStateException}; neither crashes. It may be read by many threads at once; close it when they are done.
 *
 * <pre>{@code
 * try (Safetensors file = Safetensors.open(Path.of("unet.safetensors"))) {
 *     for (TensorInfo t : file.tensors().values()) {
 *         System.out.println(t.name() + " " + t.dtype() + t.shape());
 *     }
 *     HostTensor head = file.tensor("outc.conv.weight"); // a view of the file
 * }
 * }</pre>
 */
public final class Safetensors implements TensorSource {
    /** Longest header that is read, in bytes: the bound that the reference implementation sets. */
    public static final long MAX_HEADER = 100_000_000;

    static final String METADATA = "__metadata__";

    private static final int LENGTH_BYTES = 8;
    private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MappedFile file;
    private final long dataStart;
    private final Map<String, Entry> entries;
    private final Map<String, TensorInfo> tensors;
    private final Map<String, String> metadata;

    /** Offsets count from the start of the data section. */
    private record Entry(TensorInfo info, long begin, long end) {}

    private Safetensors(MappedFile file) {
        this.file = file;
        Json header = header();
        this.dataStart = LENGTH_BYTES + headerLength();
        Map<String, Entry> read = new LinkedHashMap<>();
        Map<String, TensorInfo> infos = new LinkedHashMap<>();
        header.members().forEach((name, value) -> {
            if (!name.equals(METADATA)) {
                Entry entry = entry(name, value);
                read.put(name, entry);
                infos.put(name, entry.info);
            }
        });
        Map<String, String> texts = new LinkedHashMap<>();
        header.find(METADATA).ifPresent(m -> m.members().forEach((key, value) -> texts.put(key, value.asString())));
        this.entries = read;
        this.tensors = Collections.unmodifiableMap(infos);
        this.metadata = Collections.unmodifiableMap(texts);
        checkCover();
    }

    /**
     * Opens a file and checks its header.
     *
     * @throws BadFileException if the file is missing, truncated or malformed; the message names the tensor and the
     *                          place
     */
    public static Safetensors open(Path path) {
        return checked(MappedFile.open(path));
    }

    /**
     * Reads a file's content from memory; it is copied.
     *
     * @param name what errors call it
     * @throws BadFileException if it is truncated or malformed
     */
    public static Safetensors of(byte[] content, String name) {
        return checked(MappedFile.of(content, name));
    }

    private static Safetensors checked(MappedFile file) {
        try {
            return new Safetensors(file);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /**
     * Writes tensors in the given order, whole or not at all: to a temporary file beside the target, which is then
     * moved over it. Data is laid out by falling element size, so that every tensor is aligned for its type.
     *
     * @param tensors  name to tensor, in the order of the header
     * @param metadata free text by key, such as the architecture; may be empty
     * @throws BadFileException if the file can't be written
     */
    public static void write(Path path, Map<String, HostTensor> tensors, Map<String, String> metadata) {
        List<SafetensorsWriter.Entry> list = new ArrayList<>();
        tensors.forEach((name, tensor) -> list.add(
                new SafetensorsWriter.Entry(new TensorInfo(name, tensor.dtype(), tensor.shape()), () -> tensor)));
        SafetensorsWriter.write(path, list, metadata);
    }

    /**
     * Writes a PyTorch checkpoint's tensors as a safetensors file, whole or not at all.
     *
     * <pre>{@code
     * Safetensors.importFrom(Path.of("unet.pt"), Path.of("unet.safetensors"), Optional.of(DType.F16));
     * }</pre>
     *
     * @param checkpoint a file that {@code torch.save} wrote
     * @param path       the file to write; replaced if it exists
     * @param dtype      F16, BF16, F32 or F64 to convert floating-point tensors to; empty keeps each as it is
     * @throws BadFileException  if the one can't be read or the other can't be written
     * @throws BadInputException if dtype isn't floating-point, or a finite value is too large for it
     */
    public static void importFrom(Path checkpoint, Path path, Optional<DType> dtype) {
        try (TorchCheckpoint from = TorchCheckpoint.open(checkpoint)) {
            Map<String, String> metadata = new LinkedHashMap<>(from.metadata());
            metadata.put("format", "pt");
            SafetensorsWriter.write(path, SafetensorsWriter.entries(from, dtype), metadata);
        }
    }

    /** The file's path, for messages. */
    @Override
    public String source() {
        return file.path().toString();
    }

    /** The tensors by name, in the order of the header; unmodifiable. */
    @Override
    public Map<String, TensorInfo> tensors() {
        return tensors;
    }

    /** The names of the tensors, in the order of the header. */
    public List<String> names() {
        return List.copyOf(tensors.keySet());
    }

    /** The header's {@code __metadata__}, unmodifiable; empty when it has none. */
    @Override
    public Map<String, String> metadata() {
        return metadata;
    }

    /**
     * A view of one tensor in the mapped file: read-only, valid until this object is closed, aligned as the file has
     * it.
     *
     * @throws BadInputException                 if the file has no tensor of that name
     * @throws dev.kerf.error.ClosedException if this object is closed
     */
    @Override
    public HostTensor tensor(String name) {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new BadInputException(source() + ": has no tensor " + Names.quoted(name));
        }
        MemorySegment data = file.bytes().asSlice(dataStart + entry.begin, entry.end - entry.begin);
        return new HostTensor(entry.info.dtype(), entry.info.shape(), data);
    }

    @Override
    public void unload(String name) {
        MappedFile.unload(tensor(name).data());
    }

    /** Unmaps the file. Closing twice does nothing. */
    @Override
    public void close() {
        file.close();
    }

    private long headerLength() {
        return file.bytes().get(I64, 0);
    }

    private Json header() {
        if (file.size() < LENGTH_BYTES) {
            throw error("is " + file.size() + " bytes long, too short for safetensors' 8-byte header length");
        }
        long length = headerLength();
        if (length < 0 || length > MAX_HEADER) {
            throw error("header length " + Long.toUnsignedString(length) + " at byte 0 is over the bound of "
                    + MAX_HEADER
                    + ": not a safetensors file, or a damaged one");
        }
        if (length > file.size() - LENGTH_BYTES) {
            throw error("the file ends at byte " + file.size() + ", its header needs up to " + (LENGTH_BYTES + length)
                    + ": it was cut off");
        }
        MemorySegment text = file.bytes().asSlice(LENGTH_BYTES, length);
        if (length == 0 || text.get(ValueLayout.JAVA_BYTE, 0) != '{') {
            throw error("the header at byte 8 doesn't begin with '{': not a safetensors file");
        }
        return Json.parse(text, source() + ": header");
    }

    private Entry entry(String name, Json json) {
        String at = "tensor " + Names.quoted(name);
        json.members().keySet().forEach(key -> {
            if (!key.equals("dtype") && !key.equals("shape") && !key.equals("data_offsets")) {
                throw error(at + " has an unknown member " + Names.quoted(key) + " in the header");
            }
        });
        DType dtype = dtype(at, json.at("dtype").asString());
        Shape shape;
        long bytes;
        try {
            shape = Shape.of(json.at("shape").asLongs());
            bytes = shape.bytes(dtype);
        } catch (BadInputException e) {
            throw new BadFileException(source() + ": " + at + " has the impossible shape " + json.at("shape"), e);
        }
        long[] offsets = json.at("data_offsets").asLongs();
        if (offsets.length != 2 || offsets[0] < 0 || offsets[1] < offsets[0]) {
            throw error(at + " has the data_offsets " + json.at("data_offsets") + ", expected [begin, end]");
        }
        if (offsets[1] - offsets[0] != bytes) {
            throw error(at + " is " + dtype + shape + ", which takes " + bytes + " bytes, but its data_offsets "
                    + json.at("data_offsets") + " span " + (offsets[1] - offsets[0]));
        }
        return new Entry(new TensorInfo(name, dtype, shape), offsets[0], offsets[1]);
    }

    private DType dtype(String at, String name) {
        for (DType dtype : DType.values()) {
            if (dtype.name().equals(name)) {
                return dtype;
            }
        }
        throw error(at + " has element type " + Names.quoted(name)
                + ", which Kerf doesn't read; convert it to F32, F16 or BF16");
    }

    /** The data section holds the tensors one after the other, whatever the order of the header, and nothing else. */
    private void checkCover() {
        List<Entry> byOffset = new ArrayList<>(entries.values());
        byOffset.sort(Comparator.comparingLong(Entry::begin).thenComparingLong(Entry::end));
        long length = file.size() - dataStart;
        long end = 0;
        String last = "the header";
        for (Entry entry : byOffset) {
            String at = "tensor " + Names.quoted(entry.info.name());
            if (entry.begin < end) {
                throw error(at + " at data offset " + entry.begin + " overlaps " + last + ", which ends at " + end);
            }
            if (entry.begin > end) {
                throw error("hole of " + (entry.begin - end) + " bytes between " + last + ", which ends at data offset "
                        + end + ", and " + at);
            }
            if (entry.end > length) {
                throw error("the file ends at byte " + file.size() + ", " + at + " needs up to byte "
                        + (dataStart + entry.end) + ": it was cut off");
            }
            end = entry.end;
            last = at;
        }
        if (end != length) {
            throw error((length - end) + " bytes follow " + last + ", which ends at byte " + (dataStart + end)
                    + " and should end the file");
        }
    }

    private BadFileException error(String wrong) {
        return new BadFileException(source() + ": " + wrong);
    }
}

package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.weights.Pickled.Storage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/**
 * Says of a checkpoint without a zip directory what of it arrived. A zip's directory is at its end, the pickle near its
 * start, so a download that was cut off usually still tells which tensors it should have held.
 */
final class TruncatedZip {
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int LOCAL = 0x04034b50;
    private static final int LOCAL_BYTES = 30;
    /** PyTorch writes an entry's sizes behind it: at most 24 bytes; entries of unknown size are small ones. */
    private static final int LONGEST_UNKNOWN = 4096;

    private TruncatedZip() {}

    /** The error for such a file. */
    static BadFileException error(MemorySegment file, String source) {
        String arrived;
        try {
            arrived = arrived(file, source);
        } catch (BadFileException e) {
            arrived = "";
        }
        return new BadFileException(source + ": the file ends at byte " + file.byteSize()
                + " without a zip directory: it was cut off" + arrived + "; fetch it again");
    }

    private static String arrived(MemorySegment file, String source) {
        long at = 0;
        StateDict dict = null;
        Map<String, Storage> storages = Map.of();
        String prefix = "";
        while (isLocal(file, at)) {
            int nameLength = Short.toUnsignedInt(file.get(U16, at + 26));
            long begin = at + LOCAL_BYTES + nameLength + Short.toUnsignedInt(file.get(U16, at + 28));
            if (begin > file.byteSize()) {
                break;
            }
            byte[] nameBytes = file.asSlice(at + LOCAL_BYTES, nameLength).toArray(ValueLayout.JAVA_BYTE);
            String name = new String(nameBytes, StandardCharsets.UTF_8);
            long length = 0;
            if (dict == null && name.endsWith("data.pkl")) {
                PickleReader reader = new PickleReader(file, begin, source);
                dict = StateDict.in(reader.read(), source, reader.end() - begin);
                storages = reader.storages();
                prefix = name.substring(0, name.length() - "data.pkl".length()) + "data/";
                length = reader.end() - begin;
            } else if (name.startsWith(prefix)
                    && storages.get(name.substring(prefix.length())) instanceof Storage storage) {
                length = storage.elements() * storage.dtype().bytes();
                if (length > file.byteSize() - begin) {
                    return whole(dict) + "; " + user(dict, storage) + " needs up to byte " + (begin + length);
                }
            }
            at = nextLocal(file, begin + length);
        }
        return dict == null ? "" : whole(dict);
    }

    private static boolean isLocal(MemorySegment file, long at) {
        return at >= 0 && at <= file.byteSize() - LOCAL_BYTES && file.get(U32, at) == LOCAL;
    }

    private static long nextLocal(MemorySegment file, long from) {
        long stop = Math.min(from + LONGEST_UNKNOWN, file.byteSize() - LOCAL_BYTES);
        for (long at = from; at <= stop; at++) {
            if (file.get(U32, at) == LOCAL) {
                return at;
            }
        }
        return -1;
    }

    private static String whole(StateDict dict) {
        long bytes = dict.tensors().values().stream().mapToLong(t -> t.shape().elements() * t.dtype().bytes()).sum();
        return "; its pickle is whole and names " + dict.tensors().size() + " tensors of " + bytes + " bytes";
    }

    private static String user(StateDict dict, Storage storage) {
        return dict.tensors().entrySet().stream()
                .filter(e -> e.getValue().storage().key().equals(storage.key()))
                .map(e -> "tensor " + Names.quoted(e.getKey()))
                .findFirst()
                .orElse("a tensor outside the state dict");
    }
}

package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import dev.kerf.weights.Pickled.Dict;
import dev.kerf.weights.Pickled.Items;
import dev.kerf.weights.Pickled.Storage;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.math.BigInteger;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/** Containers of a pickled value and the storages that it refers to by key: two of {@code torch.save}, and a bare pickle. */
sealed interface TorchStorages {
    /** What to do about a file from another kind of machine. */
    String BIG_ENDIAN = ": is big-endian; load it in PyTorch and save it anew on a little-endian machine";

    /** The named tensors that were saved. */
    StateDict dict();

    /** Checks that a storage is in the file, with the size that the pickle gives it. */
    void check(Storage storage, String tensor);

    /** The bytes of a checked storage. */
    MemorySegment bytes(Storage storage, String tensor);

    /** Recognises the container by its first bytes and reads its pickle. */
    static TorchStorages read(MemorySegment file, String source) {
        long size = file.byteSize();
        if (size >= 262 && new String(file.asSlice(257, 5).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1)
                .equals("ustar")) {
            throw new BadFileException(source
                    + ": is a tar archive, as PyTorch before 0.1.10 wrote; load it in PyTorch and "
                    + "save it anew");
        }
        int first = size == 0 ? -1 : Byte.toUnsignedInt(file.get(ValueLayout.JAVA_BYTE, 0));
        return switch (first) {
            case 'P' -> Zip.read(file, source);
            case 0x80 -> Legacy.read(file, source);
            default -> throw new BadFileException(source
                    + ": is not a PyTorch checkpoint: it begins neither as a zip archive "
                    + "nor as a pickle");
        };
    }

    /**
     * Since 1.6: a zip archive with {@code NAME/data.pkl} and one stored entry {@code NAME/data/KEY} for each storage.
     */
    record Zip(ZipDirectory zip, String source, String prefix, StateDict dict, Map<String, MemorySegment> unpacked)
            implements
                TorchStorages {
        private static final String PICKLE = "data.pkl";

        static Zip read(MemorySegment file, String source) {
            Optional<ZipDirectory> found = ZipDirectory.read(file, source);
            if (found.isEmpty()) {
                throw TruncatedZip.error(file, source);
            }
            ZipDirectory zip = found.get();
            String pickle = zip.entries().keySet().stream()
                    .filter(name -> name.substring(name.indexOf('/') + 1).equals(PICKLE))
                    .findFirst()
                    .orElseThrow(() -> new BadFileException(
                            source + ": is a zip archive without a data.pkl: not a PyTorch checkpoint"));
            String prefix = pickle.substring(0, pickle.length() - PICKLE.length());
            if (zip.entries().containsKey(prefix + "constants.pkl")) {
                throw new BadFileException(source
                        + ": is a TorchScript program; save its state_dict() with torch.save instead");
            }
            ZipDirectory.Entry order = zip.entries().get(prefix + "byteorder");
            if (order != null && (order.length() > 16 || !text(zip.bytes(order)).equals("little"))) {
                throw new BadFileException(source + BIG_ENDIAN);
            }
            MemorySegment bytes = zip.bytes(zip.entries().get(pickle));
            Object root = new PickleReader(bytes, 0, source + ": " + pickle).read();
            return new Zip(zip, source, prefix, StateDict.in(root, source, bytes.byteSize()), new ConcurrentHashMap<>());
        }

        @Override
        public void check(Storage storage, String tensor) {
            String name = prefix + "data/" + storage.key();
            ZipDirectory.Entry entry = zip.entries().get(name);
            long bytes = storage.elements() * storage.dtype().bytes();
            if (entry == null) {
                throw new BadFileException(source + ": zip entry " + Names.quoted(name) + " of tensor "
                        + Names.quoted(tensor) + " is missing");
            }
            if (entry.length() < bytes || entry.length() - bytes >= storage.dtype().bytes()) {
                throw new BadFileException(source + ": zip entry " + Names.quoted(name) + " of tensor "
                        + Names.quoted(tensor) + " has "
                        + entry.length() + " bytes, the pickle says " + bytes);
            }
        }

        @Override
        public MemorySegment bytes(Storage storage, String tensor) {
            ZipDirectory.Entry entry = zip.entries().get(prefix + "data/" + storage.key());
            if (entry.method() == 0) {
                return zip.bytes(entry);
            }
            return unpacked.computeIfAbsent(storage.key(), _ -> zip.bytes(entry));
        }

        private static String text(MemorySegment bytes) {
            return new String(bytes.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.ISO_8859_1);
        }
    }

    /**
     * Before 1.6: the pickles of a magic number, a protocol version and facts of the machine, the pickled value, the
     * pickled list of storage keys, then for each of these its number of elements and its raw bytes.
     */
    record Legacy(
            MemorySegment file, String source, StateDict dict, Map<String, Long> begins, Map<String, Long> lengths)
            implements
                TorchStorages {
        private static final BigInteger MAGIC = new BigInteger("1950a86a20f9469cfc6c", 16);
        private static final long PROTOCOL = 1001;
        private static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

        static TorchStorages read(MemorySegment file, String source) {
            Object[] pickles = new Object[5];
            Map<String, Storage> storages = new HashMap<>();
            long at = 0;
            for (int i = 0; i < pickles.length; i++) {
                PickleReader reader = new PickleReader(file, at, source);
                pickles[i] = reader.read();
                storages.putAll(reader.storages());
                at = reader.end();
                if (i == 0 && pickles[0] instanceof Dict dict) {
                    return new Plain(StateDict.in(dict, source, at), source);
                }
                if (i == 0 && !MAGIC.equals(pickles[0])) {
                    throw new BadFileException(source + ": is a pickle, but not one of PyTorch's");
                }
            }
            if (!Long.valueOf(PROTOCOL).equals(pickles[1]) || !(pickles[2] instanceof Dict facts)
                    || !(pickles[4] instanceof Items keys)) {
                throw new BadFileException(source + ": is of an unknown version of PyTorch's format");
            }
            if (Boolean.FALSE.equals(facts.items.get("little_endian"))) {
                throw new BadFileException(source + BIG_ENDIAN);
            }
            Legacy legacy = new Legacy(file, source, StateDict.in(pickles[3], source, at), new HashMap<>(), new HashMap<>());
            Map<String, String> users = new HashMap<>();
            legacy.dict.tensors()
                    .forEach((name, t) -> users.putIfAbsent(t.storage().key(), "tensor " + Names.quoted(name)));
            for (Object key : keys.items) {
                Storage storage = key instanceof String ? storages.get(key) : null;
                if (storage == null) {
                    throw new BadFileException(source + ": its list of storages names one that nothing refers to");
                }
                at = legacy.locate(storage, at, users.getOrDefault(key, "a tensor outside the state dict"));
            }
            return legacy;
        }

        /** Notes where a storage lies, given where its count of elements is, and returns where the next one's is. */
        private long locate(Storage storage, long at, String user) {
            long end = at + Long.BYTES + storage.elements() * storage.dtype().bytes();
            if (end < 0 || end > file.byteSize()) {
                throw new BadFileException(source + ": the file ends at byte " + file.byteSize() + ", " + user
                        + " needs up to byte " + Long.toUnsignedString(end) + ": it was cut off");
            }
            long count = file.get(I64, at);
            if (count != storage.elements()) {
                throw new BadFileException(source + ": the storage of " + user + " at byte " + at + " has " + count
                        + " elements, the pickle says " + storage.elements());
            }
            begins.put(storage.key(), at + Long.BYTES);
            lengths.put(storage.key(), end - at - Long.BYTES);
            return end;
        }

        @Override
        public void check(Storage storage, String tensor) {
            Long bytes = lengths.get(storage.key());
            if (bytes == null || bytes != storage.elements() * storage.dtype().bytes()) {
                throw new BadFileException(source + ": the storage of tensor " + Names.quoted(tensor)
                        + " is missing or of another size");
            }
        }

        @Override
        public MemorySegment bytes(Storage storage, String tensor) {
            return file.asSlice(begins.get(storage.key()), lengths.get(storage.key()));
        }
    }

    /** One pickle that holds a dictionary of NumPy arrays, as Detectron2's model zoo has them. */
    record Plain(StateDict dict, String source) implements TorchStorages {
        @Override
        public void check(Storage storage, String tensor) {
            throw new BadFileException(source + ": is a pickle, but not one of PyTorch's: the storage of tensor "
                    + Names.quoted(tensor) + " isn't in it");
        }

        @Override
        public MemorySegment bytes(Storage storage, String tensor) {
            throw new IllegalStateException(tensor);
        }
    }
}

package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.file.MappedFile;
import dev.kerf.image.ImageInfo;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.function.IntPredicate;
import java.util.zip.Inflater;
import java.util.zip.InflaterInputStream;

/** A DICOM file (PS3.10): its elements, and its bytes as long as it is open. */
final class DicomFile implements AutoCloseable {
    private static final int PREAMBLE = 128;
    /** Packed elements are unpacked in memory. */
    private static final int MOST_UNPACKED = 1 << 29;
    private static final byte[] MARK = "DICM".getBytes(StandardCharsets.US_ASCII);
    private static final long LAST_OF_META = 0x0002FFFFL;

    private final Path path;
    private final MappedFile mapped;
    private final MemorySegment bytes;
    private final TransferSyntax syntax;
    private final DataSet elements;

    private DicomFile(Path path, IntPredicate wanted) {
        this.path = path;
        this.mapped = MappedFile.open(path);
        try {
            MemorySegment all = mapped.bytes();
            String name = path.toString();
            if (all.byteSize() < PREAMBLE + MARK.length
                    || MemorySegment.mismatch(all, PREAMBLE, PREAMBLE + MARK.length, MemorySegment.ofArray(MARK), 0,
                            MARK.length) >= 0) {
                throw new BadFileException(name + ": isn't a DICOM file: there is no DICM at byte 128");
            }
            DataSet meta = new DataSet(name);
            DicomParser.Coding coding = new DicomParser.Coding(true, ByteOrder.LITTLE_ENDIAN);
            long at = new DicomParser(name, all, t -> t == Tag.TRANSFER_SYNTAX.number()).read(meta, PREAMBLE + MARK.length,
                    all.byteSize(), coding, LAST_OF_META);
            this.syntax = TransferSyntax.of(name, meta.text(Tag.TRANSFER_SYNTAX));
            long start = at;
            if (syntax == TransferSyntax.DEFLATED) {
                all = MemorySegment.ofArray(inflated(name, all.asSlice(at).toArray(ValueLayout.JAVA_BYTE)));
                start = 0;
            }
            this.bytes = all;
            this.elements = new DataSet(name);
            new DicomParser(name, bytes, wanted).read(elements, start, bytes.byteSize(),
                    new DicomParser.Coding(syntax.explicit(), syntax.order()), 0xFFFFFFFFL);
        } catch (KerfException e) {
            mapped.close();
            throw e;
        }
    }

    /**
     * Opens a file and reads what is wanted of its elements.
     *
     * @throws BadFileException if there is none, it is no DICOM file, or damaged
     */
    static DicomFile open(Path file, IntPredicate wanted) {
        if (Files.isDirectory(file)) {
            throw new BadFileException(file + ": is a directory");
        }
        return new DicomFile(file, wanted);
    }

    /** Opens a file for its pixels. */
    static DicomFile open(Path file) {
        return open(file, tag -> Tag.of(tag) != null);
    }

    /** Whether a file begins as DICOM files do. */
    static boolean looksLike(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            byte[] head = in.readNBytes(PREAMBLE + MARK.length);
            return head.length == PREAMBLE + MARK.length
                    && Arrays.equals(head, PREAMBLE, head.length, MARK, 0, MARK.length);
        } catch (IOException e) {
            // Whoever reads it is told why it can't be read.
            return false;
        }
    }

    /** What a bomb would unpack to is refused when it no longer fits. */
    private static byte[] inflated(String name, byte[] packed) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Inflater raw = new Inflater(true);
        try (InflaterInputStream in = new InflaterInputStream(new ByteArrayInputStream(packed), raw)) {
            byte[] chunk = new byte[1 << 16];
            for (int n = in.read(chunk); n > 0; n = in.read(chunk)) {
                if (out.size() > MOST_UNPACKED - n) {
                    throw new BadFileException(name + ": its elements unpack to more than " + (MOST_UNPACKED >> 20)
                            + " MiB: convert it to explicit little endian, if it is genuine");
                }
                if (Integer.bitCount(out.size()) == 1) {
                    ImageInfo.checkMemory(name + ": unpacking it", 3L * out.size());
                }
                out.write(chunk, 0, n);
            }
            return out.toByteArray();
        } catch (EOFException e) {
            throw new BadFileException(name + ": truncated: the packed elements end too early", e);
        } catch (IOException e) {
            throw new BadFileException(name + ": damaged: it can't be unpacked (" + e.getMessage() + ")", e);
        } finally {
            raw.end();
        }
    }

    Path path() {
        return path;
    }

    TransferSyntax syntax() {
        return syntax;
    }

    DataSet elements() {
        return elements;
    }

    /** All bytes, those of packed elements unpacked. */
    MemorySegment bytes() {
        mapped.bytes();
        return bytes;
    }

    @Override
    public void close() {
        mapped.close();
    }
}

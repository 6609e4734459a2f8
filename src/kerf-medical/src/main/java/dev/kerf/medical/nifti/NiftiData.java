package dev.kerf.medical.nifti;

import dev.kerf.error.BadFileException;
import dev.kerf.file.MappedFile;
import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.GZIPInputStream;
import java.util.zip.ZipException;

/**
 * A file's bytes, packed by gzip or not. Packed ones are unpacked on the way as long as they are asked for from the front to the back;
 * whoever goes back has them unpacked, once, into a temporary file that is gone with this object or the process. Never more is unpacked
 * than the header says that there is.
 */
final class NiftiData implements AutoCloseable {
    /** A byte of deflate stands for 1032 at most. */
    private static final long MOST_PACKED = 1032;

    private static final int CHUNK = 1 << 16;

    private final Path file;
    private final boolean packed;
    private final long size;
    /** Where the next byte of the stream lies. */
    private long position;
    /** Where it was read from first: who begins again there goes through all of it once more. */
    private long first;
    private InputStream stream;
    private MappedFile mapped;
    private Arena arena;
    private MemorySegment unpacked;

    /**
     * Opens a file.
     *
     * @throws BadFileException if there is none or it can't be read
     */
    NiftiData(Path file) {
        this.file = file;
        try (InputStream in = Files.newInputStream(file)) {
            byte[] start = in.readNBytes(2);
            packed = start.length == 2 && (start[0] & 0xFF) == 0x1F && (start[1] & 0xFF) == 0x8B;
            size = Files.size(file);
        } catch (NoSuchFileException e) {
            throw new BadFileException(file + ": no such file", e);
        } catch (IOException e) {
            throw new BadFileException(file + (Files.isDirectory(file) ? ": is a directory" : ": can't be read (" + e + ")"),
                    e);
        }
    }

    /** The first bytes, as many as there are. */
    byte[] head(int most) {
        try (InputStream in = open()) {
            return in.readNBytes(most);
        } catch (EOFException e) {
            throw new BadFileException(file + ": truncated in the header", e);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /**
     * Refuses a file that can't have so many bytes.
     *
     * @param needed bytes, after unpacking
     */
    void check(long needed) {
        if (!packed && size < needed) {
            throw new BadFileException(file + ": truncated: the header says " + needed + " bytes, the file has " + size);
        } else if (packed && needed / MOST_PACKED > size) {
            throw new BadFileException(file + ": the header says " + needed + " bytes, which " + size
                    + " packed ones can't hold: it is truncated or not genuine");
        }
    }

    private InputStream open() throws IOException {
        InputStream in = new BufferedInputStream(Files.newInputStream(file), CHUNK);
        return packed ? new GZIPInputStream(in, CHUNK) : in;
    }

    private BadFileException unreadable(IOException e) {
        return e instanceof ZipException
                ? new BadFileException(file + ": damaged: it can't be unpacked (" + e.getMessage() + ")", e)
                : new BadFileException(file + ": can't be read (" + e + ")", e);
    }

    /** Bytes from a place on; what is packed is best asked for in order. */
    MemorySegment read(long at, int count) {
        if (!packed || unpacked != null) {
            return all(at + count).asSlice(at, count);
        }
        if (stream != null && at < position && at != first) {
            return all(at + count).asSlice(at, count);
        }
        try {
            if (stream == null || at < position) {
                close();
                stream = open();
                position = 0;
                first = at;
            }
            stream.skipNBytes(at - position);
            byte[] out = stream.readNBytes(count);
            position = at + out.length;
            if (out.length < count) {
                throw truncated(at + count, position);
            }
            if (position == wanted) {
                verify(stream);
            }
            return MemorySegment.ofArray(out);
        } catch (EOFException e) {
            throw new BadFileException(
                    file + ": truncated: it ends before or right after byte " + (at + count) + " of the volume", e);
        } catch (IOException e) {
            throw unreadable(e);
        }
    }

    /** At the packing's end its check sum is compared; where much follows, it is no part of the volume, and is left. */
    private static void verify(InputStream in) throws IOException {
        in.readNBytes(CHUNK);
    }

    private BadFileException truncated(long wanted, long found) {
        return new BadFileException(
                file + ": truncated: it ends at byte " + found + ", before byte " + wanted + " of the volume");
    }

    /** All bytes up to a place, unpacked. */
    MemorySegment all(long end) {
        if (!packed) {
            if (mapped == null) {
                mapped = MappedFile.open(file);
            }
            return mapped.bytes();
        }
        if (unpacked == null) {
            unpack(end);
        }
        return unpacked;
    }

    /** How many bytes {@link #unpack} is to make. */
    private long wanted;

    /** Says how many bytes there are to be, after unpacking. */
    void expect(long bytes) {
        wanted = bytes;
    }

    private void unpack(long least) {
        long bytes = Math.max(wanted, least);
        try (InputStream in = open()) {
            Path temporary = Files.createTempFile("kerf-", ".nii");
            try (FileChannel channel = FileChannel.open(temporary, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE)) {
                long at = 0;
                while (at < bytes) {
                    byte[] chunk = in.readNBytes((int) Math.min(CHUNK, bytes - at));
                    if (chunk.length == 0) {
                        throw truncated(bytes, at);
                    }
                    ByteBuffer rest = ByteBuffer.wrap(chunk);
                    while (rest.hasRemaining()) {
                        at += channel.write(rest, at);
                    }
                }
                verify(in);
                arena = Arena.ofShared();
                unpacked = channel.map(MapMode.READ_ONLY, 0, bytes, arena);
            }
        } catch (EOFException e) {
            throw new BadFileException(file + ": truncated: it ends before or right after byte " + bytes + " of the volume", e);
        } catch (ZipException e) {
            throw unreadable(e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be unpacked into a temporary file (" + e.getMessage()
                    + "); choose another place by -Djava.io.tmpdir", e);
        }
    }

    @Override
    public void close() {
        try {
            if (stream != null) {
                stream.close();
            }
        } catch (IOException e) {
            // Only read from: nothing is lost.
            stream = null;
        }
        if (mapped != null) {
            mapped.close();
        }
        if (arena != null) {
            arena.close();
            arena = null;
        }
    }
}

package dev.kerf.spark;

import dev.kerf.error.BadFileException;
import dev.kerf.error.KerfException;
import dev.kerf.geo.Raster;
import dev.kerf.image.Image;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.tensor.DType;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;

/**
 * Reads and decodes images on an executor: from a row's content, a local file, or any file system of Hadoop's. What fails is said in the
 * {@link Sight}.
 *
 * @param hadoop      the driver's settings of file systems
 * @param streamAbove decoded bytes above which a TIFF file isn't decoded
 */
record ImageReader(Configuration hadoop, long streamAbove) {
    /** A TIFF file that is smaller is decoded without a look at its header: what it unpacks to is checked against the heap. */
    private static final long LOOKED_AT = 1 << 20;

    /**
     * Reads one image.
     *
     * @param path    its name; where it lies unless there is content
     * @param content null to read the path
     */
    Sight read(String path, byte[] content, List<Prompt> prompts) {
        long start = System.nanoTime();
        try {
            if (content != null) {
                return decoded(path, content, prompts, start);
            } else if (path == null || path.isBlank()) {
                throw new BadFileException("the row has neither a path nor content");
            }
            return located(path, prompts, start);
        } catch (KerfException | OutOfMemoryError e) {
            return failed(path, prompts, start, e instanceof OutOfMemoryError
                    ? path + ": not enough memory: " + e.getMessage()
                    : e.getMessage());
        } catch (FileNotFoundException | NoSuchFileException e) {
            return failed(path, prompts, start, path + ": there is no such file");
        } catch (IOException | IllegalArgumentException e) {
            return failed(path, prompts, start, path + ": can't be read: " + e.getMessage());
        }
    }

    static Sight failed(String path, List<Prompt> prompts, long start, String why) {
        return new Sight(path, 0, null, null, false, prompts, System.nanoTime() - start, why);
    }

    private Sight decoded(String path, byte[] content, List<Prompt> prompts, long start) throws IOException {
        String name = path == null ? "content" : path;
        if (content.length > LOOKED_AT && isTiff(content)) {
            Path copy = temporary();
            Files.write(copy, content);
            return tiff(name, content.length, copy, true, prompts, start);
        }
        Image image = Image.read(content, name);
        return new Sight(path, content.length, image, null, false, prompts, System.nanoTime() - start, null);
    }

    private Sight located(String path, List<Prompt> prompts, long start) throws IOException {
        org.apache.hadoop.fs.Path at = new org.apache.hadoop.fs.Path(path);
        FileSystem files = at.getFileSystem(hadoop);
        boolean local = "file".equals(files.getUri().getScheme());
        Path own = local ? Path.of(at.toUri().getPath()) : null;
        long bytes;
        if (local) {
            bytes = Files.size(own);
        } else {
            FileStatus status = files.getFileStatus(at);
            bytes = status.getLen();
        }
        String ending = at.getName().toLowerCase(Locale.ROOT);
        if (bytes > LOOKED_AT && (ending.endsWith(".tif") || ending.endsWith(".tiff") || bytes > streamAbove)) {
            if (!local) {
                own = temporary();
                files.copyToLocalFile(at, new org.apache.hadoop.fs.Path(own.toUri()));
            }
            return tiff(path, bytes, own, !local, prompts, start);
        }
        byte[] content;
        if (local) {
            content = Files.readAllBytes(own);
        } else {
            try (InputStream in = files.open(at)) {
                content = in.readAllBytes();
            }
        }
        return new Sight(path, content.length, Image.read(content, path), null, false, prompts, System.nanoTime() - start,
                null);
    }

    /** Decodes it, or leaves it in its file. */
    private Sight tiff(String path, long bytes, Path file, boolean owned, List<Prompt> prompts, long start) {
        boolean kept = false;
        try {
            if (decodedBytes(file) > streamAbove) {
                kept = true;
                return new Sight(path, bytes, null, file, owned, prompts, System.nanoTime() - start, null);
            }
            return new Sight(path, bytes, Image.read(file), null, false, prompts, System.nanoTime() - start, null);
        } finally {
            if (owned && !kept) {
                delete(file);
            }
        }
    }

    /** 0 of what is no raster. */
    private static long decodedBytes(Path file) {
        try (Raster raster = Raster.open(file)) {
            Raster.Level full = raster.levels().getFirst();
            DType type = full.page().type();
            return (long) full.width() * full.height() * full.page().bands() * type.bytes();
        } catch (KerfException e) {
            return 0;
        }
    }

    private static boolean isTiff(byte[] b) {
        return b.length > 4 && (b[0] == 'I' && b[1] == 'I' && (b[2] == 42 || b[2] == 43) && b[3] == 0
                || b[0] == 'M' && b[1] == 'M' && b[2] == 0 && (b[3] == 42 || b[3] == 43));
    }

    private static Path temporary() throws IOException {
        Path file = Files.createTempFile("kerf-", ".tif");
        return file;
    }

    /** Deletes a copy. */
    static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            System.getLogger(ImageReader.class.getName()).log(System.Logger.Level.WARNING, "{0} stays: {1}", file,
                    e.getMessage());
        }
    }
}

package dev.kerf.spark;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.UUID;
import java.util.zip.CRC32;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Where PNGs of labels go. A file is written under another name and renamed, so that it is whole or not there, and written twice by a task
 * that is tried twice it is the same file.
 *
 * @param folder its URI
 * @param hadoop settings of file systems
 */
record PngFolder(String folder, Configuration hadoop) {
    /** The file of an image: its name and, since images of several folders may share one, a checksum of its path. */
    static String name(String path) {
        CRC32 sum = new CRC32();
        sum.update(path.getBytes(StandardCharsets.UTF_8));
        String own = new Path(path).getName();
        int dot = own.lastIndexOf('.');
        return String.format("%s-%08x-labels.png", dot > 0 ? own.substring(0, dot) : own, sum.getValue());
    }

    /** Writes it; returns where. */
    String write(String path, byte[] png) {
        Path file = new Path(folder, name(path));
        Path part = new Path(folder, "." + file.getName() + "." + UUID.randomUUID());
        try {
            FileSystem files = file.getFileSystem(hadoop);
            try (OutputStream out = files.create(part, true)) {
                out.write(png);
            }
            if (!files.rename(part, file)) {
                files.delete(file, false);
                if (!files.rename(part, file)) {
                    throw new IOException("can't be renamed from " + part);
                }
            }
            return file.toString();
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be written: " + e.getMessage(), e);
        }
    }
}

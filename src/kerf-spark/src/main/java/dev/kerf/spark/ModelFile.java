package dev.kerf.spark;

import dev.kerf.Kerf;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.io.Serializable;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkFiles;
import org.apache.spark.sql.SparkSession;

/**
 * A network's file that every executor has: Spark's file server hands it out once an executor, under its hash, so that two networks of one
 * file name don't meet.
 *
 * @param name   as users know it
 * @param file   as {@link SparkFiles} has it; empty for the network in Kerf's jar
 * @param sha256 of the content, in hexadecimal
 * @param bytes  of the content
 */
record ModelFile(String name, String file, String sha256, long bytes) implements Serializable {
    private static final String EMBEDDED = "weights/kerf-membrane.safetensors";
    /** What this driver's applications hand out already. */
    private static final Set<String> SERVED = ConcurrentHashMap.newKeySet();

    /**
     * Gives a file to all executors, those that come later too.
     *
     * @param uri a path of the driver's machine or a URI of a file system; null for the network in Kerf's jar
     * @throws BadFileException if it can't be read
     */
    static ModelFile publish(SparkSession spark, String uri) {
        if (uri == null) {
            try (InputStream in = Kerf.class.getResourceAsStream(EMBEDDED)) {
                if (in == null) {
                    throw new BadFileException("this build carries no network: give --weights");
                }
                return hashed("kerf-membrane", "", in);
            } catch (IOException e) {
                throw new BadFileException("the network in Kerf's jar can't be read: " + e, e);
            }
        }
        org.apache.hadoop.fs.Path path = path(uri);
        try {
            FileSystem files = path.getFileSystem(spark.sparkContext().hadoopConfiguration());
            ModelFile read;
            try (InputStream in = files.open(path)) {
                read = hashed(path.getName(), "", in);
            }
            String served = read.sha256.substring(0, 16) + "-" + path.getName();
            if (!SERVED.add(spark.sparkContext().applicationId() + " " + served)) {
                return new ModelFile(read.name, served, read.sha256, read.bytes);
            }
            Path folder = Files.createTempDirectory("kerf-model");
            folder.toFile().deleteOnExit();
            Path copy = folder.resolve(served);
            copy.toFile().deleteOnExit();
            if ("file".equals(files.getUri().getScheme())) {
                linkOrCopy(Path.of(path.toUri().getPath()), copy);
            } else {
                files.copyToLocalFile(path, new org.apache.hadoop.fs.Path(copy.toUri()));
            }
            spark.sparkContext().addFile(copy.toString());
            return new ModelFile(read.name, served, read.sha256, read.bytes);
        } catch (IOException e) {
            throw new BadFileException("--weights " + uri + ": can't be read: " + e.getMessage(), e);
        }
    }

    /** Spark serves a file by its real name, and so takes no symbolic link. */
    private static void linkOrCopy(Path file, Path as) throws IOException {
        try {
            Files.createLink(as, file.toRealPath());
        } catch (IOException | UnsupportedOperationException e) {
            // Another file system, or one without links.
            Files.copy(file, as);
        }
    }

    /** A path without a scheme is one of this machine, as for the command {@code kerf}. */
    static org.apache.hadoop.fs.Path path(String uri) {
        if (uri.isBlank()) {
            throw new BadInputException("a path that is empty");
        }
        org.apache.hadoop.fs.Path path = new org.apache.hadoop.fs.Path(uri);
        return path.toUri().getScheme() != null
                ? path
                : new org.apache.hadoop.fs.Path(Path.of(uri).toAbsolutePath().toUri());
    }

    private static ModelFile hashed(String name, String file, InputStream in) throws IOException {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            long bytes = new DigestInputStream(in, digest).transferTo(java.io.OutputStream.nullOutputStream());
            return new ModelFile(name, file, HexFormat.of().formatHex(digest.digest()), bytes);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Where this executor has it; null for the network in Kerf's jar. */
    Path local() {
        return file.isEmpty() ? null : Path.of(SparkFiles.get(file));
    }

    /** Opens it as weights, to be closed. */
    Weights open() {
        Path local = local();
        return local == null ? Kerf.embeddedWeights() : Weights.open(local);
    }
}

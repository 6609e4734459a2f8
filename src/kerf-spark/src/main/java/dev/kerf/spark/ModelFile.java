package dev.kerf.spark;

import dev.kerf.Kerf;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.weights.Weights;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.DigestInputStream;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.SparkFiles;
import org.apache.spark.sql.SparkSession;

/**
 * A network's file that every executor gets: it fetches it from the driver's file server when it first needs it, and keeps it under its
 * hash, so that two networks of one file name don't meet. {@code SparkContext.addFile} doesn't do: since Spark 4 a session's own jobs carry
 * what was added to that session and nothing else, and its function may run in another.
 *
 * @param name   as users know it
 * @param uri    where the driver serves it; empty for the network in Kerf's jar
 * @param sha256 of the content, in hexadecimal
 * @param bytes  of the content
 */
record ModelFile(String name, String uri, String sha256, long bytes) implements Serializable {
    private static final String EMBEDDED = "weights/kerf-membrane.safetensors";
    /** Where this driver's applications serve what, by application and file. */
    private static final ConcurrentMap<String, String> SERVED = new ConcurrentHashMap<>();

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
            String served = SERVED.computeIfAbsent(spark.sparkContext().applicationId() + " " + read.kept(),
                    _ -> serve(spark.sparkContext(), files, path, read.kept()));
            return new ModelFile(read.name, served, read.sha256, read.bytes);
        } catch (IOException | UncheckedIOException e) {
            throw new BadFileException("--weights " + uri + ": can't be read: " + e.getMessage(), e);
        }
    }

    private static String serve(SparkContext context, FileSystem files, org.apache.hadoop.fs.Path path, String as) {
        try {
            Path folder = Files.createTempDirectory("kerf-model");
            folder.toFile().deleteOnExit();
            Path copy = folder.resolve(as);
            copy.toFile().deleteOnExit();
            if ("file".equals(files.getUri().getScheme())) {
                linkOrCopy(Path.of(path.toUri().getPath()), copy);
            } else {
                files.copyToLocalFile(path, new org.apache.hadoop.fs.Path(copy.toUri()));
            }
            return context.env().rpcEnv().fileServer().addFile(copy.toFile());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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

    private static ModelFile hashed(String name, String uri, InputStream in) throws IOException {
        MessageDigest digest = sha256Digest();
        long bytes = new DigestInputStream(in, digest).transferTo(OutputStream.nullOutputStream());
        return new ModelFile(name, uri, HexFormat.of().formatHex(digest.digest()), bytes);
    }

    private static MessageDigest sha256Digest() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The file's name on the driver and on executors. */
    String kept() {
        return sha256.substring(0, 16) + "-" + name;
    }

    /**
     * Where this executor has it, fetched if it isn't there; null for the network in Kerf's jar.
     *
     * @throws BadFileException if the driver doesn't give it
     */
    Path local() {
        if (uri.isEmpty()) {
            return null;
        }
        Path local = Path.of(SparkFiles.getRootDirectory()).toAbsolutePath().resolve(kept());
        // Tasks of one executor wait for the first.
        synchronized (ModelFile.class) {
            if (!Files.exists(local)) {
                fetch(local);
            }
        }
        return local;
    }

    private void fetch(Path local) {
        Path part = local.resolveSibling(kept() + ".part");
        MessageDigest digest = sha256Digest();
        try {
            try (InputStream in = Channels.newInputStream(SparkEnv.get().rpcEnv().openChannel(uri));
                    OutputStream out = new DigestOutputStream(Files.newOutputStream(part), digest)) {
                in.transferTo(out);
            }
            if (!sha256.equals(HexFormat.of().formatHex(digest.digest()))) {
                throw new IOException("other bytes came than were served");
            }
            Files.move(part, local, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | RuntimeException e) {
            throw new BadFileException(name + ": can't be fetched from the driver, " + uri + ": " + e.getMessage(), e);
        }
    }

    /** Opens it as weights, to be closed. */
    Weights open() {
        Path local = local();
        return local == null ? Kerf.embeddedWeights() : Weights.open(local);
    }
}

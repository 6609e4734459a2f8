package dev.kerf.serve;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import dev.kerf.image.ImageInfo.FileType;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

/**
 * The file of a picture.
 *
 * @param id     of its content: the first 128 bits of its SHA-256, in hexadecimal
 * @param file   where it lies, its real path
 * @param name   what clients know it by: its path in the folder, or the name that it was sent with
 * @param type   its format
 * @param width  in pixels, upright
 * @param height in pixels, upright
 * @param sent   whether a client sent it
 */
record Original(String id, Path file, String name, FileType type, int width, int height, boolean sent) {
    private static final int ID_BYTES = 16;

    /**
     * What a file's header says.
     *
     * @throws Refusal 413 of too many pixels, 422 if it isn't a picture that can be read
     */
    static Original of(String id, Path file, String name, boolean sent, long mostPixels) {
        ImageInfo info;
        try {
            info = Image.info(file);
        } catch (BadFileException e) {
            throw unreadable(e, file, name);
        }
        if ((long) info.width() * info.height() > mostPixels) {
            throw new Refusal(413, name + ": " + info.width() + "x" + info.height() + " pixels; at most " + mostPixels
                    + " are taken");
        }
        return new Original(id, file, name, info.type(), info.width(), info.height(), sent);
    }

    /** Reads the pixels. Throws {@link Refusal} 422 if the file is damaged, or gone. */
    Image read() {
        try {
            return Image.read(file);
        } catch (BadFileException e) {
            throw unreadable(e, file, name);
        }
    }

    /** With the name that the client knows, and without where the file lies. */
    private static Refusal unreadable(BadFileException e, Path file, String name) {
        return new Refusal(422, e.getMessage().replace(file.toString(), name));
    }

    /** The id of a file's content. */
    static String id(Path file) throws IOException {
        try (InputStream in = Files.newInputStream(file)) {
            return id(in, OutputStream.nullOutputStream(), Long.MAX_VALUE);
        }
    }

    /**
     * The id of a stream's content, which is copied on the way.
     *
     * @throws Refusal 413 past the most bytes
     */
    static String id(InputStream in, OutputStream copy, long most) throws IOException {
        try {
            MessageDigest sha = MessageDigest.getInstance("SHA-256");
            DigestInputStream digested = new DigestInputStream(in, sha);
            byte[] chunk = new byte[1 << 16];
            long sum = 0;
            for (int n = digested.read(chunk); n >= 0; n = digested.read(chunk)) {
                sum += n;
                if (sum > most) {
                    throw new Refusal(413, "more than " + most + " bytes");
                }
                copy.write(chunk, 0, n);
            }
            return HexFormat.of().formatHex(sha.digest(), 0, ID_BYTES);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }
}

package dev.kerf.weights;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Tells the formats of weight files apart by their first bytes. */
enum WeightsFormat {
    SAFETENSORS,
    SAFETENSORS_INDEX,
    TORCH;

    private static final int HEAD = 512;

    static TensorSource open(Path path) {
        return switch (of(path)) {
            case SAFETENSORS -> Renamed.byModel(Safetensors.open(path));
            case SAFETENSORS_INDEX -> Renamed.byModel(ShardedSafetensors.open(path));
            case TORCH -> TorchCheckpoint.open(path);
        };
    }

    static WeightsFormat of(Path path) {
        if (Files.isDirectory(path)) {
            throw new BadFileException(path + ": is a directory, expected a file of weights");
        }
        byte[] head;
        try (InputStream in = Files.newInputStream(path)) {
            head = in.readNBytes(HEAD);
        } catch (NoSuchFileException e) {
            throw new BadFileException(path + ": no such file", e);
        } catch (IOException e) {
            throw new BadFileException(path + ": can't be read (" + e + ")", e);
        }
        if (head.length == 0) {
            throw new BadFileException(path + ": is empty");
        }
        // Safetensors first: a header length of 640 has the same first bytes as a pickle.
        if (head.length > 8 && head[8] == '{'
                && Long.compareUnsigned(ByteBuffer.wrap(head).order(ByteOrder.LITTLE_ENDIAN).getLong(),
                        Safetensors.MAX_HEADER) <= 0) {
            return SAFETENSORS;
        }
        String text = new String(head, StandardCharsets.ISO_8859_1);
        boolean zip = text.startsWith("PK\3\4") || text.startsWith("PK\5\6");
        boolean pickle = head[0] == (byte) 0x80 && head.length > 1 && head[1] <= 5 && head[1] >= 2;
        boolean tar = text.startsWith("ustar", 257);
        if (zip || pickle || tar) {
            return TORCH;
        }
        if (text.stripLeading().startsWith("{")) {
            return SAFETENSORS_INDEX;
        }
        if (text.startsWith("version https://git-lfs")) {
            throw new BadFileException(path
                    + ": is a Git LFS pointer, not the file itself; fetch it with git lfs pull");
        }
        if (text.stripLeading().startsWith("<")) {
            throw new BadFileException(path + ": is a web page, not weights; the download went wrong");
        }
        throw new BadFileException(path + ": is neither a safetensors file nor a PyTorch checkpoint");
    }
}

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
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Tells the formats of weight files apart by their first bytes. */
enum WeightsFormat {
    SAFETENSORS, SAFETENSORS_INDEX, TORCH, ONNX;

    private static final int HEAD = 512;
    /** In Latin-1, as the first bytes are read. */
    private static final String BYTE_ORDER_MARK = "\u00EF\u00BB\u00BF";

    private static final Pattern COMMENT = Pattern.compile("<!--.*?-->", Pattern.DOTALL);
    private static final Pattern ELEMENT = Pattern.compile("<(?:!DOCTYPE\\s+)?([a-z_][\\w.:-]{0,60})",
            Pattern.CASE_INSENSITIVE);
    /** What a web page may begin with. */
    private static final Set<String> HTML = Set.of("html", "head", "body", "title", "meta", "script", "div", "center", "h1",
            "p");

    static TensorSource open(Path path) {
        return switch (of(path)) {
            case SAFETENSORS -> Renamed.byModel(Safetensors.open(path));
            case SAFETENSORS_INDEX -> Renamed.byModel(ShardedSafetensors.open(path));
            case TORCH -> TorchCheckpoint.open(path);
            case ONNX -> OnnxInitializers.open(path);
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
        if (isOnnx(path, head)) {
            return ONNX;
        }
        if (text.stripLeading().startsWith("{")) {
            return SAFETENSORS_INDEX;
        }
        if (text.startsWith("version https://git-lfs")) {
            throw new BadFileException(path
                    + ": is a Git LFS pointer, not the file itself; fetch it with git lfs pull");
        }
        throw new BadFileException(
                path + ": " + markup(text).orElse("is neither a safetensors file nor a PyTorch checkpoint nor an ONNX model"));
    }

    /** A model begins with its format's version as field 1; others in its place are told by the file's name. */
    private static boolean isOnnx(Path path, byte[] head) {
        boolean version = head.length > 2 && head[0] == 8 && head[1] > 0 && head[1] < 64;
        boolean named = path.toString().toLowerCase(Locale.ROOT).endsWith(".onnx");
        return version || named && head[0] != '<' && head[0] != 'v';
    }

    /** What a text in angle brackets is, by its first element; nothing for what isn't such a text. */
    private static Optional<String> markup(String text) {
        String start = COMMENT.matcher(text.startsWith(BYTE_ORDER_MARK) ? text.substring(BYTE_ORDER_MARK.length()) : text)
                .replaceAll("").stripLeading();
        Matcher element = ELEMENT.matcher(start);
        if (!start.startsWith("<") || !element.find()) {
            return Optional.empty();
        }
        return Optional.of(HTML.contains(element.group(1).toLowerCase(Locale.ROOT))
                ? "is a web page, not weights; the download went wrong"
                : "is XML with the first element <" + element.group(1) + ">, not weights");
    }
}

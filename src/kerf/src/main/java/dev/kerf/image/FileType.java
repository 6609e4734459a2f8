package dev.kerf.image;

import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/** The image file formats that can be read, told apart by their first bytes and never by a file's name. */
public enum FileType {
    /** Portable Network Graphics. */
    PNG(PngDecoder::new, false, List.of("89504E470D0A1A0A"), "png"),
    /** JPEG, baseline or progressive, 8 bit. */
    JPEG(JpegDecoder::new, true, List.of("FFD8FF"), "jpg", "jpeg"),
    /** Windows bitmap. */
    BMP(BmpDecoder::new, false, List.of("424D"), "bmp"),
    /** Tagged Image File Format, BigTIFF too. */
    TIFF(TiffDecoder::new, false, List.of("49492A00", "4D4D002A", "49492B000800", "4D4D002B0008"), "tif", "tiff"),
    /** Graphics Interchange Format; of several frames the first, on the whole screen. */
    GIF(GifDecoder::new, false, List.of("47494638"), "gif");

    private final BiFunction<String, byte[], ImageDecoder> decoder;
    private final boolean lossy;
    private final List<byte[]> starts;
    private final List<String> endings;

    /** With what files begin with, in hexadecimal, any of it. */
    FileType(BiFunction<String, byte[], ImageDecoder> decoder, boolean lossy, List<String> starts, String... endings) {
        this.decoder = decoder;
        this.lossy = lossy;
        this.starts = starts.stream().map(HexFormat.of()::parseHex).toList();
        this.endings = List.of(endings);
    }

    /** What names of such files end with, in small letters without the dot; to look for them in folders. */
    public List<String> endings() {
        return endings;
    }

    /** Whether storing changes numbers, so that such a file can't hold labels. */
    public boolean lossy() {
        return lossy;
    }

    /** The format that a file of these first bytes has, if it is one of them. */
    static @Nullable FileType sniff(byte[] b) {
        for (FileType type : values()) {
            for (byte[] start : type.starts) {
                if (b.length >= start.length && Arrays.equals(b, 0, start.length, start, 0, start.length)) {
                    return type;
                }
            }
        }
        return null;
    }

    /** A decoder of such a file's bytes; the name is for messages. */
    ImageDecoder decoder(String name, byte[] bytes) {
        return decoder.apply(name, bytes);
    }
}

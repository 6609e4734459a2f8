package dev.kerf.image;

import dev.kerf.error.BadFileException;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * What an image file's header says; the pixels have not been looked at.
 *
 * @param type        the file's format
 * @param width       pixels in a row, after orientation
 * @param height      rows, after orientation
 * @param format      the pixels that {@link Image#read} will give
 * @param orientation the EXIF orientation, 1 to 8; 1 where there is none. {@link Image#read} applies it
 */
public record ImageInfo(FileType type, int width, int height, PixelFormat format, int orientation) {
    /** Bytes of the decoded pixels, rows tightly packed. */
    public long decodedBytes() {
        return (long) width * height * format.pixelBytes();
    }

    /** With the orientation in the file's metadata, which may swap width and height. */
    ImageInfo oriented(int exif) {
        return exif >= 5
                ? new ImageInfo(type, height, width, format, exif)
                : new ImageInfo(type, width, height, format, exif);
    }

    /**
     * Refuses, before anything is allocated, a picture that the file can't hold, that no array can or that memory
     * can't.
     *
     * @param name      the file, for messages
     * @param fileBytes size of the file
     * @param best      the most pixels that one byte of this format can stand for
     * @param copies    how many times the decoder holds the picture
     */
    void check(String name, long fileBytes, double best, int copies) {
        checkSize(name);
        String size = width + "x" + height;
        double pixels = (double) width * height;
        if (decodedBytes() > Image.MAX_BYTES || pixels > Integer.MAX_VALUE) {
            throw new BadFileException(name + ": the " + type + " header says " + size
                    + " pixels; an image may take at most "
                    + Image.MAX_BYTES + " bytes when decoded, this one would take " + decodedBytes()
                    + ". Cut it into smaller files");
        }
        if (pixels > best * fileBytes) {
            throw new BadFileException(name + ": the " + type + " header says " + size
                    + " pixels, but the file is only "
                    + fileBytes + " bytes long: it is truncated or not genuine");
        }
        checkMemory(name + ": decoding " + size + " pixels", copies * decodedBytes());
    }

    /** Refuses a picture without pixels. */
    void checkSize(String name) {
        if (width <= 0 || height <= 0) {
            throw new BadFileException(name + ": the " + type + " header says " + width + "x" + height + " pixels");
        }
    }

    /**
     * Refuses what would end in an OutOfMemoryError, which may hit any other thread as well.
     *
     * @param what  begins the message: the file and what is to be done
     * @param bytes that it takes on the Java heap
     * @throws BadFileException if more bytes than that aren't free
     */
    public static void checkMemory(String what, long bytes) {
        Runtime jvm = Runtime.getRuntime();
        long free = jvm.maxMemory() - (jvm.totalMemory() - jvm.freeMemory());
        if (bytes > free) {
            throw new BadFileException(what + " takes " + (bytes >> 20) + " MiB of memory, " + (free >> 20)
                    + " MiB are free; give the JVM a larger heap (-Xmx)");
        }
    }

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
        GIF(GifDecoder::new, false, List.of("47494638"), "gif"),
        /**
         * Whatever a plug-in of {@code javax.imageio} reads that is on the class or module path, such as WebP, JPEG 2000 or AVIF: 8 or
         * 16 bits a channel, turned as the plug-in turns it.
         */
        PLUGIN(PluginDecoder::new, true, List.of());

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

        /**
         * Whether names of images that can be read end so, by Kerf itself or by a plug-in.
         *
         * @param ending in small letters without the dot
         */
        public static boolean knows(String ending) {
            return Arrays.stream(values()).anyMatch(t -> t.endings.contains(ending)) || PluginDecoder.knows(ending);
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
            return b.length > 0 && PluginDecoder.reads(b) ? PLUGIN : null;
        }

        /** A decoder of such a file's bytes; the name is for messages. */
        ImageDecoder decoder(String name, byte[] bytes) {
            return decoder.apply(name, bytes);
        }
    }
}

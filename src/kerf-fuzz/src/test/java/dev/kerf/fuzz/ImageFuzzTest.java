package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.image.Image;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Image files. */
class ImageFuzzTest {
    /** A byte of deflate stands for 1032, a pixel of them may be a bit and takes 8 bytes, three times while it is turned. */
    private static final Held HELD = new Held(1032 * 8 * 8 * 3);

    /** Of a GIF's screen little may be covered: the reader counts 4096 bytes at least. */
    private static final Held GIF = new Held(4096 * 9 * 3, 4096);

    private static void read(byte[] input, String ending) {
        read(input, ending, HELD);
    }

    private static void read(byte[] input, String ending, Held held) {
        held.reading(input, () -> Image.read(input, "fuzz." + ending));
        held.readingFile(input, "fuzz." + ending, file -> {
            Image.info(file);
            int pages = Math.min(2, Image.pages(file));
            for (int i = 0; i < pages; i++) {
                Image.read(file, i);
            }
        });
        held.readingFile(input, "fuzz." + ending, Image::readLabels);
    }

    static Stream<byte[]> pngs() {
        return Seeds.files("dev/kerf/image", ".png");
    }

    @MethodSource("pngs")
    @FuzzTest
    void png(byte[] input) {
        read(input, "png");
    }

    static Stream<byte[]> jpegs() {
        return Seeds.files("dev/kerf/image", ".jpg");
    }

    @MethodSource("jpegs")
    @FuzzTest
    void jpeg(byte[] input) {
        read(input, "jpg");
    }

    static Stream<byte[]> bmps() {
        return Seeds.files("dev/kerf/image", ".bmp");
    }

    @MethodSource("bmps")
    @FuzzTest
    void bmp(byte[] input) {
        read(input, "bmp");
    }

    static Stream<byte[]> tiffs() {
        return Seeds.files("dev/kerf/image", ".tif");
    }

    @MethodSource("tiffs")
    @FuzzTest
    void tiff(byte[] input) {
        read(input, "tif");
    }

    static Stream<byte[]> gifs() {
        return Seeds.files("dev/kerf/image", ".gif");
    }

    @MethodSource("gifs")
    @FuzzTest
    void gif(byte[] input) {
        read(input, "gif", GIF);
    }
}

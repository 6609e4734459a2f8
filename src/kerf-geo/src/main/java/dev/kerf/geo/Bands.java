package dev.kerf.geo;

import dev.kerf.error.BadInputException;
import dev.kerf.image.TiffPage;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * Which bands of a raster a network takes.
 *
 * @param chosen from 0, in the network's order
 * @param luma   whether these are red, green and blue, to be mixed to the one plane that the network takes
 * @param alpha  the band that says which pixels have data, by a number other than 0; -1 for none
 */
record Bands(int[] chosen, boolean luma, int alpha) {
    private static final int PHOTOMETRIC = 262;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int YCC = 6;
    private static final int JPEG = 7;
    private static final int EXTRA_SAMPLES = 338;

    /**
     * Of a page for a network: those that were asked for; otherwise all but alpha, a single one for each plane, or colours as luma.
     *
     * @param asked   from 0; none if nothing was asked for
     * @param planes  that the network takes
     * @throws BadInputException if they don't fit
     */
    static Bands of(TiffPage page, int[] asked, int planes, String name) {
        double[] extra = page.numbers(EXTRA_SAMPLES);
        int alpha = extra.length > 0 && (extra[extra.length - 1] == 1 || extra[extra.length - 1] == 2) ? page.bands() - 1 : -1;
        long kind = page.number(PHOTOMETRIC, 1);
        int last = alpha;
        int[] own = IntStream.range(0, page.bands()).filter(b -> b != last).toArray();
        if (asked.length > 0) {
            for (int b : asked) {
                if (b < 0 || b >= page.bands()) {
                    throw new BadInputException(name + ": there is no band " + (b + 1) + "; it has " + page.bands());
                }
            }
            own = asked;
            // Who asks for it wants its numbers.
            alpha = Arrays.stream(asked).anyMatch(b -> b == last) ? -1 : alpha;
        } else if (kind == PALETTE) {
            throw new BadInputException(
                    name + ": its pixels are places in a palette; --bands 1 takes these numbers as they are");
        }
        if (kind == YCC && page.number(259, 1) != JPEG) {
            throw new BadInputException(
                    name + ": its pixels are luma and chroma that aren't packed as JPEG, which can't be read");
        }
        if (own.length == planes) {
            return new Bands(own, false, alpha);
        } else if (own.length == 1) {
            int[] each = new int[planes];
            Arrays.fill(each, own[0]);
            return new Bands(each, false, alpha);
        } else if (planes == 1 && own.length == 3 && (asked.length > 0 || kind == RGB || kind == YCC)) {
            return new Bands(own, true, alpha);
        }
        throw new BadInputException(name + ": " + (asked.length > 0 ? "--bands gives " + asked.length : "it has " + own.length)
                + " bands, the network takes " + planes + ": choose them, such as --bands "
                + String.join(",", IntStream.rangeClosed(1, planes).mapToObj(Integer::toString).toList()));
    }

    /** What is read of the file: the chosen ones and alpha, each once. */
    int[] read() {
        return IntStream.concat(Arrays.stream(chosen), alpha < 0 ? IntStream.empty() : IntStream.of(alpha)).distinct()
                .toArray();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Bands b && luma == b.luma && alpha == b.alpha && Arrays.equals(chosen, b.chosen);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(chosen);
    }

    @Override
    public String toString() {
        return Arrays.toString(chosen);
    }
}

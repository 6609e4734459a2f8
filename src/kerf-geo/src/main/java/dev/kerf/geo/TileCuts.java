package dev.kerf.geo;

import dev.kerf.error.BadInputException;

/**
 * How a raster is cut: into cores beside each other, each seen with a margin around it as far as the raster goes.
 *
 * @param core   side of the pixels that are taken of a tile; the last ones of a row or column may be shorter
 * @param margin around it
 * @param side   of all tiles if they have one size; 0 if they end with the raster
 * @param store  side of the tiles that labels are stored in: a core is so many whole ones
 */
record TileCuts(int core, int margin, int side, int store) {
    /** What labels' tiles are multiples of (TIFF 6.0, section 15). */
    private static final int UNIT = 16;
    private static final int MOST_STORED = 512;

    /**
     * A piece of one axis.
     *
     * @param start first pixel that the network sees
     * @param size  pixels that it sees
     * @param from  first pixel that is taken
     * @param to    end of those pixels, exclusive
     */
    record Span(int start, int size, int from, int to) {}

    /**
     * For a network.
     *
     * @param tile side of a tile that is wanted; what the network says goes before
     */
    static TileCuts of(TileNetwork net, int tile) {
        int margin = net.margin();
        int unit = net.side() > 0 ? UNIT : UNIT / gcd(UNIT, net.multiple()) * net.multiple();
        int free = (net.side() > 0 ? net.side() : tile) - 2 * margin;
        if (net.side() > 0 && free < UNIT) {
            throw new BadInputException(
                    "tiles of " + net.side() + " pixels that overlap by " + margin + " on each side leave none: "
                            + "make the overlap smaller or the tiles larger");
        }
        int core = Math.max(unit, free / unit * unit);
        // Large cores are stored as several tiles of a usual size.
        int large = MOST_STORED / 4;
        if (core > MOST_STORED && large % unit == 0) {
            core = core / large * large;
        }
        int store = core;
        for (int s = UNIT; s <= MOST_STORED; s += UNIT) {
            store = core % s == 0 ? s : store;
        }
        return new TileCuts(core, margin, net.side(), store);
    }

    private static int gcd(int a, int b) {
        return b == 0 ? a : gcd(b, a % b);
    }

    /** How many pieces an axis has. */
    int count(int length) {
        return Math.ceilDiv(length, core);
    }

    /** One of them. */
    Span span(int length, int i) {
        int from = i * core;
        int to = (int) Math.min(length, (long) from + core);
        if (side > 0) {
            return new Span(Math.clamp((long) from - margin, 0, Math.max(0, length - side)), side, from, to);
        }
        int start = Math.max(0, from - margin);
        return new Span(start, (int) Math.min(length, (long) from + core + margin) - start, from, to);
    }
}

package dev.kerf.geo;

import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.file.AtomicFile;
import dev.kerf.image.TiffFile;
import dev.kerf.mask.LabelMap;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.zip.Deflater;

/**
 * A GeoTIFF of labels that is written tile by tile, in any order: tiled, Deflate, in 8 bits, or 16 for more than 256 labels, with a palette
 * where all have colours; where it lies is what another raster says. It is a BigTIFF if it might take more than 4 GiB. Tiles without data
 * aren't stored. Whole or not at all: until {@link #commit} it is a temporary file.
 *
 * <pre>{@code
 * var form = new LabelTiff.Form(width, height, 256, level.reference(), names, Palette.of(names.size(), -1), true);
 * try (LabelTiff out = new LabelTiff(Path.of("labels.tif"), form)) {
 *     run.each(out::write, false);
 *     out.commit();
 * }
 * }</pre>
 */
public final class LabelTiff implements AutoCloseable {
    private static final long MOST_CLASSIC = 0xFFFF_FFFFL;
    /** What Deflate may add to a tile that it can't make smaller, and more. */
    private static final int TILE_OVERHEAD = 1024;
    private static final int PALETTE = 256;
    private static final int DESCRIPTION = 270;
    private static final String DESCRIBED = "labels:";

    private final Form form;
    private final AtomicFile file;
    private final FileChannel channel;
    private final TiffTags tags;
    private final Deflater deflater = new Deflater();
    private final byte[] tile;
    private final byte[] packed;
    private final ByteBuffer number = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    private final long[] counts;
    private long end;

    /**
     * What is to be written.
     *
     * @param width      columns
     * @param height     rows
     * @param tile       side of a tile, a multiple of 16
     * @param reference  where it lies
     * @param classNames names of the labels, from 0, which the description says
     * @param colours    of the labels, 0xRRGGBB; none for no palette
     * @param gaps       whether pixels without data are possible: they get the greatest number that a label has room for
     */
    public record Form(int width, int height, int tile, GeoReference reference, List<String> classNames, int[] colours,
            boolean gaps) {
        /** Checks the sizes. */
        public Form {
            if (width < 1 || height < 1 || tile < 16 || tile % 16 != 0 || tile > 4096) {
                throw new BadInputException(width + "x" + height + " labels in tiles of " + tile);
            } else if (classNames.size() > 65_535) {
                throw new BadInputException(classNames.size() + " classes; 65535 have room");
            }
            classNames = List.copyOf(classNames);
        }

        /** Bytes of a label. */
        public int bytes() {
            return classNames.size() + (gaps ? 1 : 0) <= PALETTE ? 1 : 2;
        }

        /** The number of pixels without data; -1 if there are none. */
        public int noData() {
            return gaps ? bytes() == 1 ? 255 : 65_535 : -1;
        }

        private int across() {
            return Math.ceilDiv(width, tile);
        }

        private int tiles() {
            long all = (long) across() * Math.ceilDiv(height, tile);
            if (all > Integer.MAX_VALUE / 8) {
                throw new BadInputException(width + "x" + height + " labels take " + all + " tiles, too many");
            }
            return (int) all;
        }
    }

    /**
     * Begins a file.
     *
     * @throws dev.kerf.error.BadFileException if none can be written there
     */
    public LabelTiff(Path path, Form form) {
        this.form = form;
        long most = (long) form.tiles() * ((long) form.tile * form.tile * form.bytes() + TILE_OVERHEAD);
        tags = new TiffTags(most > MOST_CLASSIC, form.tiles());
        describe();
        tile = new byte[form.tile * form.tile * form.bytes()];
        packed = new byte[tile.length + TILE_OVERHEAD];
        counts = new long[form.classNames.size() + 1];
        end = tags.data();
        file = new AtomicFile(path);
        try {
            channel = FileChannel.open(file.path(), StandardOpenOption.WRITE);
            channel.write(ByteBuffer.wrap(tags.head()), 0);
            channel.write(ByteBuffer.allocate(1), end - 1);
        } catch (IOException e) {
            file.close();
            throw file.failed(e);
        }
    }

    /** Whether a file is one that was written here: its description says so. */
    public static boolean isOne(Path file) {
        try (TiffFile tiff = TiffFile.open(file, 0)) {
            return tiff.page(0).text(DESCRIPTION).startsWith(DESCRIBED);
        } catch (KerfException e) {
            return false;
        }
    }

    private void describe() {
        tags.number(256, form.width);
        tags.number(257, form.height);
        tags.shorts(258, 8.0 * form.bytes());
        tags.shorts(259, 8);
        boolean coloured = form.bytes() == 1 && form.colours.length > 0;
        tags.shorts(262, coloured ? 3 : 1);
        StringBuilder names = new StringBuilder(DESCRIBED);
        for (int i = 0; i < form.classNames.size(); i++) {
            names.append(i == 0 ? " " : ", ").append(i).append(' ').append(form.classNames.get(i));
        }
        tags.text(DESCRIPTION, names.toString());
        tags.shorts(277, 1);
        tags.shorts(284, 1);
        if (coloured) {
            double[] map = new double[3 * PALETTE];
            for (int i = 0; i < Math.min(PALETTE, form.colours.length); i++) {
                for (int c = 0; c < 3; c++) {
                    map[c * PALETTE + i] = 257 * (form.colours[i] >> 16 - 8 * c & 0xFF);
                }
            }
            tags.shorts(320, map);
        }
        tags.number(322, form.tile);
        tags.number(323, form.tile);
        tags.shorts(339, 1);
        form.reference.tags().forEach((tag, values) -> {
            if (tag == GeoReference.KEYS) {
                tags.shorts(tag, values);
            } else {
                tags.doubles(tag, values);
            }
        });
        if (!form.reference.ascii().isEmpty()) {
            tags.text(GeoReference.ASCII, form.reference.ascii());
        }
        if (form.gaps) {
            tags.text(42113, Integer.toString(form.noData()));
        }
    }

    /**
     * Writes the tiles that a piece of a run is.
     *
     * @throws BadInputException               if it isn't made of whole tiles, or a label has no name
     * @throws dev.kerf.error.BadFileException if they can't be written
     */
    public void write(RasterRun.Tile piece) {
        LabelMap labels = piece.labels();
        boolean right = labels.width() % form.tile == 0 || piece.x() + labels.width() == form.width;
        boolean below = labels.height() % form.tile == 0 || piece.y() + labels.height() == form.height;
        if (piece.x() % form.tile != 0 || piece.y() % form.tile != 0 || !right || !below) {
            throw new BadInputException(
                    labels + " at (" + piece.x() + ", " + piece.y() + ") aren't whole tiles of " + form.tile);
        }
        Samples values = new Samples(labels.tensor());
        for (int y = 0; y < labels.height(); y += form.tile) {
            for (int x = 0; x < labels.width(); x += form.tile) {
                if (fill(piece, values, x, y) || !form.gaps) {
                    store((piece.y() + y) / form.tile * form.across() + (piece.x() + x) / form.tile);
                }
            }
        }
    }

    /** Whether any pixel of the tile has data. Beyond the raster's border there is no data, or 0. */
    private boolean fill(RasterRun.Tile piece, Samples values, int left, int top) {
        int width = piece.labels().width();
        boolean some = false;
        for (int row = 0; row < form.tile; row++) {
            for (int column = 0; column < form.tile; column++) {
                boolean inside = left + column < width && top + row < piece.labels().height();
                int at = inside ? (top + row) * width + left + column : 0;
                int v = Math.max(0, form.noData());
                if (inside && (piece.valid().length == 0 || piece.valid()[at] != 0)) {
                    v = (int) values.get(at);
                    if (v < 0 || v >= form.classNames.size()) {
                        throw new BadInputException("label " + v + " of " + form.classNames.size() + " classes");
                    }
                    counts[v]++;
                    some = true;
                } else if (inside) {
                    counts[counts.length - 1]++;
                }
                int to = row * form.tile + column;
                if (form.bytes() == 1) {
                    tile[to] = (byte) v;
                } else {
                    tile[2 * to] = (byte) v;
                    tile[2 * to + 1] = (byte) (v >> 8);
                }
            }
        }
        return some;
    }

    private void store(int i) {
        deflater.reset();
        deflater.setInput(tile);
        deflater.finish();
        int n = deflater.deflate(packed);
        try {
            all(ByteBuffer.wrap(packed, 0, n), end);
            number.clear().putLong(end).flip().limit(tags.placeBytes());
            all(number, tags.places() + (long) i * tags.placeBytes());
            number.clear().putInt(n).flip();
            all(number, tags.sizes() + 4L * i);
        } catch (IOException e) {
            throw file.failed(e);
        }
        end += n;
    }

    private void all(ByteBuffer bytes, long at) throws IOException {
        long to = at;
        while (bytes.hasRemaining()) {
            to += channel.write(bytes, to);
        }
    }

    /** Pixels of each label that were written, and at last those without data. */
    public long[] counts() {
        return counts.clone();
    }

    /** Where the labels are until {@link #commit}, so that they can be read when all tiles are written. */
    public Path path() {
        return file.path();
    }

    /**
     * Puts the file in its place.
     *
     * @throws dev.kerf.error.BadFileException if that can't be done
     */
    public void commit() {
        file.commit();
    }

    /** Without {@link #commit} before it: leaves nothing. */
    @Override
    public void close() {
        deflater.close();
        try (file; channel) {
            number.clear();
        } catch (IOException e) {
            throw file.failed(e);
        }
    }
}

package dev.kerf.geo;

import dev.kerf.error.BadInputException;
import dev.kerf.geo.TileCuts.Span;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Consumer;

/**
 * Takes a network over a raster, tile by tile, row by row. At most two tiles are in memory: while one is on the device the next is read.
 * Labels near the border of a tile are left to the tiles beside it, so that none shows where they were put together.
 *
 * <pre>{@code
 * RasterRun run = RasterRun.of(planes, TileNetwork.of(net), 1024);
 * run.each(tile -> labels.write(tile), false);
 * }</pre>
 */
public final class RasterRun {
    /** Side of tiles if nobody says another. */
    public static final int TILE = 1024;

    private final PlaneSource source;
    private final TileNetwork net;
    private final TileCuts cuts;

    /**
     * What is taken of a tile.
     *
     * @param x      column of its first pixel
     * @param y      row of its first pixel
     * @param labels a class for each pixel; of those without data any
     * @param logits F32 (K, height, width), if asked for and there are some
     * @param valid  1 for each pixel with data, 0 for the others, row by row; none if all have some
     */
    public record Tile(int x, int y, LabelMap labels, HostTensor logits, byte[] valid) {}

    private RasterRun(PlaneSource source, TileNetwork net, TileCuts cuts) {
        this.source = source;
        this.net = net;
        this.cuts = cuts;
    }

    /**
     * Prepares a run. Of networks that standardise, mean and deviation of each plane are found by a pass over the raster.
     *
     * @param tile side of the tiles, margins and all; the least that the network needs is taken at least
     * @throws BadInputException if the planes are none that the network takes
     */
    public static RasterRun of(PlaneSource source, TileNetwork net, int tile) {
        if (tile < 1) {
            throw new BadInputException("tiles of " + tile + " pixels");
        } else if (source.channels() != net.channels()) {
            throw new BadInputException(
                    "the network takes " + net.channels() + " planes, the raster gives " + source.channels());
        }
        return new RasterRun(net.standardises() ? StandardisedPlanes.of(source) : source, net, TileCuts.of(net, tile));
    }

    /** How many tiles there are. */
    public long tiles() {
        return (long) cuts.count(source.width()) * cuts.count(source.height());
    }

    /** Side of the tiles that labels are to be stored in, so that each tile of the run is whole ones: a multiple of 16. */
    public int storedTile() {
        return cuts.store();
    }

    /** Takes all tiles, in order; where no pixel has data, labels are 0 and the network isn't asked. */
    public void each(Consumer<Tile> sink, boolean logits) {
        int across = cuts.count(source.width());
        long tiles = tiles();
        CompletableFuture<Planes> next = read(0, across);
        for (long i = 0; i < tiles; i++) {
            Planes planes = got(next);
            next = i + 1 < tiles ? read(i + 1, across) : null;
            try {
                sink.accept(tile(planes, x(i, across), y(i, across), logits));
            } catch (RuntimeException | Error e) {
                if (next != null) {
                    next.handle((_, _) -> 0).join();
                }
                throw e;
            }
        }
    }

    private Span x(long i, int across) {
        return cuts.span(source.width(), (int) (i % across));
    }

    private Span y(long i, int across) {
        return cuts.span(source.height(), (int) (i / across));
    }

    private CompletableFuture<Planes> read(long i, int across) {
        Span x = x(i, across);
        Span y = y(i, across);
        return CompletableFuture
                .supplyAsync(() -> source.read(x.start(), y.start(), Math.min(x.size(), source.width() - x.start()),
                        Math.min(y.size(), source.height() - y.start())), Thread::startVirtualThread);
    }

    private static Planes got(CompletableFuture<Planes> next) {
        try {
            return next.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof RuntimeException known) {
                throw known;
            } else if (e.getCause() instanceof Error serious) {
                throw serious;
            }
            throw e;
        }
    }

    private Tile tile(Planes planes, Span x, Span y, boolean logits) {
        int w = x.to() - x.from();
        int h = y.to() - y.from();
        Shape seen = planes.values().shape();
        byte[] valid = planes.isWhole()
                ? planes.valid()
                : cut(HostTensor.of(Shape.of(seen.size(1), seen.size(2)), planes.valid()), x, y).data()
                        .toArray(ValueLayout.JAVA_BYTE);
        if (planes.isEmpty()) {
            return new Tile(x.from(), y.from(), LabelMap.of(w, h, new byte[w * h]), null, valid);
        }
        Segmentation found = net.run(filled(planes.values(), y.size(), x.size()), logits);
        return new Tile(x.from(), y.from(), new LabelMap(cut(found.labels().tensor(), x, y)),
                found.logits() == null ? null : cut(found.logits(), x, y), valid);
    }

    /** With zeros to the right and below, where the raster is smaller than a tile must be. */
    private static HostTensor filled(HostTensor planes, int h, int w) {
        Shape s = planes.shape();
        if (s.size(1) == h && s.size(2) == w) {
            return planes;
        }
        HostTensor out = HostTensor.zeros(DType.F32, Shape.of(s.size(0), h, w));
        for (long row = 0; row < s.dim(0) * s.dim(1); row++) {
            long to = row / s.dim(1) * h + row % s.dim(1);
            MemorySegment.copy(planes.data(), 4 * row * s.dim(2), out.data(), 4 * to * w, 4 * s.dim(2));
        }
        return out;
    }

    /** The pixels that are taken; all axes before the last two are planes. */
    private static HostTensor cut(HostTensor tile, Span x, Span y) {
        long[] dims = tile.shape().dims();
        int rank = dims.length;
        long seenRows = dims[rank - 2];
        long seenColumns = dims[rank - 1];
        dims[rank - 2] = y.to() - y.from();
        dims[rank - 1] = x.to() - x.from();
        long b = tile.dtype().bytes();
        HostTensor out = HostTensor.zeros(tile.dtype(), Shape.of(dims));
        long planes = tile.shape().product(0, rank - 2);
        for (long p = 0; p < planes; p++) {
            for (long row = 0; row < dims[rank - 2]; row++) {
                long from = (p * seenRows + row + y.from() - y.start()) * seenColumns + x.from() - x.start();
                long to = (p * dims[rank - 2] + row) * dims[rank - 1];
                MemorySegment.copy(tile.data(), from * b, out.data(), to * b, dims[rank - 1] * b);
            }
        }
        return out;
    }
}

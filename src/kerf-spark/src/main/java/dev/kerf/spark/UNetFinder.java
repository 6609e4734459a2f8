package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import dev.kerf.geo.Range;
import dev.kerf.geo.Raster;
import dev.kerf.geo.RasterPlanes;
import dev.kerf.geo.RasterRun;
import dev.kerf.geo.TileNetwork;
import dev.kerf.image.ImageInfo;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Weights;
import java.lang.foreign.MemorySegment;
import java.util.List;

/** A U-Net: images together, and rasters of any size by windows. */
final class UNetFinder implements Network {
    private final UNet net;
    private final Weights weights;
    private final Settings settings;
    private final List<String> names;
    private final int background;

    UNetFinder(UNet net, Weights weights, Settings settings) {
        this.net = net;
        this.weights = weights;
        this.settings = settings;
        this.names = settings.named(net.classNames());
        this.background = settings.background(names);
    }

    @Override
    public List<Answer> find(List<Sight> images) {
        List<Segmentation> found = net.segment(images.stream().map(Sight::image).toList(), settings.segmenting());
        return found.stream().map(s -> Answer.labels(s.labels(), names, background, s.tiles())).toList();
    }

    /** Of the raster no more than some tiles are held, of its labels all: one byte a pixel, or four for more than 256 classes. */
    @Override
    public Answer stream(Sight image) {
        try (Raster raster = Raster.open(image.streamed())) {
            Raster.Level full = raster.levels().getFirst();
            if (settings.scale != 1) {
                throw new BadInputException(
                        image.path() + ": --scale is for images that are decoded whole, and this is read by windows");
            }
            boolean bytes = names.size() <= 256;
            long pixels = (long) full.width() * full.height();
            // The labels, and a mask of one of them at a time.
            ImageInfo.checkMemory(image.path() + ": the labels of " + full.width() + "x" + full.height() + " pixels",
                    pixels * (bytes ? 2 : 5));
            HostTensor labels = HostTensor.zeros(bytes ? DType.U8 : DType.I32, Shape.of(full.height(), full.width()));
            RasterPlanes planes = RasterPlanes.of(raster, full, new int[0], net.inputChannels(), new Range.Auto(),
                    raster.noData());
            RasterRun run = RasterRun.of(planes, TileNetwork.of(net),
                    settings.tile > 0 ? settings.tile : Math.min(RasterRun.TILE, net.largestTile()));
            run.each(tile -> put(tile, labels), false);
            return Answer.labels(new LabelMap(labels), names, background, Math.toIntExact(run.tiles()));
        }
    }

    private static void put(RasterRun.Tile tile, HostTensor labels) {
        HostTensor from = tile.labels().tensor().to(labels.dtype());
        long bytes = labels.dtype().bytes();
        long width = labels.shape().dim(1);
        long columns = tile.labels().width();
        for (int row = 0; row < tile.labels().height(); row++) {
            MemorySegment.copy(from.data(), row * columns * bytes, labels.data(),
                    ((tile.y() + row) * width + tile.x()) * bytes, columns * bytes);
        }
    }

    @Override
    public void close() {
        net.close();
        weights.close();
    }
}

package dev.kerf.geo;

import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import java.util.List;

/**
 * A network that labels the pixels of tiles.
 *
 * <pre>{@code
 * TileNetwork net = TileNetwork.of(UNet.load(device, weights));
 * net.margin();    // how far from a cut edge its labels are those of the whole raster
 * }</pre>
 */
public interface TileNetwork {
    /** Planes that it takes. */
    int channels();

    /** Names of the classes, by label. */
    List<String> classNames();

    /** Tiles begin at multiples of this, and end there unless they end with the raster. */
    int multiple();

    /** How far from a cut edge a pixel must be to be taken, a multiple of {@link #multiple}. */
    int margin();

    /** Side of all tiles if they must have one size, smaller rasters being filled up with zeros; 0 if tiles may end with the raster. */
    default int side() {
        return 0;
    }

    /** Side of the largest tile that it is to be given where nobody asks for one. */
    default int largest() {
        return Integer.MAX_VALUE;
    }

    /** Whether it takes planes that are standardised: (x − mean) / deviation, of each plane over the whole raster. */
    default boolean standardises() {
        return false;
    }

    /**
     * Labels a tile.
     *
     * @param planes F32 (channels, height, width)
     * @param logits whether they are wanted, where there are some
     */
    Segmentation run(HostTensor planes, boolean logits);

    /**
     * A U-Net, whose tiled result is the untiled one if {@link UNet#tilesExactly}: tiles begin at multiples of 2 to the power of its depth,
     * and only pixels whose receptive field lies within the tile are taken. The caller closes it.
     */
    static TileNetwork of(UNet net) {
        return new TileNetwork() {
            @Override
            public int channels() {
                return net.inputChannels();
            }

            @Override
            public List<String> classNames() {
                return net.classNames();
            }

            @Override
            public int multiple() {
                return net.tileMultiple();
            }

            @Override
            public int margin() {
                return Math.ceilDiv(net.receptiveRadius(), multiple()) * multiple();
            }

            @Override
            public int largest() {
                return net.largestTile();
            }

            @Override
            public boolean standardises() {
                return net.standardisesEach();
            }

            @Override
            public Segmentation run(HostTensor planes, boolean logits) {
                SegmentOptions whole = SegmentOptions.of().tile(SegmentOptions.WHOLE);
                SegmentOptions options = logits ? whole.withLogits() : whole;
                return standardises() ? net.segmentNormalised(planes, options) : net.segment(planes, options);
            }
        };
    }
}

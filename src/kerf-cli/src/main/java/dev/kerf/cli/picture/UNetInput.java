package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;

/** What a U-Net is given, as it was read: a picture, or float32 planes from an {@code .npy} or {@code .npz} file. */
sealed interface UNetInput {
    /** Reads a file; which kind it is shows in its name's ending. */
    static UNetInput read(Input input) {
        input.check();
        boolean planes = HostTensor.isNpy(input.file());
        return planes ? new Planes(HostTensor.readNpy(input.file())) : new Pixels(input.read());
    }

    int width();

    int height();

    Segmentation segment(UNet net, SegmentOptions options);

    /** What labels are drawn over. */
    Image view();

    /** A picture from an image file. */
    record Pixels(Image view) implements UNetInput {
        @Override
        public int width() {
            return view.width();
        }

        @Override
        public int height() {
            return view.height();
        }

        @Override
        public Segmentation segment(UNet net, SegmentOptions options) {
            return net.segment(view, options);
        }
    }

    /** A frame. */
    record Shot(Sight sight) implements UNetInput {
        @Override
        public int width() {
            return sight.picture().width();
        }

        @Override
        public int height() {
            return sight.picture().height();
        }

        @Override
        public Segmentation segment(UNet net, SegmentOptions options) {
            return net.segment(sight.picture(), options);
        }

        @Override
        public Image view() {
            return sight.image().get();
        }
    }

    /** Planes (C, H, W) or (H, W). */
    record Planes(HostTensor tensor) implements UNetInput {
        @Override
        public int width() {
            return tensor.shape().size(-1);
        }

        @Override
        public int height() {
            return tensor.shape().size(-2);
        }

        @Override
        public Segmentation segment(UNet net, SegmentOptions options) {
            return net.segment(tensor, options);
        }

        /** The first plane in grey, from its least finite value to its greatest. */
        @Override
        public Image view() {
            Image grey = Image.blank(width(), height(), PixelFormat.GRAY16);
            long pixels = (long) width() * height();
            double low = Double.POSITIVE_INFINITY;
            double high = Double.NEGATIVE_INFINITY;
            for (long i = 0; i < pixels; i++) {
                double v = tensor.getDouble(i);
                if (Double.isFinite(v)) {
                    low = Math.min(low, v);
                    high = Math.max(high, v);
                }
            }
            double range = high > low ? high - low : 1;
            for (long i = 0; i < pixels; i++) {
                double v = Math.clamp((tensor.getDouble(i) - low) / range, 0.0, 1.0);
                grey.setSample((int) (i % width()), (int) (i / width()), 0, (int) Math.round(v * 65535));
            }
            return grey;
        }
    }
}

package dev.kerf.measure;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.tensor.HostTensor;

/** What a picture's pixels are worth, channel by channel: read by {@link Region}, and not copied. */
public interface Intensities {
    /** Columns. */
    int width();

    /** Rows. */
    int height();

    /** How many channels there are. */
    int channels();

    /** The value of a channel at a column and row of the picture. */
    double at(int x, int y, int channel);

    /** The samples of an image as they are, 0 to 255 or 65535: grey or red, green, blue; not its alpha. */
    static Intensities of(Image image) {
        int colours = image.format().isGrey() ? 1 : 3;
        return new Intensities() {
            @Override
            public int width() {
                return image.width();
            }

            @Override
            public int height() {
                return image.height();
            }

            @Override
            public int channels() {
                return colours;
            }

            @Override
            public double at(int x, int y, int channel) {
                return image.sample(x, y, channel);
            }
        };
    }

    /**
     * Planes.
     *
     * @param planes (height, width) or (channels, height, width)
     * @throws BadInputException if they are of another shape
     */
    static Intensities of(HostTensor planes) {
        int rank = planes.shape().rank();
        if (rank != 2 && rank != 3) {
            throw new BadInputException("planes are (height, width) or (channels, height, width), not " + planes);
        }
        return new Intensities() {
            @Override
            public int width() {
                return planes.shape().size(-1);
            }

            @Override
            public int height() {
                return planes.shape().size(-2);
            }

            @Override
            public int channels() {
                return rank == 2 ? 1 : planes.shape().size(0);
            }

            @Override
            public double at(int x, int y, int channel) {
                return planes.getDouble(((long) channel * height() + y) * width() + x);
            }
        };
    }
}

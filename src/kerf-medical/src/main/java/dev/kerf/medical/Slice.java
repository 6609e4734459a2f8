package dev.kerf.medical;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.measure.Intensities;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;

/**
 * A slice of a volume.
 *
 * @param title    what it is called in messages
 * @param width    columns
 * @param height   rows
 * @param channels 1, or 3 for red, green and blue of 0 to 255
 * @param values   (height, width, channels), as the file means them: rescaled, in Hounsfield's units for instance
 * @param inverted whether the least values are shown white (DICOM's MONOCHROME1)
 */
public record Slice(String title, int width, int height, int channels, double[] values,
        boolean inverted) implements Intensities {
    /** Checks that the values are as many as there are pixels. */
    public Slice {
        if (channels != 1 && channels != 3 || values.length != (long) width * height * channels) {
            throw new BadInputException(values.length + " values for " + width + "x" + height + " pixels of " + channels
                    + " channels");
        }
    }

    @Override
    public double at(int x, int y, int channel) {
        return values[(y * width + x) * channels + channel];
    }

    /**
     * Refuses what can't be computed with.
     *
     * @throws BadInputException if a value is no finite number, naming where
     */
    public void check() {
        for (int i = 0; i < values.length; i++) {
            if (!Double.isFinite(values[i])) {
                int pixel = i / channels;
                throw new BadInputException(title + ": the value at column " + pixel % width + ", row " + pixel / width + " is "
                        + values[i] + "; replace what isn't a number before");
            }
        }
    }

    /**
     * A picture: grey of 16 bits through a window, or red, green and blue of 8 bits, which no window changes.
     *
     * @throws BadInputException as {@link #check}
     */
    public Image toImage(Window window) {
        check();
        if (channels == 3) {
            byte[] out = new byte[values.length];
            for (int i = 0; i < out.length; i++) {
                out[i] = (byte) Math.clamp(Math.round(values[i]), 0, 255);
            }
            return Image.of(width, height, PixelFormat.RGB8, out);
        }
        short[] out = new short[values.length];
        for (int i = 0; i < out.length; i++) {
            double bright = window.of(values[i]);
            out[i] = (short) Math.round(65535 * (inverted ? 1 - bright : bright));
        }
        return Image.of(width, height, PixelFormat.GRAY16, out);
    }

    /**
     * The values as they are, for networks that take such: float32 of shape (channels, height, width).
     *
     * @param wanted channels; of grey each is the same
     * @throws BadInputException as {@link #check}, and if a picture in colour is to have another number of channels
     */
    public HostTensor toTensor(int wanted) {
        check();
        if (channels == 3 && wanted != 3) {
            throw new BadInputException(title + ": it has 3 channels, the network takes " + wanted);
        }
        int pixels = width * height;
        float[] out = new float[Math.multiplyExact(pixels, wanted)];
        for (int i = 0; i < out.length; i++) {
            out[i] = (float) values[i % pixels * channels + (channels == 1 ? 0 : i / pixels)];
        }
        return HostTensor.of(Shape.of(wanted, height, width), out);
    }
}

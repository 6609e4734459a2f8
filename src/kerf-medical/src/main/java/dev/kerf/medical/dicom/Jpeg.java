package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import dev.kerf.image.Image;
import dev.kerf.medical.dicom.PixelForm.Colours;
import java.awt.image.DataBuffer;
import java.awt.image.Raster;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.Iterator;
import javax.imageio.ImageIO;
import javax.imageio.ImageReader;
import javax.imageio.stream.MemoryCacheImageInputStream;

/** JPEG frames: of 8 bits by Kerf's own decoder, lossless ones (process 14) by TwelveMonkeys' ImageIO plug-in. */
final class Jpeg {
    private static final int START = 0xD8;
    private static final int ADOBE = 0xEE;
    private static final int SCAN = 0xDA;

    private Jpeg() {}

    /** Samples of a frame of 8 bits, interleaved; colours are red, green and blue. */
    static int[] decode(String file, byte[] frame, PixelForm form) {
        if (form.allocated() != 8) {
            throw new BadFileException(
                    file + ": JPEG of more than 8 bits (transfer syntax " + TransferSyntax.JPEG_EXTENDED.uid()
                            + ") isn't read; convert it by 'dcmdjpeg IN OUT'");
        }
        Image image = Image.read(plain(file, frame, form), file);
        if (image.width() != form.columns() || image.height() != form.rows() || image.channels() != form.samples()) {
            throw new BadFileException(file + ": damaged: a JPEG frame of " + image.width() + "x" + image.height()
                    + " pixels of "
                    + image.channels() + " samples where " + form.columns() + "x" + form.rows() + " of " + form.samples()
                    + " are to be");
        }
        int[] out = new int[form.count()];
        for (int i = 0; i < out.length; i++) {
            int pixel = i / form.samples();
            out[i] = image.sample(pixel % form.columns(), pixel / form.columns(), i % form.samples());
        }
        return out;
    }

    /**
     * The frame without what applications put into it, such as how it is to be turned, which has no meaning in DICOM: what colours
     * mean is said by the data set, and goes in as Adobe's segment.
     */
    private static byte[] plain(String file, byte[] frame, PixelForm form) {
        if (frame.length < 4 || (frame[0] & 0xFF) != 0xFF || (frame[1] & 0xFF) != START) {
            throw new BadFileException(file + ": damaged: a frame that is to be JPEG isn't");
        }
        ByteArrayOutputStream out = new ByteArrayOutputStream(frame.length + 16);
        out.write(frame, 0, 2);
        if (form.samples() == 3) {
            byte transform = (byte) (form.colours() == Colours.RGB ? 0 : 1);
            out.writeBytes(
                    new byte[] {(byte) 0xFF, (byte) ADOBE, 0, 14, 'A', 'd', 'o', 'b', 'e', 0, 100, 0, 0, 0, 0, transform});
        }
        int at = 2;
        while (at + 4 <= frame.length && (frame[at] & 0xFF) == 0xFF && (frame[at + 1] & 0xFF) != SCAN) {
            int marker = frame[at + 1] & 0xFF;
            int length = 2 + ((frame[at + 2] & 0xFF) << 8 | frame[at + 3] & 0xFF);
            if (marker == 0xFF) {
                at++;
                continue;
            }
            if (!(marker >= 0xE0 && marker <= 0xEF || marker == 0xFE)) {
                out.write(frame, at, Math.min(length, frame.length - at));
            }
            at += Math.min(length, frame.length - at);
        }
        out.write(frame, at, frame.length - at);
        return out.toByteArray();
    }

    /** Samples of a lossless frame, interleaved, as they are stored. */
    static int[] decodeLossless(String file, byte[] frame, PixelForm form) {
        LosslessFrame parts = LosslessFrame.of(file, frame, form);
        int[] out = new int[form.count()];
        int row = form.columns() * form.samples();
        for (int p = 0; p < parts.parts().size(); p++) {
            int first = p * parts.rows();
            int rows = Math.min(parts.rows(), form.rows() - first);
            Raster raster = raster(file, parts.parts().get(p));
            if (raster.getWidth() != form.columns() || raster.getHeight() != rows || raster.getNumBands() != form.samples()
                    || DataBuffer.getDataTypeSize(raster.getDataBuffer().getDataType()) > 16) {
                throw new BadFileException(file + ": damaged: a JPEG frame of " + raster.getWidth() + "x" + raster.getHeight()
                        + " pixels of " + raster.getNumBands() + " samples where " + form.columns() + "x" + rows + " of "
                        + form.samples() + " are to be");
            }
            int[] samples = raster.getPixels(0, 0, form.columns(), rows, new int[row * rows]);
            System.arraycopy(samples, 0, out, row * first, samples.length);
        }
        return out;
    }

    private static Raster raster(String file, byte[] frame) {
        Iterator<ImageReader> readers = ImageIO.getImageReadersByFormatName("jpeg");
        while (readers.hasNext()) {
            ImageReader reader = readers.next();
            if (!reader.getClass().getName().startsWith("com.twelvemonkeys.")) {
                continue;
            }
            try (MemoryCacheImageInputStream in = new MemoryCacheImageInputStream(new ByteArrayInputStream(frame))) {
                reader.setInput(in, true, true);
                return reader.readRaster(0, null);
            } catch (IOException | RuntimeException e) {
                // The plug-in answers damage by exceptions of many kinds.
                throw new BadFileException(file + ": damaged: a lossless JPEG frame can't be read (" + e.getMessage() + ")", e);
            } finally {
                reader.dispose();
            }
        }
        throw new BadFileException(file + ": lossless JPEG needs the plug-in imageio-jpeg of TwelveMonkeys, which isn't there");
    }
}

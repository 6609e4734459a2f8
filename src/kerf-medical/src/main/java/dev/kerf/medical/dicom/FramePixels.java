package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import dev.kerf.image.ImageInfo;
import dev.kerf.medical.dicom.PixelForm.Colours;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.Arrays;

/** The pixels of an open file, frame by frame. */
final class FramePixels {
    private final DicomFile file;
    private final String name;
    private final PixelForm form;
    private final Element pixels;
    private final Fragments fragments;
    private final double[][] palette;

    /**
     * Of an open file.
     *
     * @throws BadFileException if its pixels make no sense or are fewer than it says
     */
    FramePixels(DicomFile file) {
        this.file = file;
        this.name = file.path().toString();
        DataSet d = file.elements();
        this.form = PixelForm.of(d);
        this.pixels = d.find(Tag.PIXELS.number());
        if (pixels == null) {
            throw new BadFileException(name + ": truncated or no picture: there are no pixels (7FE0,0010)");
        }
        boolean packed = file.syntax().encapsulated();
        if (packed != (pixels.length() < 0)) {
            throw new BadFileException(name + ": damaged: pixels are " + (packed ? "not packed" : "packed")
                    + ", which its transfer syntax " + file.syntax().uid() + " doesn't say");
        }
        this.fragments = packed ? new Fragments(file, pixels, form.frames()) : null;
        double bytes = (double) form.frameBytes() * form.frames();
        if (!packed && bytes > pixels.length()) {
            throw new BadFileException(name + ": truncated: " + form.columns() + "x" + form.rows() + " pixels, " + form.frames()
                    + " times, take " + (long) bytes + " bytes, there are " + pixels.length());
        }
        this.palette = form.colours() == Colours.PALETTE_COLOR ? Palette.of(d) : null;
    }

    PixelForm form() {
        return form;
    }

    /** 1, or 3 where there are colours. */
    int channels() {
        return form.samples() == 3 || palette != null ? 3 : 1;
    }

    /** A frame's values as they are stored, or its red, green and blue, interleaved. */
    double[] values(int frame) {
        ImageInfo.checkMemory(name + ": reading " + form.columns() + "x" + form.rows() + " pixels", 12L * form.count());
        int[] samples = samples(frame);
        double[] out = new double[palette == null ? samples.length : 3 * samples.length];
        if (palette != null) {
            for (int i = 0; i < samples.length; i++) {
                for (int c = 0; c < 3; c++) {
                    out[3 * i + c] = Palette.at(palette, c, form.value(samples[i]));
                }
            }
            return out;
        }
        boolean bright = !file.syntax().encapsulated() || file.syntax() == TransferSyntax.RLE || file.syntax().lossless();
        if (form.samples() == 3 && form.colours() != Colours.RGB && bright) {
            for (int i = 0; i < samples.length; i += 3) {
                double y = samples[i];
                double cb = samples[i + 1] - 128;
                double cr = samples[i + 2] - 128;
                // PS3.3 C.7.6.3.1.2, solved for red, green and blue.
                out[i] = level(y + 1.402 * cr);
                out[i + 1] = level(y - 0.344136 * cb - 0.714136 * cr);
                out[i + 2] = level(y + 1.772 * cb);
            }
            return out;
        }
        Arrays.setAll(out, i -> form.value(samples[i]));
        return out;
    }

    private static double level(double v) {
        return Math.clamp(Math.round(v), 0, 255);
    }

    private int[] samples(int frame) {
        return switch (file.syntax()) {
            case RLE -> Rle.decode(name, fragments.frame(frame), form);
            case JPEG, JPEG_EXTENDED -> Jpeg.decode(name, fragments.frame(frame), form);
            case JPEG_LOSSLESS, JPEG_LOSSLESS_FIRST -> Jpeg.decodeLossless(name, fragments.frame(frame), form);
            default -> stored(file.bytes().asSlice(pixels.at() + form.frameBytes() * frame, form.frameBytes()));
        };
    }

    private int[] stored(MemorySegment from) {
        int[] out = new int[form.count()];
        ByteOrder order = file.syntax().order();
        if (form.colours() == Colours.YBR_FULL_422) {
            for (int i = 0; i + 1 < out.length / 3; i += 2) {
                int cb = Byte.toUnsignedInt(from.get(ValueLayout.JAVA_BYTE, 2L * i + 2));
                int cr = Byte.toUnsignedInt(from.get(ValueLayout.JAVA_BYTE, 2L * i + 3));
                for (int k = 0; k < 2; k++) {
                    out[3 * (i + k)] = Byte.toUnsignedInt(from.get(ValueLayout.JAVA_BYTE, 2L * i + k));
                    out[3 * (i + k) + 1] = cb;
                    out[3 * (i + k) + 2] = cr;
                }
            }
            return out;
        }
        int pixels = form.rows() * form.columns();
        // Bytes of big-endian words come in pairs, the second first.
        boolean swapped = order == ByteOrder.BIG_ENDIAN && form.allocated() == 8 && this.pixels.vr().equals("OW");
        for (int i = 0; i < out.length; i++) {
            int at = form.planar() ? i % form.samples() * pixels + i / form.samples() : i;
            out[i] = switch (form.allocated()) {
                case 8 -> Byte.toUnsignedInt(from.get(ValueLayout.JAVA_BYTE, swapped ? Math.min(at ^ 1, out.length - 1) : at));
                case 16 -> Short.toUnsignedInt(from.get(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(order), 2L * at));
                default -> from.get(ValueLayout.JAVA_INT_UNALIGNED.withOrder(order), 4L * at);
            };
        }
        return out;
    }
}

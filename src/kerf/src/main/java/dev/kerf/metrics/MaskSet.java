package dev.kerf.metrics;

import dev.kerf.backend.DeviceTensor;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.TensorType;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Masks of one size in any form, on the host or already on a device: one side of what {@link Overlaps} measures.
 *
 * <pre>{@code
 * MaskSet.of(List.of(cat, dog));                                    // masks
 * MaskSet.of(labels, 1, 2);                                         // two classes of a label map
 * MaskSet.logits(logits, 0);                                        // F32 (N, H, W), larger than 0 belongs
 * MaskSet.of(net.output("logits"), new MaskForm.Logits(0), 65536);  // a network's output, not copied
 * }</pre>
 */
public final class MaskSet {
    private final MaskForm form;
    private final TensorType type;
    private final @Nullable HostTensor host;
    private final @Nullable DeviceTensor device;
    private final long count;
    private final long pixels;
    private final @Nullable String size;

    private MaskSet(
            MaskForm form, @Nullable HostTensor host, @Nullable DeviceTensor device, long pixels, @Nullable String size) {
        this.form = form;
        this.host = host;
        this.device = device;
        this.type = host == null ? device.type() : new TensorType(host.dtype(), host.shape());
        this.pixels = pixels;
        this.size = size;
        DType dtype = form instanceof MaskForm.Logits ? DType.F32 : DType.U8;
        long row = form instanceof MaskForm.Bits ? Math.ceilDiv(pixels, 8L) : pixels;
        long elements = type.shape().elements();
        if (type.dtype() != dtype || row < 1 || elements % row != 0) {
            throw new BadInputException("masks of " + pixels + " pixels as " + form + " take " + dtype
                    + " and a multiple of " + row + " elements, not " + type);
        }
        this.count = elements / row;
    }

    /** Masks of one size, copied. */
    public static MaskSet of(List<Mask> masks) {
        if (masks.isEmpty()) {
            throw new BadInputException("no masks");
        }
        Mask first = masks.getFirst();
        long area = (long) first.width() * first.height();
        HostTensor all = HostTensor.zeros(DType.U8, Shape.of(masks.size(), first.height(), first.width()));
        for (int i = 0; i < masks.size(); i++) {
            Mask m = masks.get(i);
            if (m.width() != first.width() || m.height() != first.height()) {
                throw new BadInputException("mask 0 is " + size(first.width(), first.height()) + " pixels, mask " + i
                        + " " + size(m.width(), m.height()));
            }
            MemorySegment.copy(m.toTensor().data(), 0, all.data(), i * area, area);
        }
        return bytes(all);
    }

    /** A mask for each of some classes. */
    public static MaskSet of(LabelMap labels, int... classes) {
        if (classes.length == 0) {
            throw new BadInputException("no classes");
        }
        int[] pixels = labels.toArray();
        if ((long) pixels.length * classes.length > Integer.MAX_VALUE) {
            throw new BadInputException(classes.length + " masks of " + pixels.length + " pixels: one array can't hold them");
        }
        byte[] in = new byte[pixels.length * classes.length];
        for (int i = 0; i < in.length; i++) {
            in[i] = (byte) (pixels[i % pixels.length] == classes[i / pixels.length] ? 1 : 0);
        }
        return bytes(HostTensor.of(Shape.of(classes.length, labels.height(), labels.width()), in));
    }

    /** U8 (N, height, width), not 0 belongs; not copied. */
    public static MaskSet bytes(HostTensor masks) {
        return planes(new MaskForm.Bytes(), masks);
    }

    /**
     * U8 (N, ⌈pixels / 8⌉), the first pixel in the highest bit as NumPy's packbits has it; not copied.
     *
     * @param pixels of a mask
     */
    public static MaskSet bits(HostTensor masks, long pixels) {
        return new MaskSet(new MaskForm.Bits(), masks, null, pixels, null);
    }

    /** F32 (N, height, width), larger than the threshold belongs; not copied. */
    public static MaskSet logits(HostTensor masks, float threshold) {
        return planes(new MaskForm.Logits(threshold), masks);
    }

    /**
     * Masks on a device, read where they are: another executable's output, say.
     *
     * @param tensor of any shape whose elements are the masks, one after another
     * @param pixels of a mask
     */
    public static MaskSet of(DeviceTensor tensor, MaskForm form, long pixels) {
        return new MaskSet(form, null, tensor, pixels, null);
    }

    private static MaskSet planes(MaskForm form, HostTensor masks) {
        if (masks.shape().rank() != 3) {
            throw new BadInputException("masks are (count, height, width), not " + masks);
        }
        long height = masks.shape().dim(1);
        long width = masks.shape().dim(2);
        return new MaskSet(form, masks, null, height * width, size(width, height));
    }

    private static String size(long width, long height) {
        return width + "x" + height;
    }

    /** Number of masks. */
    public long count() {
        return count;
    }

    /** Pixels of a mask. */
    public long pixels() {
        return pixels;
    }

    /** How the masks are given. */
    public MaskForm form() {
        return form;
    }

    /** The masks as a graph's input has them. */
    TensorType type() {
        return type;
    }

    /** The masks; none if they are on a device. */
    @Nullable
    HostTensor host() {
        return host;
    }

    /** The masks; none if they are on the host. */
    @Nullable
    DeviceTensor device() {
        return device;
    }

    /** Such as {@code 640x480} or, if only that is known, {@code 307200 pixels}. */
    String size() {
        return size == null ? pixels + " pixels" : size;
    }

    /** Whether masks of both sides can be laid over each other, as far as is known. */
    boolean fits(MaskSet other) {
        return pixels == other.pixels && (size == null || other.size == null || size.equals(other.size));
    }
}

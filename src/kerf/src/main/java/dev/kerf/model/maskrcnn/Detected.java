package dev.kerf.model.maskrcnn;

import dev.kerf.backend.Executable;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Mask;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import dev.kerf.tensor.HostTensor;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/**
 * What a run left on the host.
 *
 * @param boxes  (B, D, 4)
 * @param scores (B, D)
 * @param labels (B, D)
 * @param count  (B)
 * @param masks  bits (B, D, bytes)
 */
record Detected(HostTensor boxes, HostTensor scores, HostTensor labels, HostTensor count, HostTensor masks) {
    static Detected of(Executable e) {
        return new Detected(e.output("boxes").toHost(), e.output("scores").toHost(), e.output("labels").toHost(),
                e.output("count").toHost(), e.output("masks").toHost());
    }

    /** The instances of image {@code b}. Detectron2 drops those whose box is empty. */
    Instances instances(int b, RcnnRequest request, RcnnConfig config, ClassNames names) {
        List<Instance> items = new ArrayList<>();
        int most = scores.shape().size(1);
        for (int i = 0; i < count.getLong(b); i++) {
            long row = (long) b * most + i;
            double x0 = boxes.getDouble(4 * row);
            double y0 = boxes.getDouble(4 * row + 1);
            double x1 = boxes.getDouble(4 * row + 2);
            double y1 = boxes.getDouble(4 * row + 3);
            if (!config.detectron() || x1 > x0 && y1 > y0) {
                items.add(new Instance(names.category((int) labels.getLong(row)), scores.getDouble(row),
                        Rectangle.ofCorners(x0, y0, x1, y1), mask(row, request.width(), request.height())));
            }
        }
        return new Instances(request.width(), request.height(), items);
    }

    private RunLength mask(long row, int width, int height) {
        long bytes = masks.shape().dim(2);
        byte[] pixels = new byte[Math.multiplyExact(width, height)];
        for (long at = 0; at < bytes; at++) {
            int bits = masks.data().get(ValueLayout.JAVA_BYTE, row * bytes + at) & 0xFF;
            for (int k = 0; bits != 0; k++, bits = bits << 1 & 0xFF) {
                if ((bits & 0x80) != 0) {
                    pixels[(int) (8 * at + k)] = 1;
                }
            }
        }
        return RunLength.encode(Mask.of(width, height, pixels));
    }
}

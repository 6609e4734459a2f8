package dev.kerf.model.unet;

import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.Drawn;
import dev.kerf.weights.Weights;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** U-Nets of any width with made-up weights that keep activations near 1, under upstream names. */
public final class SmallUNets {
    private final Map<String, HostTensor> tensors = new LinkedHashMap<>();
    private Map<String, String> metadata = Map.of();

    private SmallUNets() {}

    /** milesial/Pytorch-UNet's names; {@code widths} from the finest level to the coarsest. */
    public static SmallUNets milesial(int channels, int classes, List<Integer> widths, boolean bilinear) {
        SmallUNets u = new SmallUNets();
        int depth = widths.size() - 1;
        u.block("inc.double_conv", channels, widths.get(0), widths.get(0), false);
        for (int i = 1; i <= depth; i++) {
            u.block("down" + i + ".maxpool_conv.1.double_conv", widths.get(i - 1), widths.get(i), widths.get(i), false);
        }
        int below = widths.get(depth);
        for (int i = 1; i <= depth; i++) {
            int skip = widths.get(depth - i);
            if (!bilinear) {
                u.put("up" + i + ".up.weight", 1.0 / Math.sqrt(below), below, below / 2, 2, 2);
                u.put("up" + i + ".up.bias", 0.1, below / 2);
                u.block("up" + i + ".conv.double_conv", below / 2 + skip, skip, skip, false);
                below = skip;
            } else {
                int out = Math.max(1, i == depth ? skip : widths.get(depth - i) / 2);
                u.block("up" + i + ".conv.double_conv", below + skip, (below + skip) / 2, out, false);
                below = out;
            }
        }
        u.put("outc.conv.weight", 1.0 / Math.sqrt(below), classes, below, 1, 1);
        u.put("outc.conv.bias", 0.1, classes);
        return u;
    }

    /** Names enc1 … bottom … dec1, head. */
    public static SmallUNets plain(int channels, int classes, List<Integer> widths) {
        SmallUNets u = new SmallUNets();
        int depth = widths.size() - 1;
        for (int i = 0; i <= depth; i++) {
            u.block(i == depth ? "bottom" : "enc" + (i + 1), i == 0 ? channels : widths.get(i - 1), widths.get(i),
                    widths.get(i), true);
        }
        for (int i = depth; i >= 1; i--) {
            int skip = widths.get(i - 1);
            u.put("up" + i + ".weight", 1.0 / Math.sqrt(widths.get(i)), widths.get(i), skip, 2, 2);
            u.put("up" + i + ".bias", 0.1, skip);
            u.block("dec" + i, 2 * skip, skip, skip, true);
        }
        u.put("head.weight", 1.0 / Math.sqrt(widths.getFirst()), classes, widths.getFirst(), 1, 1);
        u.put("head.bias", 0.1, classes);
        return u;
    }

    public SmallUNets with(Map<String, String> meta) {
        metadata = meta;
        return this;
    }

    public SmallUNets with(String name, HostTensor tensor) {
        tensors.put(name, tensor);
        return this;
    }

    public SmallUNets without(String name) {
        tensors.remove(name);
        return this;
    }

    public SmallUNets and(String name, long... dims) {
        put(name, 1, dims);
        return this;
    }

    public Weights build() {
        return Weights.of(tensors, metadata);
    }

    private void block(String prefix, int in, int mid, int out, boolean bias) {
        conv(prefix, 0, in, mid, bias);
        conv(prefix, 3, mid, out, bias);
    }

    private void conv(String prefix, int i, int in, int out, boolean bias) {
        put(prefix + "." + i + ".weight", Math.sqrt(2.0 / (9 * in)) * Math.sqrt(3), out, in, 3, 3);
        if (bias) {
            put(prefix + "." + i + ".bias", 0.1, out);
        }
        String norm = prefix + "." + (i + 1);
        positive(norm + ".weight", out);
        put(norm + ".bias", 0.2, out);
        put(norm + ".running_mean", 0.2, out);
        positive(norm + ".running_var", out);
        tensors.put(norm + ".num_batches_tracked", HostTensor.of(Shape.of(), new long[] {7}));
    }

    private void put(String name, double scale, long... dims) {
        tensors.put(name, Drawn.tensor(name, Shape.of(dims), scale));
    }

    /** Values in 0.8 … 1.2. */
    private void positive(String name, long n) {
        HostTensor t = Drawn.tensor(name, Shape.of(n), 0.2);
        for (long i = 0; i < n; i++) {
            t.setDouble(i, 1 + t.getDouble(i));
        }
        tensors.put(name, t);
    }
}

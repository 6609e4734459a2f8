package dev.kerf.backend.gpu;

import dev.kerf.backend.gpu.kernel.Sizes;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MeasureOp.MaskForm;
import dev.kerf.graph.MeasureOp;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;

/**
 * Kernels for {@link MeasureOp}s. Pixels are counted in parts, each small enough for 32 bits, and the parts added in
 * 64: no device needs 64-bit or floating-point atomics, and no mask is too large.
 */
final class MeasureRules {
    /** Masks of either side in a tile of pairs. */
    private static final int TILE = 4;

    /** Fewer pixels than this aren't worth a part of their own. */
    private static final long SMALLEST_PART = 1 << 14;

    /** More pixels than this might not fit the 32 bits of a part's sums. */
    private static final long LARGEST_PART = 1 << 30;

    /** Most 32-bit numbers in all parts of confusion matrices, unless the pixels need more parts. */
    private static final long MOST_SUMS = 1 << 24;

    /** Most 32-bit bins that a group keeps to itself. */
    private static final long MOST_BINS = 4096;

    /** Rooms for bins that kernels are made for. */
    private static final List<Long> ROOMS = List.of(256L, 1024L, MOST_BINS);

    private static final int MOST_COPIES = 32;

    private MeasureRules() {}

    /** The launches of a node. */
    static List<KernelCall> lower(MeasureOp op, Node node, Target target) {
        return switch (op) {
            case MeasureOp.Overlap o -> overlap(o, node, target);
            case MeasureOp.Confusion c -> confusion(c, node, target);
            case MeasureOp.Components c -> List.of(components(c, node, target));
        };
    }

    /** Scratch memory, handed out from its start. */
    private static final class Room {
        private long end;

        long take(long bytes) {
            long offset = end;
            end = Math.addExact(end, Math.ceilDiv(bytes, 256L) * 256);
            return offset;
        }
    }

    private static List<KernelCall> overlap(MeasureOp.Overlap op, Node node, Target target) {
        long n = node.input(0).type().shape().dim(0);
        long m = node.input(1).type().shape().dim(0);
        long words = Math.ceilDiv(op.pixels(), 32L);
        long tileA = n >= TILE ? TILE : 1;
        long tileB = m >= TILE ? TILE : 1;
        long tiles = Math.max(1, Math.ceilDiv(n, tileA) * Math.ceilDiv(m, tileB));
        long parts = parts(op.pixels(), tiles, Math.max(1, n * m), target);
        long chunk = Math.max(1, Math.ceilDiv(words, parts));
        Room room = new Room();
        List<KernelCall> calls = new ArrayList<>();
        long a = pack(op, node, 0, target, room, calls);
        boolean same = node.input(0).id() == node.input(1).id() && op.a().equals(op.b());
        long b = same ? a : pack(op, node, 1, target, room, calls);
        long[] bytes = {parts * n * m * 4, parts * n * 4, parts * m * 4};
        long both = room.take(bytes[0]);
        long areaA = room.take(bytes[1]);
        long areaB = room.take(bytes[2]);
        Sizes sizes = Sizes.of().set("N", n).set("M", m).set("words", words).set("chunk", chunk).set("parts", parts)
                .set("TILE_A", tileA).set("TILE_B", tileB);
        calls.add(target.call("overlap", sizes)
                .attribute("TILE_A", tileA)
                .attribute("TILE_B", tileB)
                .scratch("a", a, n * words * 4)
                .scratch("b", b, m * words * 4)
                .scratch("both", both, bytes[0])
                .scratch("area_a", areaA, bytes[1])
                .scratch("area_b", areaB, bytes[2]));
        calls.add(target.call("overlap_total", sizes)
                .scratch("both", both, bytes[0])
                .scratch("area_a", areaA, bytes[1])
                .scratch("area_b", areaB, bytes[2])
                .tensor("y", node.output()));
        return calls;
    }

    /** Adds the launch that makes bits of an operand; returns where they lie. */
    private static long pack(
            MeasureOp.Overlap op, Node node, int operand, Target target, Room room, List<KernelCall> calls) {
        Value x = node.input(operand);
        MaskForm form = operand == 0 ? op.a() : op.b();
        String type = Target.stored(x.type().dtype());
        long row = Math.ceilDiv(op.pixels(), 32L) * 4;
        long bytes = x.type().shape().dim(0) * row;
        long at = room.take(bytes);
        Sizes sizes = Sizes.of().set("N", x.type().shape().dim(0)).set("pixels", op.pixels()).set("row", row);
        KernelCall call = target.call("mask_pack", sizes)
                .attribute("FORM", form.code())
                .attribute("X_T", type)
                .attribute("HAS_IGNORE", op.ignore() ? 1 : 0)
                .tensor("x", x)
                .scratch("y", at, bytes)
                .real("threshold", form instanceof MaskForm.Logits l ? l.threshold() : 0);
        calls.add(op.ignore() ? call.tensor("ignore", node.input(2)) : call.absent("ignore"));
        return at;
    }

    private static List<KernelCall> confusion(MeasureOp.Confusion op, Node node, Target target) {
        Shape x = node.input(0).type().shape();
        long images = x.dim(0);
        long pixels = x.dim(1);
        long bins = Math.multiplyExact((long) op.classes(), op.classes());
        long parts = parts(pixels, images, Math.max(1, images * bins), target);
        long bytes = Math.multiplyExact(images * parts * 4, bins);
        long copies = Math.clamp(MOST_BINS / bins, 1, MOST_COPIES);
        boolean local = bins * copies <= MOST_BINS && bins * copies * 4 <= target.facts().localMemory();
        Sizes sizes = Sizes.of().set("B", images).set("pixels", pixels).set("chunk", Math.ceilDiv(pixels, parts))
                .set("parts", parts).set("K", op.classes()).set("ignore", op.ignore()).set("bins", bins);
        KernelCall count = target.call("confusion", sizes)
                .attribute("T_T", Target.stored(node.input(0).type().dtype()))
                .attribute("P_T", Target.stored(node.input(1).type().dtype()))
                .attribute("BINS", local ? ROOMS.stream().filter(r -> r >= bins * copies).findFirst().orElseThrow() : 0)
                .number("copies", local ? copies : 1)
                .tensor("truth", node.input(0))
                .tensor("predicted", node.input(1))
                .scratch("y", 0, bytes);
        KernelCall total = target.call("confusion_total", sizes)
                .scratch("x", 0, bytes)
                .tensor("y", node.output());
        return List.of(count, total);
    }

    private static KernelCall components(MeasureOp.Components op, Node node, Target target) {
        Shape x = node.input(0).type().shape();
        long bytes = x.elements() * 4;
        Room room = new Room();
        return target.call("components", Sizes.of().set("B", x.dim(0)).set("H", x.dim(1)).set("W", x.dim(2))
                .set("most", op.most(x.dim(1), x.dim(2))))
                .attribute("CORNERS", op.connectivity() == 8 ? 1 : 0)
                .tensor("x", node.input(0))
                .tensor("labels", node.outputs().get(0))
                .tensor("areas", node.outputs().get(1))
                .scratch("parent", room.take(bytes), bytes)
                .scratch("size", room.take(bytes), bytes);
    }

    /**
     * Into how many parts pixels are cut: enough to keep the device busy, but no smaller than worthwhile nor larger
     * than what 32 bits count.
     *
     * @param groups groups that there are for each part
     * @param sums   numbers that each part makes
     */
    private static long parts(long pixels, long groups, long sums, Target target) {
        long busy = Math.ceilDiv(8L * target.facts().info().computeUnits(), Math.max(1, groups));
        long most = Math.min(Math.ceilDiv(pixels, SMALLEST_PART), MOST_SUMS / sums);
        return Math.max(Math.clamp(busy, 1, Math.max(1, most)), Math.ceilDiv(pixels, LARGEST_PART));
    }
}

package dev.kerf.graph.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.MoveOp.PadMode;
import dev.kerf.graph.PointwiseOp.Cast;
import dev.kerf.graph.PointwiseOp.Compare;
import dev.kerf.graph.PointwiseOp.Relation;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import dev.kerf.weights.onnx.OnnxTensor;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/** Elements moved, repeated, left out or seen otherwise. */
final class MoveRules {
    private MoveRules() {}

    static Map<String, Rule> rules() {
        return Map.ofEntries(
                Map.entry("Identity", n -> n.out(n.in(0))),
                Map.entry("Dropout", MoveRules::dropout),
                Map.entry("Concat", MoveRules::concat),
                Map.entry("Split", MoveRules::split),
                Map.entry("Slice", MoveRules::slice),
                Map.entry("Pad", MoveRules::pad),
                Map.entry("Transpose", MoveRules::transpose),
                Map.entry("Reshape", MoveRules::reshape),
                Map.entry("Flatten", MoveRules::flatten),
                Map.entry("Squeeze", MoveRules::squeeze),
                Map.entry("Unsqueeze", MoveRules::unsqueeze),
                Map.entry("Expand", MoveRules::expand),
                Map.entry("Tile", MoveRules::tile),
                Map.entry("DepthToSpace", MoveRules::depthToSpace),
                Map.entry("SpaceToDepth", MoveRules::spaceToDepth),
                Map.entry("Cast", n -> cast(n, (int) n.integer("to", 1))),
                Map.entry("CastLike", MoveRules::castLike));
    }

    /** Nothing, unless in training; the mask says that all is kept. */
    private static void dropout(Imported n) {
        HostTensor training = n.has(2) ? n.in(2).known() : null;
        if (n.has(2) && (training == null || training.getLong(0) != 0)) {
            throw n.refuse("is in training mode; export the model for inference");
        }
        HostTensor all = HostTensor.zeros(DType.BOOL, Shape.of());
        all.setDouble(0, 1);
        n.out(n.in(0), Moves.expand(n.g, Operand.of(all), n.shape(0)));
    }

    /** Extents that an operand gives. */
    static Shape extents(Imported n, long[] dims) {
        if (Arrays.stream(dims).anyMatch(d -> d < 0)) {
            throw n.bad("extents of " + Arrays.toString(dims));
        }
        return Shape.of(dims);
    }

    /** The operands in one type of the graph, where they aren't. */
    private static List<Operand> alike(Imported n) {
        List<Operand> all = n.all();
        if (n.onHost() || Moves.open(all) != null) {
            return all;
        }
        boolean floating = all.stream().anyMatch(Operand::floating);
        boolean truth = all.stream().allMatch(o -> Operand.graphType(o.type().dtype()) == DType.U8);
        DType to = floating ? DType.F32 : truth ? DType.U8 : DType.I32;
        return all.stream().map(o -> Operand.of(o.as(to, n.g))).toList();
    }

    private static void concat(Imported n) {
        int axis = n.axis(n.integer("axis", 1), n.shape(0).rank());
        List<Operand> parts = alike(n);
        Value rolled = parts.size() == 2 && parts.stream().allMatch(p -> p.known() == null && p.open() == null)
                ? n.before.rolls().concat(axis, parts.stream().map(p -> p.value(n.g)).toList())
                : null;
        n.out(rolled == null ? Moves.concat(n.g, axis, parts) : Operand.of(rolled));
    }

    private static void split(Imported n) {
        int axis = n.axis(n.integer("axis", 0), n.shape(0).rank());
        long extent = n.shape(0).dim(axis);
        long[] parts = n.longs("split", 1, "lengths");
        if (parts == null || parts.length == 0) {
            int count = (int) n.integer("num_outputs", n.node.outputs().size());
            long each = (extent + count - 1) / count;
            parts = LongStream.range(0, count).map(i -> Math.clamp(extent - i * each, 0, each)).toArray();
        }
        if (Arrays.stream(parts).anyMatch(p -> p < 0) || Arrays.stream(parts).sum() != extent) {
            throw n.bad("parts of " + Arrays.toString(parts) + " don't add up to " + extent);
        }
        Operand[] made = new Operand[parts.length];
        long at = 0;
        for (int i = 0; i < made.length; i++) {
            made[i] = Moves.slice(n.g, n.in(0), axis, at, parts[i], 1);
            at += parts[i];
        }
        n.out(made);
    }

    private static void slice(Imported n) {
        long[] starts = n.longs("starts", 1, "starts");
        long[] ends = n.longs("ends", 2, "ends");
        if (starts == null || ends == null) {
            throw n.bad("has no starts or ends");
        }
        long[] named = n.longs("axes", 3, "axes");
        long[] steps = n.has(4) ? n.longs(4, "steps") : LongStream.generate(() -> 1).limit(starts.length).toArray();
        int rank = n.shape(0).rank();
        int[] axes = named == null ? IntStream.range(0, starts.length).toArray() : n.axes(named, rank);
        if (axes.length != starts.length || ends.length != starts.length || steps.length != starts.length
                || axes.length > rank) {
            throw n.bad("has " + starts.length + " starts and other numbers of ends, axes or steps");
        }
        Operand x = n.in(0);
        for (int i = 0; i < axes.length; i++) {
            long d = x.shape().dim(axes[i]);
            if (steps[i] == 0) {
                throw n.bad("has a step of 0");
            }
            boolean up = steps[i] > 0;
            long start = Math.clamp(starts[i] < 0 ? starts[i] + d : starts[i], 0, up ? d : Math.max(0, d - 1));
            long end = Math.clamp(ends[i] < 0 ? Math.max(ends[i] + d, -1) : ends[i], up ? 0 : -1, d);
            long count = d == 0
                    ? 0
                    : Math.max(0, up ? Math.ceilDiv(end - start, steps[i]) : Math.ceilDiv(start - end, -steps[i]));
            x = Moves.slice(n.g, x, axes[i], count == 0 ? 0 : start, count, steps[i]);
        }
        n.out(x);
    }

    private static void pad(Imported n) {
        int rank = n.shape(0).rank();
        long[] given = n.longs("pads", 1, "padding");
        long[] pads = given != null ? given : n.longs("paddings");
        int[] axes = n.has(3) ? n.axes(n.longs(3, "axes"), rank) : IntStream.range(0, rank).toArray();
        if (pads.length != 2 * axes.length) {
            throw n.bad("has " + pads.length + " numbers of padding for " + axes.length + " axes");
        }
        double value = n.has(2)
                ? (n.in(2).shape().elements() == 0 ? 0 : n.known(2, "values").getDouble(0))
                : n.real("value", 0);
        String mode = n.text("mode", "constant");
        Operand x = n.in(0);
        Long[] before = LongStream.generate(() -> 0).limit(rank).boxed().toArray(Long[]::new);
        Long[] after = before.clone();
        for (int i = 0; i < axes.length; i++) {
            long low = pads[i];
            long high = pads[axes.length + i];
            // Padding below 0 leaves elements out.
            long left = x.shape().dim(axes[i]) + Math.min(0, low) + Math.min(0, high);
            if (left < 0) {
                throw n.bad("leaves out more than there is");
            }
            x = Moves.slice(n.g, x, axes[i], Math.max(0, -low), left, 1);
            before[axes[i]] = Math.max(0, low);
            after[axes[i]] = Math.max(0, high);
        }
        n.out(padded(n, x, before, after, mode, value));
    }

    private static Value padded(Imported n, Operand x, Long[] before, Long[] after, String mode, double value) {
        boolean truth = Operand.graphType(x.type().dtype()) == DType.U8;
        DType own = truth ? DType.U8 : Operand.graphType(x.type().dtype());
        // Whole numbers up to 2^24 are float32, too.
        Value v = x.as(truth ? DType.U8 : DType.F32, n.g);
        if (mode.equals("wrap")) {
            for (int axis = 0; axis < before.length; axis++) {
                long d = v.type().shape().dim(axis);
                long low = before[axis];
                long[] indices = LongStream.range(-low, d + after[axis]).map(i -> Math.floorMod(i, d)).toArray();
                v = indices.length == d ? v : Moves.take(n.g, v, axis, indices);
            }
        } else {
            PadMode how = switch (mode) {
                case "constant" -> PadMode.CONSTANT;
                case "reflect" -> PadMode.REFLECT;
                case "edge" -> PadMode.REPLICATE;
                default -> throw n.refuse("there is no padding by " + mode);
            };
            boolean none = Arrays.stream(before).allMatch(p -> p == 0) && Arrays.stream(after).allMatch(p -> p == 0);
            v = none ? v : n.add(new MoveOp.Pad(List.of(before), List.of(after), how, value), v);
        }
        return v.type().dtype() == own ? v : n.add(new Cast(own), v);
    }

    private static void transpose(Imported n) {
        int rank = n.shape(0).rank();
        long[] perm = n.longs("perm", IntStream.range(0, rank).mapToLong(i -> rank - 1 - i).toArray());
        if (!Arrays.equals(Arrays.stream(perm).sorted().toArray(), LongStream.range(0, rank).toArray())) {
            throw n.bad("has the permutation " + Arrays.toString(perm) + " of " + rank + " axes");
        }
        Value rows = n.in(0).known() == null ? n.before.turned(n.in(0).value(n.g)) : null;
        if (rows != null && Arrays.equals(perm, new long[] {1, 0})) {
            n.out(rows);
            return;
        }
        int[] order = Arrays.stream(perm).mapToInt(Math::toIntExact).toArray();
        Value picked = n.in(0).known() == null ? n.before.rolls().permute(n.in(0).value(n.g), order) : null;
        n.out(picked == null ? Moves.permute(n.g, n.in(0), order) : Operand.of(picked));
    }

    private static void expand(Imported n) {
        Operand.Open open = n.in(1).open();
        if (open == null) {
            n.out(Moves.expand(n.g, n.in(0), PointwiseRules.broadcast(n, n.shape(0), extents(n, n.longs(1, "extents")))));
            return;
        }
        Shape to = PointwiseRules.broadcast(n, n.shape(0), open.shape());
        if (n.in(0).count() != null || to.rank() != open.extents().size()) {
            throw n.refuse("its extents are only known in a run");
        }
        n.whole(Operand.of(Moves.counted(n.g, Moves.expand(n.g, n.in(0), to).value(n.g), open.count(), open.at(), to.dims())));
    }

    /** Extents of which one may be the count that the operand has. */
    private static long @Nullable [] extentsOf(Imported n) {
        Operand.Open open = n.has(1) ? n.in(1).open() : null;
        if (open == null) {
            return n.longs("shape", 1, "extents");
        }
        Value count = n.in(0).count();
        if (count == null || !Moves.unshaped(n.g, count).equals(Moves.unshaped(n.g, open.count()))) {
            throw n.refuse("its extents are only known in a run, and aren't those of its operand");
        }
        return open.shape().dims();
    }

    private static void reshape(Imported n) {
        long[] dims = extentsOf(n);
        if (dims == null) {
            throw n.bad("has no extents");
        }
        Shape x = n.shape(0);
        boolean zero = n.flag("allowzero", false);
        long rest = 1;
        int open = -1;
        for (int i = 0; i < dims.length; i++) {
            if (dims[i] == 0 && !zero && i < x.rank()) {
                dims[i] = x.dim(i);
            }
            if (dims[i] == -1 && open < 0) {
                open = i;
            } else if (dims[i] < 0) {
                throw n.bad("extents of " + Arrays.toString(dims));
            } else {
                rest *= dims[i];
            }
        }
        if (open >= 0) {
            if (rest == 0 || x.elements() % rest != 0) {
                throw n.bad("extents of " + Arrays.toString(dims) + " for " + x.elements() + " elements");
            }
            dims[open] = x.elements() / rest;
        }
        if (Shape.of(dims).elements() != x.elements()) {
            throw n.bad("extents of " + Arrays.toString(dims) + " for " + x.elements() + " elements");
        }
        n.out(Moves.reshape(n.g, n.in(0), Shape.of(dims)));
    }

    private static void flatten(Imported n) {
        Shape x = n.shape(0);
        long axis = n.integer("axis", 1);
        int at = (int) (axis < 0 ? axis + x.rank() : axis);
        if (at < 0 || at > x.rank()) {
            throw n.bad("has the axis " + axis + " of " + x.rank());
        }
        n.out(Moves.reshape(n.g, n.in(0), Shape.of(x.product(0, at), x.product(at, x.rank()))));
    }

    private static void squeeze(Imported n) {
        Shape x = n.shape(0);
        long[] named = n.longs("axes", 1, "axes");
        int[] axes = named == null
                ? IntStream.range(0, x.rank()).filter(a -> x.dim(a) == 1).toArray()
                : n.axes(named, x.rank());
        if (Arrays.stream(axes).anyMatch(a -> x.dim(a) != 1)) {
            throw n.bad("leaves out an axis of more than one element");
        }
        long[] left = IntStream.range(0, x.rank()).filter(a -> Arrays.stream(axes).noneMatch(b -> a == b)).mapToLong(x::dim)
                .toArray();
        n.out(Moves.reshape(n.g, n.in(0), Shape.of(left)));
    }

    private static void unsqueeze(Imported n) {
        Shape x = n.shape(0);
        long[] named = n.longs("axes", 1, "axes");
        if (named == null) {
            throw n.bad("has no axes");
        }
        int rank = x.rank() + named.length;
        int[] axes = n.axes(named, rank);
        List<Long> dims = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < rank; i++) {
            int axis = i;
            boolean added = Arrays.stream(axes).anyMatch(a -> a == axis);
            if (!added && from == x.rank()) {
                throw n.bad("names an axis twice");
            }
            dims.add(added ? 1 : x.dim(from++));
        }
        n.out(Moves.reshape(n.g, n.in(0), Shape.of(dims.stream().mapToLong(d -> d).toArray())));
    }

    private static void tile(Imported n) {
        Shape x = n.shape(0);
        long[] repeats = n.longs(1, "numbers of repetitions");
        if (repeats.length != x.rank() || Arrays.stream(repeats).anyMatch(r -> r < 0)) {
            throw n.bad("repetitions of " + Arrays.toString(repeats));
        }
        Operand y = n.in(0);
        for (int i = 0; i < x.rank(); i++) {
            if (repeats[i] != 1) {
                // (…, axis and what is within it) as rows, each repeated.
                Shape now = y.shape();
                long outer = now.product(0, i);
                long inner = now.product(i, x.rank());
                Operand spread = Moves.expand(n.g, Moves.reshape(n.g, y, Shape.of(outer, 1, inner)),
                        Shape.of(outer, repeats[i], inner));
                y = Moves.reshape(n.g, spread, now.with(i, now.dim(i) * repeats[i]));
            }
        }
        n.out(y);
    }

    private static void depthToSpace(Imported n) {
        Shape x = n.shape(0);
        long b = n.integer("blocksize", 1);
        if (x.rank() != 4 || b < 1 || x.dim(1) % (b * b) != 0) {
            throw n.bad("blocks of " + b);
        }
        long c = x.dim(1) / (b * b);
        boolean crd = n.text("mode", "DCR").equals("CRD");
        Operand apart = Moves.reshape(n.g, n.in(0), crd
                ? Shape.of(x.dim(0), c, b, b, x.dim(2), x.dim(3))
                : Shape.of(x.dim(0), b, b, c, x.dim(2), x.dim(3)));
        Operand moved = crd ? Moves.permute(n.g, apart, 0, 1, 4, 2, 5, 3) : Moves.permute(n.g, apart, 0, 3, 4, 1, 5, 2);
        n.out(Moves.reshape(n.g, moved, Shape.of(x.dim(0), c, x.dim(2) * b, x.dim(3) * b)));
    }

    private static void spaceToDepth(Imported n) {
        Shape x = n.shape(0);
        long b = n.integer("blocksize", 1);
        if (x.rank() != 4 || b < 1 || x.dim(2) % b != 0 || x.dim(3) % b != 0) {
            throw n.bad("blocks of " + b);
        }
        Operand apart = Moves.reshape(n.g, n.in(0), Shape.of(x.dim(0), x.dim(1), x.dim(2) / b, b, x.dim(3) / b, b));
        boolean crd = n.text("mode", "DCR").equals("CRD");
        n.out(Moves.reshape(n.g,
                crd ? Moves.permute(n.g, apart, 0, 1, 3, 5, 2, 4) : Moves.permute(n.g, apart, 0, 3, 5, 1, 2, 4),
                Shape.of(x.dim(0), x.dim(1) * b * b, x.dim(2) / b, x.dim(3) / b)));
    }

    private static void castLike(Imported n) {
        DType like = n.in(1).type().dtype();
        boolean truth = n.in(1).known() == null && like == DType.U8;
        n.out(cast(n, n.in(0), truth ? DType.BOOL : like));
    }

    private static void cast(Imported n, int to) {
        DType type = OnnxTensor.dtype(to);
        if (type == null || to > 16) {
            throw n.refuse("there is no element type " + OnnxTensor.typeName(to));
        }
        n.out(cast(n, n.in(0), type));
    }

    /** To a type of ONNX: between floating-point types nothing happens, a graph has one. */
    private static Operand cast(Imported n, Operand x, DType type) {
        HostTensor known = x.known();
        if (x.named() && type.floating()) {
            return x;
        }
        if (x.onHost() && known != null) {
            return Operand.of(Host.cast(known, type));
        }
        DType to = Operand.graphType(type);
        Value v = x.value(n.g);
        DType from = v.type().dtype();
        if (type == DType.BOOL && from != DType.U8) {
            Value zero = from == DType.F32 ? n.g.constant(0) : n.g.constant(HostTensor.of(Shape.of(), new int[] {0}));
            return Operand.of(n.add(new Compare(Relation.NOT_EQUAL), v, zero));
        }
        return from == to ? Operand.of(v, x.open()) : Operand.of(n.add(new Cast(to), v));
    }
}

package dev.kerf.backend.cpu.light;

import dev.kerf.backend.cpu.kernel.Faults;
import dev.kerf.backend.cpu.kernel.Kernel;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.backend.cpu.kernel.Site;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.PointwiseOp.Arithmetic;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.Shape;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Ops that copy elements, of any dtype. */
final class Moves {
    private Moves() {}

    static List<Kernel> build(MoveOp op, Site site, Lanes lanes) {
        Operand x = site.operand(0);
        Operand y = site.result(0);
        Shape shape = y.type().shape();
        long[] from = x.type().shape().strides();
        return switch (op) {
            case MoveOp.Concat c -> concat(c.axis(), site);
            case MoveOp.Gather g -> {
                Operand index = site.operand(g.tensors());
                Runs runs = new Runs(index.type().shape(), index.count(), false);
                yield IntStream.range(0, g.tensors()).<Kernel>mapToObj(i -> new Gather(site.node().name(), site.operand(i),
                        index, runs, site.result(i), site.faults())).toList();
            }
            case MoveOp.Pad p -> List.of(new Padding(p, x, y));
            case MoveOp.Reshape r -> List.of(strided(shape.strides(), 0, x, y, lanes));
            case MoveOp.Expand e -> List.of(strided(x.type().shape().stridesTo(shape), 0, x, y, lanes));
            case MoveOp.Permute p when site.tail().residual() -> List.of(new Transposition(Traversal.of(
                    Shape.of(x.type().shape().dim(0), x.type().shape().dim(2), x.type().shape().dim(1)),
                    new long[] {from[0], from[2], from[1]}), 0, x, y, site.operand(1), lanes));
            case MoveOp.Permute p -> List.of(strided(
                    p.order().stream().mapToLong(a -> from[a]).toArray(), 0, x, y, lanes));
            case MoveOp.Slice s -> {
                long[] steps = from.clone();
                steps[s.axis()] *= s.step();
                yield List.of(strided(steps, (int) (s.start() * from[s.axis()]), x, y, lanes));
            }
        };
    }

    private static Kernel strided(long[] strides, int first, Operand x, Operand y, Lanes lanes) {
        Traversal walk = Traversal.of(y.type().shape(), strides);
        int rank = walk.rank();
        boolean transposed = rank >= 2 && walk.step(0) != 1 && walk.stride(0, rank - 2) == 1;
        if (transposed) {
            return new Transposition(walk, first, x, y, null, lanes);
        }
        Runs runs = new Runs(y.type().shape(), null, false);
        return new RunTasks(runs, new Strided(walk, first, x, y));
    }

    private record Strided(Traversal walk, int first, Operand x, Operand y) implements RunTasks.Body {
        @Override
        public void run(int run, int element, int n) {
            for (int done = 0; done < n;) {
                int len = Math.min(n - done, walk.row() - (element + done) % walk.row());
                int from = x.offset() + first + walk.at(0, element + done);
                Elements.copy(x.array(), from, walk.step(0), y.array(), y.offset() + element + done, len);
                done += len;
            }
        }
    }

    /** The last two merged axes change places, and something may be added: done in squares, so that both sides stay in the cache. */
    private record Transposition(Traversal walk, int first, Operand x, Operand y, Operand residual, Lanes lanes)
            implements
                Kernel {
        private static final int SIDE = 64;

        private int rows() {
            return walk.dim(walk.rank() - 2);
        }

        private int strips() {
            return Math.ceilDiv(rows(), SIDE);
        }

        private int items() {
            int n = 1;
            for (int axis = 0; axis < walk.rank() - 2; axis++) {
                n *= walk.dim(axis);
            }
            return n * strips();
        }

        @Override
        public int tasks() {
            return Split.tasks(items(), (long) SIDE * walk.row());
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int items = items();
            for (int item = Split.first(task, tasks, items); item < Split.first(task + 1, tasks, items); item++) {
                int row = item % strips() * SIDE;
                int end = Math.min(rows(), row + SIDE);
                int element = item / strips() * rows() * walk.row();
                for (int column = 0; column < walk.row(); column += SIDE) {
                    int n = Math.min(SIDE, walk.row() - column);
                    if (y.type().dtype() == DType.F32) {
                        int at = element + row * walk.row() + column;
                        lanes.transpose(x.floats(), x.offset() + first + walk.at(0, at), walk.step(0), n, end - row,
                                y.floats(), y.offset() + at, walk.row());
                        for (int r = at; residual != null && r < at + (end - row) * walk.row(); r += walk.row()) {
                            lanes.binary(Arithmetic.ADD, y.floats(), y.offset() + r, residual.floats(), residual.offset() + r,
                                    y.floats(), y.offset() + r, n);
                        }
                        continue;
                    }
                    for (int r = row; r < end; r++) {
                        int at = element + r * walk.row() + column;
                        Elements.copy(x.array(), x.offset() + first + walk.at(0, at), walk.step(0), y.array(),
                                y.offset() + at, n);
                    }
                }
            }
        }
    }

    private static List<Kernel> concat(int axis, Site site) {
        Operand y = site.result(0);
        Shape shape = y.type().shape();
        int inner = (int) shape.product(axis + 1, shape.rank());
        int outer = (int) shape.product(0, axis);
        List<Kernel> parts = new ArrayList<>();
        int at = 0;
        for (int i = 0; i < site.node().inputs().size(); i++) {
            Operand x = site.operand(i);
            int part = x.type().shape().size(axis) * inner;
            boolean inPlace = x.array() != null && x.array() == y.array() && x.offset() == y.offset() + at;
            if (!inPlace && part > 0 && outer > 0) {
                parts.add(new Part(x, y, axis == 0 ? 1 : outer, axis == 0 ? part : shape.size(axis) * inner, at, part));
            }
            at += part;
        }
        return parts;
    }

    /** One operand of a concat: {@code pieces} pieces of {@code part} elements to every {@code row}th element of the result. */
    private record Part(Operand x, Operand y, int pieces, int row, int at, int part) implements Kernel {
        @Override
        public int tasks() {
            return Split.tasks(pieces, part);
        }

        @Override
        public void run(int task, int worker) {
            int tasks = tasks();
            int perItem = y.type().shape().rank() == 0 ? 1 : Math.max(1, pieces / y.type().shape().size(0));
            for (int i = Split.first(task, tasks, pieces); i < Split.first(task + 1, tasks, pieces); i++) {
                int item = i / perItem;
                int inItem = i % perItem;
                int from = x.offset() + (pieces == 1 ? 0 : item * x.batchStride() + inItem * part);
                int to = y.offset() + at + (pieces == 1 ? 0 : item * y.batchStride() + inItem * row);
                System.arraycopy(x.array(), from, y.array(), to, part);
            }
        }
    }

    private record Gather(String node, Operand x, Operand indices, Runs runs, Operand y, Faults faults)
            implements
                Kernel {
        @Override
        public int tasks() {
            return 1;
        }

        @Override
        public void run(int task, int worker) {
            int row = (int) Operand.itemElements(x.type());
            int rows = x.type().shape().size(0);
            if (x.count() != null && x.count().type().shape().rank() == 0) {
                rows = Math.clamp(x.count().ints()[x.count().offset()], 0, rows);
            }
            for (int run = 0; run < runs.count(); run++) {
                for (int i = run * runs.elements(), end = i + runs.valid(run); i < end; i++) {
                    int from = indices.ints()[indices.offset() + i];
                    if (from < 0 || from >= rows) {
                        faults.index(node, from, rows);
                    } else {
                        System.arraycopy(x.array(), x.offset() + from * row, y.array(), y.offset() + i * row, row);
                    }
                }
            }
        }
    }
}

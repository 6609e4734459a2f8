package dev.kerf.check.ptx.machine;

import dev.kerf.error.BadFileException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A kernel made ready to run: an operation for each instruction, its segments, and how many registers of each sort it needs.
 */
public final class Program {
    public final Entry entry;
    final List<Statement> statements;
    final Op[] ops;
    public final Flow.Segment[] segments;
    /** For each segment what its last instruction depends on: a slot of a predicate, or −1 for nothing. */
    final int[] guards;
    final boolean[] negated;
    /** For each segment which memory it reads: {@link Counts#GLOBAL}, {@link Counts#SHARED}, both or none. */
    final int[] reads;
    final List<Operands.Constant> constants;
    final Operands.Special[] specials;
    final Slots slots;
    /** Bytes of shared memory that the kernel itself declares. */
    public final int sharedBytes;
    final int localBytes;
    /** The smallest access to shared memory. */
    final int grain;
    /** Whether there are instructions that see shared memory otherwise than others do. */
    final boolean proxies;

    private Program(Entry entry, Map<String, Long> addresses) {
        this.entry = entry;
        statements = entry.statements();
        List<Flow.Segment> flow = Flow.segments(entry);
        segments = flow.toArray(Flow.Segment[]::new);
        slots = Slots.of(entry, flow);
        Operands o = new Operands(entry, slots, addresses);
        ops = new Op[statements.size()];
        guards = new int[segments.length];
        negated = new boolean[segments.length];
        reads = new int[segments.length];
        for (int s = 0; s < segments.length; s++) {
            Flow.Segment segment = segments[s];
            for (int i = segment.from(); i < segment.to(); i++) {
                Statement x = statements.get(i);
                reads[s] |= reads(x);
                if (Flow.end(x) == Flow.End.FALL) {
                    ops[i] = guarded(o, x, i, o.complete(decode(o, x, i)));
                }
            }
            Statement last = statements.get(segment.to() - 1);
            boolean ends = segment.end() != Flow.End.FALL;
            guards[s] = ends && last.guard() != null ? o.predicate(last.guard()) : -1;
            negated[s] = ends && last.negated();
            if (segment.end() == Flow.End.BARRIER) {
                ops[segment.to() - 1] = known(last, Barriers.of(last));
            }
        }
        constants = List.copyOf(o.constants());
        specials = o.specials().toArray(Operands.Special[]::new);
        sharedBytes = entry.bytes("shared");
        localBytes = entry.bytes("local");
        proxies = statements.stream().anyMatch(s -> s.base().equals("wgmma"));
        grain = statements.stream().filter(s -> s.has("shared") && s.type() != null && !s.base().equals("cp")
                && !s.base().equals("ldmatrix"))
                .mapToInt(s -> Math.min(4, s.type().bytes())).min().orElse(4);
    }

    /** {@code addresses}: where the module's global variables lie. */
    public static Program of(Entry entry, Map<String, Long> addresses) {
        return new Program(entry, addresses);
    }

    private static Op guarded(Operands o, Statement s, int index, Op op) {
        if (s.guard() == null) {
            return op;
        }
        int p = o.predicate(s.guard());
        int turn = s.negated() ? -1 : 0;
        return (w, m) -> {
            int lanes = m & (w.p[p] ^ turn);
            w.block.counts.guarded(index, m & ~lanes);
            if (lanes != 0) {
                op.run(w, lanes);
            }
        };
    }

    private Op decode(Operands o, Statement s, int index) {
        Op op = switch (s.base()) {
            case "mov", "selp", "cvta" -> Moves.of(o, s);
            case "setp" -> Comparisons.of(o, s);
            case "cvt" -> Conversions.of(o, s);
            case "ld", "st", "atom", "red" -> s.has("global")
                    ? GlobalAccess.of(o, s, index)
                    : s.has("shared") ? SharedAccess.of(o, s, index) : LocalAccess.of(o, s);
            case "cp" -> AsyncCopies.of(o, s, index);
            case "ldmatrix", "mma" -> Tensors.of(o, s, index);
            case "wgmma" -> GroupProducts.of(o, s, index);
            case "shfl", "vote", "activemask", "bar", "barrier" -> Shuffles.of(o, s);
            case "membar", "fence", "prefetch" -> s.has("proxy") ? (w, m) -> w.block.shared.show(w) : (w, m) -> {};
            default -> {
                Op found = Floats.of(o, s);
                found = found == null ? Ints.of(o, s) : found;
                yield found == null ? Longs.of(o, s) : found;
            }
        };
        return known(s, op);
    }

    private static int reads(Statement s) {
        return switch (s.base()) {
            case "ld", "atom" -> s.has("global") ? Counts.GLOBAL : s.has("shared") ? Counts.SHARED : 0;
            case "ldmatrix" -> Counts.SHARED;
            case "wgmma" -> s.has("mma_async") ? Counts.SHARED : 0;
            default -> 0;
        };
    }

    private Op known(Statement s, Op op) {
        if (op == null) {
            throw new BadFileException("line " + s.line() + " of kernel " + entry.name() + ": the interpreter doesn't know "
                    + s);
        }
        return op;
    }

    /** Bytes of a thread's own memory. */
    public int localBytes() {
        return localBytes;
    }

    /** How many 32-bit registers of a thread are alive at a time, about. */
    public int registers() {
        return slots.count(Type.Bank.INT) + slots.count(Type.Bank.FLOAT) + 2 * slots.count(Type.Bank.LONG);
    }

    /** What each instruction does, for counts: {@code fma.f32}, {@code ld.global}. */
    public List<String> kinds() {
        List<String> kinds = new ArrayList<>();
        statements.forEach(s -> kinds.add(kind(s)));
        return kinds;
    }

    private static String kind(Statement s) {
        return switch (s.base()) {
            case "ld", "st", "atom", "red" -> s.base() + "."
                    + (s.has("global") ? "global" : s.has("shared") ? "shared" : s.has("param") ? "param" : "local");
            case "cp" -> "cp.async";
            case "wgmma" -> "wgmma." + (s.has("mma_async") ? s.parts().get(4) + "." + s.parts().getLast() : s.parts().get(1));
            case "mma" -> "mma." + s.parts().get(3) + "." + s.parts().get(s.parts().size() - 2);
            default -> s.type() == null || s.base().equals("bra") ? s.base() : s.base() + "." + s.parts().getLast();
        };
    }
}

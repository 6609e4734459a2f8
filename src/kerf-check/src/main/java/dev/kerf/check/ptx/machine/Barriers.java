package dev.kerf.check.ptx.machine;

/** {@code bar.sync}: the barrier of a whole block. */
final class Barriers {
    private Barriers() {}

    /** Null, which is an error, for barriers of a part of a block. */
    static Op of(Statement s) {
        boolean whole = s.has("sync") && s.operands().size() == 1;
        return whole ? (w, m) -> w.waiting = w.now : null;
    }
}

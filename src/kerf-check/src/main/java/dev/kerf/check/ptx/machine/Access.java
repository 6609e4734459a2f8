package dev.kerf.check.ptx.machine;

/**
 * A load, a store or an atomic change, taken apart.
 *
 * @param address where
 * @param element bytes of one number
 * @param bytes   bytes of all that a lane reads or writes
 * @param cells   the registers that are loaded or stored, or get what was there before a change
 * @param change  what becomes of a number; null for loads and stores
 * @param operand of a change
 * @param swap    what replaces the number, for a change on condition; otherwise null
 */
record Access(
        Operands.Address address, int element, int bytes, Transfer.Cell[] cells, Atomics.Change change, Transfer.Cell operand,
        Transfer.Cell swap) {
    /** Null for types and changes that aren't known. */
    static Access of(Operands o, Statement s) {
        if (s.type() == null) {
            return null;
        }
        int element = s.type().bytes();
        boolean load = s.base().equals("ld");
        if (load || s.base().equals("st")) {
            Transfer.Cell[] cells = Transfer.cells(o, s, s.operand(load ? 0 : 1), load);
            return new Access(o.address(s.line(), s.operand(load ? 1 : 0)), element, element * cells.length, cells, null, null,
                    null);
        }
        Atomics.Change change = Atomics.change(s);
        if (change == null) {
            return null;
        }
        boolean result = s.base().equals("atom");
        int place = result ? 1 : 0;
        // A change is one of integers, whatever its registers are declared with.
        Type.Bank bank = s.type().bank();
        Transfer.Cell[] was = result
                ? new Transfer.Cell[] {new Transfer.Cell(bank, o.write(bank, s.operand(0)), s.type(), false)}
                : new Transfer.Cell[0];
        Transfer.Cell operand = new Transfer.Cell(bank, o.read(bank, s.operand(place + 1)), s.type(), false);
        Transfer.Cell swap = s.operands().size() > place + 2
                ? new Transfer.Cell(bank, o.read(bank, s.operand(place + 2)), s.type(), false)
                : null;
        return new Access(o.address(s.line(), s.operand(place)), element, element, was, change, operand, swap);
    }

    /** Loads what the lanes' places in {@link Warp#at} hold. */
    void load(Warp w, int lanes, byte[] from) {
        for (int k = 0; k < cells.length; k++) {
            Transfer.load(w, lanes, cells[k], from, w.at, k * element);
        }
    }

    /** Stores to the lanes' places. */
    void store(Warp w, int lanes, byte[] to) {
        for (int k = 0; k < cells.length; k++) {
            Transfer.store(w, lanes, cells[k], to, w.at, k * element);
        }
    }

    /** Changes the lanes' places, one after the other. */
    void change(Warp w, int lanes, byte[] memory) {
        Atomics.apply(w, lanes, change, element, memory, cells, operand, swap);
    }
}

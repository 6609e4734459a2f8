package dev.kerf.check.ptx.machine;

/** Between bytes and registers. */
final class Transfer {
    private Transfer() {}

    /**
     * A register and how it lies in memory.
     *
     * @param bank   that of the register
     * @param slot   the register
     * @param type   the type in memory
     * @param narrow whether the register has 16 bits
     */
    record Cell(Type.Bank bank, int slot, Type type, boolean narrow) {}

    /** The registers of a load or store, in order of their addresses. */
    static Cell[] cells(Operands o, Statement s, String operand, boolean load) {
        Type type = s.type();
        return Statement.elements(operand).stream().map(name -> {
            Type declared = o.type(name);
            Type.Bank bank = declared == null ? type.bank() : declared.bank();
            int slot = load ? o.write(bank, name) : o.read(bank, name);
            return new Cell(bank, slot, type, declared != null && declared.bytes() == 2);
        }).toArray(Cell[]::new);
    }

    /** Reads a register of each lane. Lanes that don't take part have a valid place too. */
    static void load(Warp w, int m, Cell c, byte[] from, int[] at, int plus) {
        switch (c.bank()) {
            case FLOAT -> {
                float[] z = w.floats(c.slot(), m);
                for (int t = 0; t < 32; t++) {
                    z[t] = (float) DeviceMemory.FLOAT.get(from, at[t] + plus);
                }
                w.put(z, c.slot(), m);
            }
            case INT -> {
                int[] z = w.ints(c.slot(), m);
                switch (c.type().bytes()) {
                    case 4 -> {
                        for (int t = 0; t < 32; t++) {
                            z[t] = (int) DeviceMemory.INT.get(from, at[t] + plus);
                        }
                    }
                    case 2 -> {
                        for (int t = 0; t < 32; t++) {
                            z[t] = c.type().fit((short) DeviceMemory.SHORT.get(from, at[t] + plus));
                        }
                    }
                    default -> {
                        for (int t = 0; t < 32; t++) {
                            z[t] = c.type().fit(from[at[t] + plus]);
                        }
                    }
                }
                if (c.narrow() && c.type().signed()) {
                    for (int t = 0; t < 32; t++) {
                        z[t] &= 0xFFFF;
                    }
                }
                w.put(z, c.slot(), m);
            }
            case LONG -> {
                long[] z = w.longs(c.slot(), m);
                for (int t = 0; t < 32; t++) {
                    z[t] = switch (c.type().bytes()) {
                        case 8 -> (long) DeviceMemory.LONG.get(from, at[t] + plus);
                        case 4 -> c.type().signed()
                                ? (int) DeviceMemory.INT.get(from, at[t] + plus)
                                : (int) DeviceMemory.INT.get(from, at[t] + plus) & 0xFFFFFFFFL;
                        case 2 -> c.type().fit((short) DeviceMemory.SHORT.get(from, at[t] + plus));
                        default -> c.type().fit(from[at[t] + plus]);
                    };
                }
                w.put(z, c.slot(), m);
            }
            case PREDICATE -> throw new IllegalStateException(c.toString());
        }
    }

    /** Writes a register of each lane that takes part. */
    static void store(Warp w, int lanes, Cell c, byte[] to, int[] at, int plus) {
        for (int m = lanes; m != 0; m &= m - 1) {
            int t = Integer.numberOfTrailingZeros(m);
            int a = at[t] + plus;
            switch (c.bank()) {
                case FLOAT -> DeviceMemory.FLOAT.set(to, a, w.f[c.slot()][t]);
                case INT -> bits(to, a, c.type().bytes(), w.i[c.slot()][t]);
                case LONG -> {
                    if (c.type().bytes() == 8) {
                        DeviceMemory.LONG.set(to, a, w.l[c.slot()][t]);
                    } else {
                        bits(to, a, c.type().bytes(), (int) w.l[c.slot()][t]);
                    }
                }
                case PREDICATE -> throw new IllegalStateException(c.toString());
            }
        }
    }

    private static void bits(byte[] to, int at, int bytes, int v) {
        switch (bytes) {
            case 4 -> DeviceMemory.INT.set(to, at, v);
            case 2 -> DeviceMemory.SHORT.set(to, at, (short) v);
            default -> to[at] = (byte) v;
        }
    }
}

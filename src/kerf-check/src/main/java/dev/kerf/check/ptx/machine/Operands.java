package dev.kerf.check.ptx.machine;

import dev.kerf.error.BadFileException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** From operands as they are written to slots of a warp's registers; numbers and special registers get slots of their own. */
final class Operands {
    /** A number that a slot holds from the start. */
    record Constant(Type.Bank bank, int slot, long bits) {}

    /** A special register that a slot holds: {@code tid}, {@code ntid}, {@code ctaid}, {@code nctaid}, {@code laneid} …. */
    record Special(String name, int axis, int slot) {}

    /**
     * An address.
     *
     * @param bank   that of its register; null if it has none
     * @param slot   its register
     * @param offset what is added
     * @param symbol the parameter that it lies in, or null
     */
    record Address(Type.Bank bank, int slot, long offset, String symbol) {}

    /** The special registers that a block fills. */
    private static final Pattern SPECIAL = Pattern
            .compile("%(?:(?:tid|ntid|ctaid|nctaid)\\.[xyz]|laneid|warpid|lanemask_(?:lt|le|eq))");
    private static final Pattern DECIMAL = Pattern.compile("-?\\d+\\.\\d*(?:[eE][-+]?\\d+)?");

    private final Entry entry;
    private final Slots slots;
    private final Map<String, Long> addresses;
    private final Map<String, Integer> known = new HashMap<>();
    private final List<Constant> constants = new ArrayList<>();
    private final List<Special> specials = new ArrayList<>();
    private final List<Op> before = new ArrayList<>();
    private final List<Op> after = new ArrayList<>();

    /** {@code addresses}: where variables in global memory lie. */
    Operands(Entry entry, Slots slots, Map<String, Long> addresses) {
        this.entry = entry;
        this.slots = slots;
        this.addresses = addresses;
    }

    List<Constant> constants() {
        return constants;
    }

    List<Special> specials() {
        return specials;
    }

    Entry entry() {
        return entry;
    }

    Slots slots() {
        return slots;
    }

    /** An instruction's work, with what its operands need before and after it. */
    Op complete(Op op) {
        if (before.isEmpty() && after.isEmpty()) {
            return op;
        }
        Op[] all = new Op[before.size() + 1 + after.size()];
        int n = 0;
        for (Op b : before) {
            all[n++] = b;
        }
        all[n++] = op;
        for (Op a : after) {
            all[n++] = a;
        }
        before.clear();
        after.clear();
        return (w, m) -> {
            for (Op o : all) {
                o.run(w, m);
            }
        };
    }

    boolean register(String name) {
        return entry.registers().containsKey(name);
    }

    /** The type that a register is declared with; null if it is none. */
    Type type(String name) {
        return entry.registers().get(name);
    }

    /** Where a value is read from. */
    int read(Type.Bank bank, String name) {
        Type type = entry.registers().get(name);
        if (type == null) {
            return constant(bank, name);
        }
        int slot = slots.of(name);
        if (type.bank() == bank) {
            return slot;
        }
        int copy = slots.add(bank);
        before.add(moved(type.bank(), slot, bank, copy, name));
        return copy;
    }

    /** Where a value is written to. */
    int write(Type.Bank bank, String name) {
        Type type = entry.registers().get(name);
        if (name.equals("_")) {
            return slots.add(bank);
        }
        if (type == null) {
            throw new BadFileException("kernel " + entry.name() + " writes to " + name + ", which is no register");
        }
        int slot = slots.of(name);
        if (type.bank() == bank) {
            return slot;
        }
        int copy = slots.add(bank);
        after.add(moved(bank, copy, type.bank(), slot, name));
        return copy;
    }

    private Op moved(Type.Bank from, int a, Type.Bank to, int d, String name) {
        if (from == Type.Bank.INT && to == Type.Bank.FLOAT) {
            return Moves.toFloat(d, a);
        }
        if (from == Type.Bank.FLOAT && to == Type.Bank.INT) {
            return Moves.toInt(d, a);
        }
        throw new BadFileException("kernel " + entry.name() + " uses " + name + " (" + entry.registers().get(name)
                + ") as " + (entry.registers().get(name).bank() == from ? to : from));
    }

    int ints(String name) {
        return read(Type.Bank.INT, name);
    }

    int floats(String name) {
        return read(Type.Bank.FLOAT, name);
    }

    int longs(String name) {
        return read(Type.Bank.LONG, name);
    }

    int predicate(String name) {
        return read(Type.Bank.PREDICATE, name);
    }

    private int constant(Type.Bank bank, String name) {
        String key = bank + " " + name;
        Integer slot = known.get(key);
        if (slot == null) {
            slot = slots.add(bank);
            known.put(key, slot);
            if (name.startsWith("%")) {
                if (!SPECIAL.matcher(name).matches() || bank != Type.Bank.INT) {
                    throw new BadFileException("kernel " + entry.name() + " reads " + name + " as " + bank
                            + ": it is no register of that kind");
                }
                int dot = name.indexOf('.');
                specials.add(new Special(name.substring(1, dot < 0 ? name.length() : dot),
                        dot < 0 ? 0 : name.charAt(dot + 1) - 'x', slot));
            } else {
                constants.add(new Constant(bank, slot, symbol(name) ? address(name) : number(name, bank)));
            }
        }
        return slot;
    }

    private boolean symbol(String name) {
        return entry.variables().containsKey(name);
    }

    private long address(String variable) {
        Entry.Variable v = entry.variables().get(variable);
        Long global = addresses.get(variable);
        return global != null ? global : v.offset();
    }

    private static long number(String text, Type.Bank bank) {
        if (bank != Type.Bank.FLOAT) {
            return number(text);
        }
        if (DECIMAL.matcher(text).matches()) {
            return Float.floatToRawIntBits(Float.parseFloat(text));
        }
        if (!text.matches("0[fF]\\p{XDigit}{8}|0x\\p{XDigit}{1,8}")) {
            throw new BadFileException("the PTX module has " + text + " where a register or a float32 is expected");
        }
        return number(text);
    }

    /** The bits of a number as PTX writes it. */
    static long number(String text) {
        try {
            if (text.matches("0[fF]\\p{XDigit}{8}")) {
                return Integer.parseUnsignedInt(text.substring(2), 16);
            }
            if (text.matches("0[dD]\\p{XDigit}{16}")) {
                return Long.parseUnsignedLong(text.substring(2), 16);
            }
            String s = text.endsWith("U") ? text.substring(0, text.length() - 1) : text;
            if (s.startsWith("0x")) {
                return Long.parseUnsignedLong(s.substring(2), 16);
            }
            return s.startsWith("-") ? Long.parseLong(s) : Long.parseUnsignedLong(s);
        } catch (NumberFormatException e) {
            throw new BadFileException("the PTX module has " + text + " where a register or a number is expected", e);
        }
    }

    /** What stands in brackets. */
    Address address(int statementLine, String operand) {
        if (!operand.startsWith("[")) {
            throw new BadFileException("line " + statementLine + " of the PTX module: " + operand + " is no address");
        }
        String s = operand.substring(1, operand.length() - 1).strip();
        int plus = s.indexOf('+', 1);
        String base = (plus < 0 ? s : s.substring(0, plus)).strip();
        long offset = plus < 0 ? 0 : number(s.substring(plus + 1).strip());
        Type type = entry.registers().get(base);
        if (type != null) {
            return new Address(type.bank(), slots.of(base), offset, null);
        }
        if (entry.parameters().containsKey(base)) {
            return new Address(null, 0, entry.parameters().get(base).offset() + offset, base);
        }
        if (symbol(base)) {
            return new Address(null, 0, address(base) + offset, base);
        }
        return new Address(null, 0, number(base) + offset, null);
    }
}

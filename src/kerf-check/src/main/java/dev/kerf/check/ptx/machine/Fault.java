package dev.kerf.check.ptx.machine;

/** That a kernel broke a rule. */
public final class Fault extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final Rule rule;

    /** {@code what}: the access, with its address, without the place in the program. */
    Fault(Rule rule, String what) {
        super(what);
        this.rule = rule;
    }

    public Rule rule() {
        return rule;
    }
}

package dev.kerf.check.ptx.machine;

/** What the interpreter watches. */
public enum Rule {
    OUTSIDE_MEMORY("the address lies in no allocation that there is, or beyond its end"), MISALIGNED(
            "an address must be a multiple of what is read or written there"), UNINITIALISED(
                    "nobody has written what is read"), RACE(
                            "another warp has read or written the same place, and no barrier stands between"), DIVERGENT_BARRIER(
                                    "all threads of a group must come to the same barrier"), PENDING_COPY(
                                            "an asynchronous copy is under way there: cp.async.wait_group must come first"), MISSING_LANES(
                                                    "all lanes of a warp must take part"), UNFENCED(
                                                            "wgmma sees what other instructions did after a fence: wgmma.fence of registers, fence.proxy.async of shared memory");

    private final String meaning;

    Rule(String meaning) {
        this.meaning = meaning;
    }

    /** Why it is one. */
    public String meaning() {
        return meaning;
    }
}

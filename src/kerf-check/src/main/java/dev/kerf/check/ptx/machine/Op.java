package dev.kerf.check.ptx.machine;

/** What an instruction does to a warp. */
@FunctionalInterface
interface Op {
    /**
     * Does it.
     *
     * @param warp  whose registers it reads and writes
     * @param lanes for which lanes, one bit each; never none
     */
    void run(Warp warp, int lanes);
}

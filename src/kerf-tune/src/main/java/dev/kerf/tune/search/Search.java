package dev.kerf.tune.search;

/**
 * A search under way: it is asked for a configuration, told what that one costs, and asked again. It may ask for one that it
 * has been told of before; that costs nothing.
 */
public interface Search {
    /** What {@link #ask} says when there is nothing left to try. */
    int DONE = -1;

    /** The number of the configuration to try next, or {@link #DONE}. */
    int ask();

    /**
     * What the configuration asked for last costs.
     *
     * @param cost the less the better; infinite for one that failed
     */
    void tell(int configuration, double cost);
}

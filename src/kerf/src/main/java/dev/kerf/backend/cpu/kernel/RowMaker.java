package dev.kerf.backend.cpu.kernel;

/** Makes rows of numbers, some at a time, for a kernel that reads them at once. */
@FunctionalInterface
public interface RowMaker {
    /** Rows from {@code first} on, one after the other from {@code to[at]} on. */
    void rows(int first, int count, float[] to, int at);
}

package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import org.apache.spark.SparkConf;

/**
 * Memory outside the heap, which an executor's container has to have room for: weights lie there, mapped from their file, whatever device
 * computes; the CPU's own arrays lie on the heap.
 *
 * @param limited   whether a container that takes more is killed: on YARN and Kubernetes
 * @param available bytes beside the heap that were asked for
 */
record MemoryCheck(boolean limited, long available) {
    private static final System.Logger LOG = System.getLogger(MemoryCheck.class.getName());
    /** What the JVM itself, Spark's buffers and the threads' stacks take of it. */
    private static final long OWN = 256L << 20;

    static MemoryCheck of(SparkConf conf) {
        String master = conf.get("spark.master", "");
        long heap = conf.getSizeAsMb("spark.executor.memory", "1g");
        double factor = conf.getDouble("spark.executor.memoryOverheadFactor", 0.1);
        long least = conf.getSizeAsMb("spark.executor.minMemoryOverhead", "384m");
        long overhead = conf.contains("spark.executor.memoryOverhead")
                ? conf.getSizeAsMb("spark.executor.memoryOverhead")
                : Math.max(least, (long) (factor * heap));
        return new MemoryCheck(master.startsWith("yarn") || master.startsWith("k8s"), overhead << 20);
    }

    /**
     * Refuses weights that there is no room for where a container would be killed, and warns of them elsewhere.
     *
     * @throws BadInputException with what is needed and what there is
     */
    void weights(ModelFile model) {
        long needed = model.bytes() + OWN;
        if (needed <= available) {
            return;
        }
        String said = model.name() + " takes " + mib(model.bytes()) + " MiB outside the heap and the JVM " + mib(OWN)
                + ", spark.executor.memoryOverhead leaves " + mib(available) + ": give --conf spark.executor.memoryOverhead="
                + mib(needed) + "m";
        if (limited) {
            throw new BadInputException(said);
        }
        LOG.log(System.Logger.Level.WARNING, said);
    }

    private static long mib(long bytes) {
        return Math.ceilDiv(bytes, 1L << 20);
    }
}

package dev.kerf.spark;

import static org.apache.spark.sql.functions.col;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import org.apache.spark.Partitioner;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.storage.StorageLevel;
import scala.Tuple2;

/**
 * Images by the size of their files, the largest first, cut into shards of about equal bytes: an image that is larger than a shard has one
 * of its own, small ones share one. Shards are started in that order, so that what takes longest isn't begun last. The driver holds a
 * number for each partition, never the list.
 */
final class Shards implements AutoCloseable {
    /** What an image costs beside its bytes. */
    static final long EACH = 64 << 10;
    private static final long LEAST = 256 << 10;
    private static final long MOST = 256L << 20;
    /** Shards for each slot, where there are images enough: what is begun last is then an eighth of a slot's work at most. */
    private static final int ROUNDS = 8;

    private final Dataset<Row> sorted;
    private final Dataset<Row> images;

    private Shards(Dataset<Row> sorted, Dataset<Row> images) {
        this.sorted = sorted;
        this.images = images;
    }

    /** Partitions are shards, by number. */
    static final class ByNumber extends Partitioner {
        private static final long serialVersionUID = 1L;
        private final int shards;

        ByNumber(int shards) {
            this.shards = shards;
        }

        @Override
        public int numPartitions() {
            return shards;
        }

        @Override
        public int getPartition(Object key) {
            return (Integer) key;
        }
    }

    /**
     * Cuts them.
     *
     * @param images columns path and length
     * @param slots  tasks at once
     * @param bytes  of a shard; 0 to choose
     */
    static Shards of(Dataset<Row> images, int slots, long bytes) {
        Dataset<Row> sorted = images.orderBy(col("length").desc(), col("path")).persist(StorageLevel.MEMORY_AND_DISK());
        JavaRDD<Row> rows = sorted.javaRDD();
        int length = Arrays.asList(sorted.columns()).indexOf("length");
        long[] sums = new long[rows.getNumPartitions()];
        rows.mapPartitionsWithIndex((i, part) -> List.of(new Tuple2<>(i, sum(part, length))).iterator(), true).collect()
                .forEach(t -> sums[t._1] = t._2);
        long[] before = new long[sums.length];
        for (int i = 1; i < sums.length; i++) {
            before[i] = before[i - 1] + sums[i - 1];
        }
        long total = Arrays.stream(sums).sum();
        long each = bytes > 0 ? bytes : Math.clamp(total / ((long) slots * ROUNDS), LEAST, MOST);
        int shards = Math.clamp(Math.ceilDiv(total, each), 1, Integer.MAX_VALUE / 2);
        JavaPairRDD<Integer, Row> numbered = rows
                .mapPartitionsWithIndex((i, part) -> numbered(part, length, before[i], each, shards), true).mapToPair(t -> t);
        return new Shards(sorted,
                sorted.sparkSession().createDataFrame(numbered.partitionBy(new ByNumber(shards)).values(), sorted.schema()));
    }

    /** The images, a partition for each shard. */
    Dataset<Row> images() {
        return images;
    }

    /** Lets the sorted list go. */
    @Override
    public void close() {
        sorted.unpersist();
    }

    private static long sum(Iterator<Row> rows, int length) {
        long sum = 0;
        while (rows.hasNext()) {
            sum += rows.next().getLong(length) + EACH;
        }
        return sum;
    }

    private static Iterator<Tuple2<Integer, Row>> numbered(Iterator<Row> rows, int length, long before, long each, int shards) {
        List<Tuple2<Integer, Row>> out = new ArrayList<>();
        long at = before;
        while (rows.hasNext()) {
            Row row = rows.next();
            out.add(new Tuple2<>((int) Math.min(shards - 1, at / each), row));
            at += row.getLong(length) + EACH;
        }
        return out.iterator();
    }
}

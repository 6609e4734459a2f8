package dev.kerf.spark;

import java.io.Serializable;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.spark.TaskContext;

/**
 * How many images a task has done and how many of them failed. An executor keeps it by the task's attempt until the attempt's results are
 * committed, and only what is committed reaches the driver: an attempt that is lost or comes second counts nothing.
 *
 * @param images rows that were made
 * @param errors those that hold an error
 * @param first  an error; null if there is none
 */
record ShardTally(long images, long errors, String first) implements Serializable {
    private static final Map<Long, ShardTally> RUNNING = new ConcurrentHashMap<>();
    private static final ShardTally NONE = new ShardTally(0, 0, null);

    /** Counts an image of a task; that there is none is for tests. */
    static void count(TaskContext task, boolean done, String error) {
        if (task == null) {
            return;
        }
        long attempt = task.taskAttemptId();
        if (RUNNING.merge(attempt, new ShardTally(1, done ? 0 : 1, error), ShardTally::plus).images == 1) {
            task.addTaskCompletionListener(_ -> {
                RUNNING.remove(attempt);
            });
        }
    }

    /** What the running task has counted. */
    static ShardTally of(TaskContext task) {
        return RUNNING.getOrDefault(task.taskAttemptId(), NONE);
    }

    ShardTally plus(ShardTally other) {
        return new ShardTally(images + other.images, errors + other.errors, first == null ? other.first : first);
    }
}

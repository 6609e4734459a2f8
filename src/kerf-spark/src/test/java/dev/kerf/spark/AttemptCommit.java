package dev.kerf.spark;

import java.io.IOException;
import java.io.Serial;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.apache.hadoop.mapreduce.JobContext;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.spark.TaskContext;
import org.apache.spark.internal.io.FileCommitProtocol;
import org.apache.spark.internal.io.FileNameSpec;
import scala.Option;
import scala.collection.immutable.Seq;

/**
 * {@link ShardCommit}, with something that happens to the first partition's attempts at a moment of its choice. Attempts tell each other
 * what they have done by files beside the folder of results, and wait for that, not for a time.
 */
@SuppressWarnings("deprecation") // Spark still declares older forms, which have to be there.
abstract class AttemptCommit extends FileCommitProtocol implements Serializable {
    @Serial
    private static final long serialVersionUID = 1L;
    /** Longer than any attempt takes: who waits for so long waits in vain. */
    private static final long PATIENCE_MILLIS = 300_000;

    private final ShardCommit shards;
    private final String folder;

    AttemptCommit(String job, String folder) {
        this.shards = new ShardCommit(job, folder);
        this.folder = folder;
    }

    /** The process of an attempt ends between its rename and its report. */
    public static final class Lost extends AttemptCommit {
        @Serial
        private static final long serialVersionUID = 1L;

        /** As Spark makes it. */
        public Lost(String job, String folder) {
            super(job, folder);
        }

        @Override
        void committed(int attempt) {
            // Numbers of attempts begin anew with a stage that is run again, as is one whose input the process had.
            if (hasSaid("lost")) {
                say("again");
            } else {
                say("lost");
                Runtime.getRuntime().halt(1);
            }
        }
    }

    /**
     * The first attempt is slow until a speculative one has its shard in place, and then commits, too; the speculative one reports
     * only after that.
     */
    public static final class Slow extends AttemptCommit {
        @Serial
        private static final long serialVersionUID = 1L;

        /** As Spark makes it. */
        public Slow(String job, String folder) {
            super(job, folder);
        }

        @Override
        void begun(int attempt) {
            if (attempt == 0) {
                await("committed-1");
            }
        }

        @Override
        void committed(int attempt) {
            say("committed-" + attempt);
            if (attempt == 1) {
                await("committed-0");
            }
        }
    }

    /** An attempt at the first partition is about to write. */
    void begun(int attempt) {}

    /** It has committed, and nobody knows yet. */
    void committed(int attempt) {}

    /** What an attempt said, as a file. */
    static Path said(String folder, String what) {
        return Path.of(new org.apache.hadoop.fs.Path(folder).toUri().getPath()).resolveSibling(what);
    }

    final boolean hasSaid(String what) {
        return Files.exists(said(folder, what));
    }

    final void say(String what) {
        try {
            Files.writeString(said(folder, what), what);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    final void await(String what) {
        long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
        while (!hasSaid(what)) {
            if (System.nanoTime() > end) {
                throw new IllegalStateException("nobody said " + what);
            }
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                throw new IllegalStateException("killed before anybody said " + what, e);
            }
        }
    }

    private static boolean isFirst() { return TaskContext.get().partitionId() == 0; }

    @Override
    public void setupJob(JobContext context) {
        shards.setupJob(context);
    }

    @Override
    public void commitJob(JobContext context, Seq<TaskCommitMessage> messages) {
        shards.commitJob(context, messages);
    }

    @Override
    public void abortJob(JobContext context) {
        shards.abortJob(context);
    }

    @Override
    public void setupTask(TaskAttemptContext context) {
        shards.setupTask(context);
    }

    @Override
    public String newTaskTempFile(TaskAttemptContext context, Option<String> dir, FileNameSpec name) {
        if (isFirst()) {
            begun(TaskContext.get().attemptNumber());
        }
        return shards.newTaskTempFile(context, dir, name);
    }

    @Override
    public String newTaskTempFile(TaskAttemptContext context, Option<String> dir, String ending) {
        return newTaskTempFile(context, dir, new FileNameSpec("", ending));
    }

    @Override
    public String newTaskTempFileAbsPath(TaskAttemptContext context, String directory, String ending) {
        return shards.newTaskTempFileAbsPath(context, directory, ending);
    }

    @Override
    public TaskCommitMessage commitTask(TaskAttemptContext context) {
        TaskCommitMessage message = shards.commitTask(context);
        if (isFirst()) {
            committed(TaskContext.get().attemptNumber());
        }
        return message;
    }

    @Override
    public void abortTask(TaskAttemptContext context) {
        shards.abortTask(context);
    }

    @Override
    public void onTaskCommit(TaskCommitMessage message) {
        shards.onTaskCommit(message);
    }
}

package dev.kerf.spark;

import java.io.IOException;
import java.io.Serial;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.function.Consumer;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.mapreduce.JobContext;
import org.apache.hadoop.mapreduce.TaskAttemptContext;
import org.apache.spark.TaskContext;
import org.apache.spark.internal.io.FileCommitProtocol;
import org.apache.spark.internal.io.FileNameSpec;
import scala.Option;
import scala.collection.immutable.Seq;

/**
 * Commits each shard of a write by itself: a task writes below {@code _temporary}, and its file is renamed into the folder when it is
 * whole. What is in the folder is final, whatever ends the job, and a later run takes it from there. The name is the job's and the
 * partition's, so that an attempt that comes second, a retry or a speculative one, finds its work done.
 *
 * <p>A rename is one step on local disks, HDFS and what behaves like it. Object stores copy instead: there a file appears whole as well,
 * but the copy costs its bytes once more.
 */
@SuppressWarnings("deprecation") // Spark still declares older forms, which have to be there.
public final class ShardCommit extends FileCommitProtocol implements Serializable {
    @Serial
    private static final long serialVersionUID = 1L;
    private static final String TEMPORARY = "_temporary";
    /** Who wants to know what is committed, by the folder; in the driver. */
    private static final ConcurrentMap<String, Consumer<ShardTally>> WATCHERS = new ConcurrentHashMap<>();

    private final String job;
    private final String folder;
    private transient Path written;

    /** As Spark makes it. */
    public ShardCommit(String job, String folder) {
        this.job = job;
        this.folder = folder;
    }

    /** Tells of each committed shard, on the driver, until {@link #unwatch}. */
    static void watch(String folder, Consumer<ShardTally> watcher) {
        WATCHERS.put(new Path(folder).toString(), watcher);
    }

    static void unwatch(String folder) {
        WATCHERS.remove(new Path(folder).toString());
    }

    private Path temporary() {
        return new Path(new Path(folder, TEMPORARY), job);
    }

    private static FileSystem files(Path path, JobContext context) throws IOException {
        return path.getFileSystem(context.getConfiguration());
    }

    @Override
    public void setupJob(JobContext context) {
        try {
            files(temporary(), context).mkdirs(temporary());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void commitJob(JobContext context, Seq<TaskCommitMessage> messages) {
        clear(context);
    }

    /** Shards that are committed stay. */
    @Override
    public void abortJob(JobContext context) {
        clear(context);
    }

    private void clear(JobContext context) {
        try {
            files(temporary(), context).delete(temporary(), true);
            // Other jobs may be writing: only if it is empty.
            Path all = new Path(folder, TEMPORARY);
            FileSystem files = files(all, context);
            if (files.exists(all) && files.listStatus(all).length == 0) {
                files.delete(all, false);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void setupTask(TaskAttemptContext context) {
        written = null;
    }

    @Override
    public String newTaskTempFile(TaskAttemptContext context, Option<String> dir, FileNameSpec name) {
        if (written != null) {
            throw new IllegalStateException("a shard is one file: " + written + " is being written");
        }
        TaskContext task = TaskContext.get();
        String file = String.format("%spart-%05d-%s%s", name.prefix(), task.partitionId(), job, name.suffix());
        written = new Path(new Path(temporary(), Long.toString(task.taskAttemptId())), file);
        return written.toString();
    }

    @Override
    public String newTaskTempFile(TaskAttemptContext context, Option<String> dir, String ending) {
        return newTaskTempFile(context, dir, new FileNameSpec("", ending));
    }

    @Override
    public String newTaskTempFileAbsPath(TaskAttemptContext context, String directory, String ending) {
        throw new UnsupportedOperationException("shards lie in one folder");
    }

    @Override
    public TaskCommitMessage commitTask(TaskAttemptContext context) {
        TaskContext task = TaskContext.get();
        if (written != null) {
            try {
                commit(context);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
        return new TaskCommitMessage(ShardTally.of(task));
    }

    private void commit(TaskAttemptContext context) throws IOException {
        FileSystem files = files(written, context);
        Path last = new Path(folder, written.getName());
        // Another attempt, or one whose executor was lost after its rename, has done all there was to do.
        if (!files.exists(last) && !files.rename(written, last) && !files.exists(last)) {
            throw new IOException(written + " can't be renamed to " + last);
        }
        files.delete(written.getParent(), true);
    }

    @Override
    public void abortTask(TaskAttemptContext context) {
        if (written != null) {
            try {
                files(written, context).delete(written.getParent(), true);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    @Override
    public void onTaskCommit(TaskCommitMessage message) {
        Consumer<ShardTally> watcher = WATCHERS.get(new Path(folder).toString());
        if (watcher != null && message.obj() instanceof ShardTally tally) {
            watcher.accept(tally);
        }
    }
}

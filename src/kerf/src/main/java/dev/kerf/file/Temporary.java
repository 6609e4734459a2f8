package dev.kerf.file;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermission;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import org.jspecify.annotations.Nullable;

/**
 * A temporary file of this process. It is locked as long as it is written, so that other processes, in other containers too,
 * tell it from what a dead process left, which they remove. The process removes its own when it ends.
 */
final class Temporary implements AutoCloseable {
    private static final String MARK = ".kerf-";
    private static final int LONGEST_ENDING = 16;
    private static final int MOST_SWEPT = 1000;

    // Three that belong together, guarded by the class.
    private static final Set<Path> OURS = new HashSet<>();
    private static final Set<Path> SWEPT = new HashSet<>();
    private static boolean ending;

    static {
        try {
            Runtime.getRuntime().addShutdownHook(new Thread(Temporary::end, "kerf-temporary-files"));
        } catch (IllegalStateException e) {
            ending = true;
        }
    }

    private final Path path;
    /** Holds the lock; null where the file system isn't the machine's. */
    private final @Nullable FileChannel held;

    private Temporary(Path path) throws IOException {
        this.path = path;
        try {
            Files.createFile(path);
            held = path.getFileSystem() == FileSystems.getDefault()
                    ? FileChannel.open(path, StandardOpenOption.WRITE)
                    : null;
        } catch (IOException | RuntimeException | Error e) {
            remove(path);
            throw e;
        }
    }

    /** An empty file in the directory of another, whose name ends like the other's. */
    static Temporary beside(Path target) throws IOException {
        sweep(target.getParent());
        String name = target.getFileName().toString();
        String end = name.substring(Math.max(0, name.lastIndexOf('.')));
        while (true) {
            String mark = MARK + Long.toHexString(ThreadLocalRandom.current().nextLong()) + ".tmp";
            Path path = target.resolveSibling(name.contains(".") && end.length() <= LONGEST_ENDING ? mark + end : mark);
            Temporary made;
            // In one step with the making: the end of the process would remove it too early otherwise.
            synchronized (Temporary.class) {
                requireRunning();
                OURS.add(path);
                made = new Temporary(path);
            }
            if (made.lock()) {
                permit(path, target);
                return made;
            }
            made.close();
        }
    }

    /** Gives it the permissions of the file whose place it takes, before anything is in it; it can be written in any case. */
    private static void permit(Path path, Path target) {
        try {
            Set<PosixFilePermission> permissions = new HashSet<>(Files.getPosixFilePermissions(target));
            permissions.add(PosixFilePermission.OWNER_WRITE);
            Files.setPosixFilePermissions(path, permissions);
        } catch (IOException | UnsupportedOperationException e) {
            // There is none, or no permissions: it has what new files have.
            return;
        }
    }

    /** Removes what dead processes left in a directory, once. */
    private static void sweep(Path directory) {
        synchronized (Temporary.class) {
            if (SWEPT.size() == MOST_SWEPT) {
                SWEPT.clear();
            }
            if (!SWEPT.add(directory)) {
                return;
            }
        }
        try (DirectoryStream<Path> left = Files.newDirectoryStream(directory, MARK + "*.tmp*")) {
            for (Path p : left) {
                if (Files.isRegularFile(p, LinkOption.NOFOLLOW_LINKS) && !isOurs(p)) {
                    removeIfDead(p);
                }
            }
        } catch (IOException | DirectoryIteratorException e) {
            // Who may write into a directory needn't be allowed to list it.
            return;
        }
    }

    private static synchronized boolean isOurs(Path p) {
        return OURS.contains(p);
    }

    private static void removeIfDead(Path p) {
        try (FileChannel channel = FileChannel.open(p, StandardOpenOption.WRITE); FileLock lock = channel.tryLock()) {
            if (lock != null) {
                Files.deleteIfExists(p);
            }
        } catch (IOException | OverlappingFileLockException e) {
            // Somebody else's, or on a file system without locks: it may be in use.
            return;
        }
    }

    /** False if another process took the file for a dead one's before it was locked. */
    private boolean lock() {
        try {
            if (held != null && held.tryLock() == null) {
                return false;
            }
        } catch (IOException e) {
            // A file system without locks, where nobody can take it for a dead one's.
            return true;
        }
        return Files.exists(path);
    }

    private static void requireRunning() throws IOException {
        if (ending) {
            throw new IOException("the process is ending");
        }
    }

    Path path() {
        return path;
    }

    /** Whether it is open here for its lock, which the system takes back when any stream to the file is closed. */
    boolean isHeld() {
        return held != null;
    }

    /** Has it on the disk and puts it in another file's place, in one step. */
    void moveTo(Path target) throws IOException {
        // An interrupt would close the channel, and is for the caller to deal with.
        boolean interrupted = Thread.interrupted();
        try {
            if (held != null) {
                held.force(true);
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        synchronized (Temporary.class) {
            requireRunning();
            Files.move(path, target, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }
    }

    /** Removes it unless it was moved. */
    @Override
    public void close() throws IOException {
        remove(path);
        if (held != null) {
            held.close();
        }
    }

    private static synchronized void remove(Path p) {
        delete(p);
        OURS.remove(p);
    }

    private static void delete(Path p) {
        try {
            Files.deleteIfExists(p);
        } catch (IOException e) {
            System.getLogger(Temporary.class.getName())
                    .log(System.Logger.Level.WARNING, "{0} is left over and can be deleted ({1})", p, e);
        }
    }

    private static synchronized void end() {
        ending = true;
        OURS.forEach(Temporary::delete);
    }
}

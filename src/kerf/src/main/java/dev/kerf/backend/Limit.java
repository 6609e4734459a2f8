package dev.kerf.backend;

import dev.kerf.error.BadInputException;
import dev.kerf.error.CancelledException;
import dev.kerf.error.DeadlineExceededException;
import java.time.Duration;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * When a call has to give up: after a time, or when another thread says so. It holds for everything that the calling thread
 * asks of models, trackers, metrics and executables within {@link #call}.
 *
 * <pre>{@code
 * Limit limit = Limit.within(Duration.ofMillis(40));
 * Segmentation s = limit.call(() -> net.segment(frame, options));   // DeadlineExceededException after 40 ms
 * limit.cancel();                                                   // from another thread: CancelledException there
 * }</pre>
 *
 * <p>It is looked at while a call waits for a plan and while a plan runs: the call ends at once, the CPU stops after the
 * kernel that it is at, and what a GPU was given already is waited for by the next call. The model stays usable. Compiling
 * isn't interrupted, so warm up what has to keep a deadline. A limit made within another one's call ends with that, too.
 */
public final class Limit {
    /** What holds where nobody set a limit: it never passes. */
    public static final Limit NONE = new Limit(null, null);

    private static final ScopedValue<Limit> CURRENT = ScopedValue.newInstance();

    private final @Nullable Duration time;
    private final long end;
    private final @Nullable Limit outer;
    private volatile boolean cancelled;

    private Limit(@Nullable Duration time, @Nullable Limit outer) {
        this.time = time;
        this.end = time == null ? 0 : System.nanoTime() + time.toNanos();
        this.outer = outer;
    }

    /**
     * A limit that passes a time from now.
     *
     * @param time not negative
     */
    public static Limit within(Duration time) {
        if (time.isNegative()) {
            throw new BadInputException("a limit of " + time + ": at least 0");
        }
        // Longer than a life, and within what nanoseconds count.
        Duration most = Duration.ofDays(36_500);
        return new Limit(time.compareTo(most) < 0 ? time : most, current());
    }

    /** A limit that passes only when it is cancelled. */
    public static Limit untilCancelled() {
        return new Limit(null, current());
    }

    /** The limit of what this thread is doing; {@link #NONE} outside of any {@link #call}. */
    public static Limit current() {
        return CURRENT.orElse(NONE);
    }

    /** Ends what is done under this limit; what is asked under it later fails, too. */
    public void cancel() {
        if (this == NONE) {
            throw new BadInputException("there is no limit to cancel: make one by Limit.untilCancelled()");
        }
        cancelled = true;
    }

    /**
     * Does something under this limit.
     *
     * @return what {@code work} returns
     * @throws DeadlineExceededException if the time passes before it is done
     * @throws CancelledException        if the limit is cancelled before it is done
     */
    public <T> T call(Supplier<T> work) {
        check();
        return ScopedValue.where(CURRENT, this).call(work::get);
    }

    /** Does something without a result under this limit. */
    public void run(Runnable work) {
        check();
        ScopedValue.where(CURRENT, this).run(work);
    }

    /** Whether it has passed. */
    public boolean passed() {
        return cancelled || time != null && end - System.nanoTime() <= 0 || outer != null && outer.passed();
    }

    /** Nanoseconds until it passes if nobody cancels; {@link Long#MAX_VALUE} for ever. */
    public long remaining() {
        long own = time == null ? Long.MAX_VALUE : Math.max(0, end - System.nanoTime());
        return outer == null ? own : Math.min(own, outer.remaining());
    }

    /**
     * Throws if it has passed.
     *
     * @throws DeadlineExceededException if that is by time
     * @throws CancelledException        if it was cancelled
     */
    public void check() {
        if (cancelled) {
            throw new CancelledException("the call was cancelled");
        }
        if (time != null && end - System.nanoTime() <= 0) {
            throw new DeadlineExceededException("the call wasn't done after " + time);
        }
        if (outer != null) {
            outer.check();
        }
    }
}

package dev.kerf.model.plan;

import static org.openjdk.jcstress.annotations.Expect.ACCEPTABLE;

import dev.kerf.error.ClosedException;
import java.util.concurrent.atomic.AtomicInteger;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.IIII_Result;
import org.openjdk.jcstress.infra.results.III_Result;

/** A plan has one user at a time, there are no more than there may be, and none is left open. */
public class PlanCacheStress {
    /** A cache of one plan, and what became of its plans. */
    static class OnePlan {
        final AtomicInteger open = new AtomicInteger();
        final PlanCache<Integer, Plan> cache = new PlanCache<>(1, _ -> new Plan(open));

        /** Users that a plan of the shape has, this one included; 0 if the cache is closed. */
        int use(int shape) {
            try (PlanCache<Integer, Plan>.Lease lease = cache.lease(shape)) {
                int users = ++lease.plan().users;
                lease.plan().users--;
                return users;
            } catch (ClosedException e) {
                return 0;
            }
        }
    }

    /** Its counter is plain: what one user wrote the next has to see. */
    static final class Plan implements AutoCloseable {
        private final AtomicInteger open;
        private int users;

        Plan(AtomicInteger open) {
            this.open = open;
            open.incrementAndGet();
        }

        @Override
        public void close() {
            open.decrementAndGet();
        }
    }

    /** Two want the same shape: one plan serves both, one after the other. */
    @JCStressTest
    @Outcome(id = "1, 1, 1, 1", expect = ACCEPTABLE, desc = "each alone, by one plan")
    @State
    public static class SameShape extends OnePlan {
        @Actor
        public void first(IIII_Result r) {
            r.r1 = use(1);
        }

        @Actor
        public void second(IIII_Result r) {
            r.r2 = use(1);
        }

        @Arbiter
        public void after(IIII_Result r) {
            r.r3 = cache.size();
            r.r4 = open.get();
        }
    }

    /** Two want different shapes: the idle plan of one makes room for the other's. */
    @JCStressTest
    @Outcome(id = "1, 1, 1, 1", expect = ACCEPTABLE, desc = "each alone; the first plan is closed")
    @State
    public static class OtherShape extends OnePlan {
        @Actor
        public void first(IIII_Result r) {
            r.r1 = use(1);
        }

        @Actor
        public void second(IIII_Result r) {
            r.r2 = use(2);
        }

        @Arbiter
        public void after(IIII_Result r) {
            r.r3 = cache.size();
            r.r4 = open.get();
        }
    }

    /** The cache is closed while a plan is asked for, used or given back. */
    @JCStressTest
    @Outcome(id = "1, 0, 0", expect = ACCEPTABLE, desc = "used, then closed")
    @Outcome(id = "0, 0, 0", expect = ACCEPTABLE, desc = "closed before")
    @State
    public static class Closing extends OnePlan {
        @Actor
        public void user(III_Result r) {
            r.r1 = use(1);
        }

        @Actor
        public void closer() {
            cache.close();
        }

        @Arbiter
        public void after(III_Result r) {
            r.r2 = cache.size();
            r.r3 = open.get();
        }
    }
}

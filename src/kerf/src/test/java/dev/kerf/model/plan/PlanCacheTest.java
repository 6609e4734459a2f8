package dev.kerf.model.plan;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.ClosedException;
import dev.kerf.error.DeviceException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class PlanCacheTest {
    private static final class Plan implements AutoCloseable {
        private boolean closed;

        @Override
        public void close() {
            closed = true;
        }
    }

    private final PlanCache<Integer, Plan> cache = new PlanCache<>(2, key -> new Plan());

    @Test
    void anIdlePlanServesItsShapeAgain() {
        Plan first;
        try (var lease = cache.lease(1)) {
            first = lease.plan();
            try (var other = cache.lease(1)) {
                assertNotSame(first, other.plan(), "one user at a time");
            }
        }
        try (var lease = cache.lease(1)) {
            assertSame(first, lease.plan(), "the plan used last comes first");
        }
        assertEquals(2, cache.compiled());
    }

    @Test
    void theLongestUnusedPlanMakesRoom() {
        Plan one;
        try (var lease = cache.lease(1)) {
            one = lease.plan();
        }
        cache.lease(2).close();
        cache.lease(3).close();
        assertTrue(one.closed);
        assertEquals(List.of(2, 3), cache.idleShapes());
        assertEquals(2, cache.size());
    }

    @Test
    void aUserWaitsWhileAllPlansAreInUse() throws InterruptedException {
        var a = cache.lease(1);
        var b = cache.lease(2);
        CountDownLatch got = new CountDownLatch(1);
        Thread waiting = Thread.ofPlatform().start(() -> {
            cache.lease(3).close();
            got.countDown();
        });
        assertFalse(got.await(50, TimeUnit.MILLISECONDS));
        a.close();
        a.close();
        assertTrue(got.await(1, TimeUnit.MINUTES));
        waiting.join();
        assertEquals(2, cache.size());
        b.close();
    }

    /** A device that has memory for one plan: another shape's takes the place of the one that nobody uses, not of one in use. */
    @Test
    void anIdlePlanMakesRoomInMemory() {
        List<Plan> made = new ArrayList<>();
        PlanCache<Integer, Plan> full = new PlanCache<>(4, key -> {
            if (made.stream().anyMatch(p -> !p.closed)) {
                throw new DeviceException("allocation", 2, "FULL", "of a plan", "wait", true);
            }
            made.add(new Plan());
            return made.getLast();
        });
        full.lease(1).close();
        var lease = full.lease(2);
        assertTrue(made.getFirst().closed);
        assertEquals(1, full.size());
        assertThrows(DeviceException.class, () -> full.lease(3));
        assertFalse(lease.plan().closed, "in use");
        lease.close();
        assertEquals(List.of(2), full.idleShapes());
        full.close();
    }

    /** One that is over its own limit, or larger than any array. */
    @Test
    void aPlanThatIsTooLargeByItselfCostsNoOther() {
        for (String status : List.of("MEMORY_LIMIT", "TOO_LARGE")) {
            AtomicInteger tries = new AtomicInteger();
            try (PlanCache<Integer, Plan> limited = new PlanCache<>(4, key -> {
                tries.incrementAndGet();
                if (key == 2) {
                    throw new DeviceException("compile", 3, status, "of a plan", "give more", true);
                }
                return new Plan();
            })) {
                limited.lease(1).close();
                assertThrows(DeviceException.class, () -> limited.lease(2));
                assertEquals(List.of(1), limited.idleShapes());
                assertEquals(2, tries.get());
            }
        }
    }

    @Test
    void aFailedCompilationLeavesItsRoom() {
        AtomicInteger tries = new AtomicInteger();
        try (PlanCache<Integer, Plan> failing = new PlanCache<>(1, key -> {
            if (tries.incrementAndGet() == 1) {
                throw new IllegalStateException("no memory");
            }
            return new Plan();
        })) {
            assertThrows(IllegalStateException.class, () -> failing.lease(1));
            failing.lease(1).close();
            assertEquals(1, failing.size());
        }
    }

    @Test
    void aPlanThatFailsToCloseLeavesItsRoom() {
        try (PlanCache<Integer, AutoCloseable> failing = new PlanCache<>(1, key -> () -> {
            if (key == 1) {
                throw new IllegalStateException("lost");
            }
        })) {
            failing.lease(1).close();
            assertThrows(IllegalStateException.class, () -> failing.lease(2));
            assertEquals(0, failing.size());
            failing.lease(2).close();
        }
    }

    @Test
    void closingClosesIdlePlansNowAndUsedOnesWhenTheyComeBack() {
        var used = cache.lease(1);
        Plan idle;
        try (var lease = cache.lease(2)) {
            idle = lease.plan();
        }
        cache.close();
        assertTrue(idle.closed);
        assertFalse(used.plan().closed);
        used.close();
        assertTrue(used.plan().closed);
        assertThrows(ClosedException.class, () -> cache.lease(1));
        assertEquals(0, cache.size());
    }
}

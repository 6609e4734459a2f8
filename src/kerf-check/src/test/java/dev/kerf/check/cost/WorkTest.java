package dev.kerf.check.cost;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Map;
import org.junit.jupiter.api.Test;

/** What a machine makes of PTX's instructions. */
class WorkTest {
    private static Work of(String kind) {
        return Work.of(Map.of(kind, 1L));
    }

    @Test
    void instructionsByWhatWorksOnThem() {
        assertEquals(new Work(1, 1, 0, 0, 0), of("fma.f32"));
        assertEquals(new Work(1, 0, 1, 0, 0), of("add.s32"));
        assertEquals(new Work(2, 0, 2, 0, 0), of("add.s64"));
        assertEquals(new Work(4, 0, 4, 0, 0), of("mul.s64"));
        assertEquals(new Work(1, 0, 0, 1, 0), of("ex2.f32"));
        assertEquals(new Work(1, 0, 1, 0, 0), of("setp.f32"));
        assertEquals(new Work(1, 0, 0, 0, 0), of("ld.global"));
        assertEquals(new Work(0, 0, 0, 0, 0), of("ld.param"));
        assertEquals(new Work(0, 0, 0, 0, 0), of("mov.f32"));
        assertEquals(new Work(0, 0, 0, 0, 0), of("and.pred"));
        assertEquals(new Work(1, 0, 0, 0, 2048), of("mma.m16n8k16.f16"));
        assertEquals(new Work(1, 0, 0, 0, 2048), of("mma.m16n8k8.tf32"));
    }

    @Test
    void sums() {
        assertEquals(new Work(7, 3, 4, 0, 0), Work.of(Map.of("fma.f32", 3L, "add.s32", 4L, "mov.u32", 100L)));
    }
}

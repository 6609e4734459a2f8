package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class PtxRegistersTest {
    @Test
    void aNameServesAgainWithinABlock() {
        assertEquals("""
                .reg .pred %p<2>;
                .reg .f32 %f<4>;
                ld.param.f32 %f1, [k_param_0];
                ld.shared.v2.f32 {%f3, %f2}, [tile];
                add.f32 %f2, %f3, %f2;
                mul.f32 %f2, %f2, %f2;
                setp.gt.f32 %p1, %f2, %f1;
                @%p1 bra $L1;
                mov.f32 %f2, 0f00000000;
                st.shared.f32 [tile], %f2;
                $L1:
                st.shared.f32 [tile], %f1;
                ret;
                """, PtxRegisters.reused("""
                .reg .pred %p<12>;
                .reg .f32 %f<40>;
                ld.param.f32 %f8, [k_param_0];
                ld.shared.v2.f32 {%f1, %f2}, [tile];
                add.f32 %f3, %f1, %f2;
                mul.f32 %f4, %f3, %f3;
                setp.gt.f32 %p9, %f4, %f8;
                @%p9 bra $L1;
                mov.f32 %f5, 0f00000000;
                st.shared.f32 [tile], %f5;
                $L1:
                st.shared.f32 [tile], %f8;
                ret;
                """));
    }

    /** Results of an mma go on in the registers of the sums that it was given; special registers stay. */
    @Test
    void sumsKeepTheirNames() {
        assertEquals("""
                .reg .b32 %r<4>;
                .reg .f32 %f<3>;
                mov.u32 %r1, %laneid;
                mov.u32 %r2, %clock64;
                mov.u32 %r3, 0;
                mov.f32 %f1, 0f00000000;
                mov.f32 %f2, 0f00000000;
                mma.x {%f1, %f2}, {%r1}, {%r2}, {%f1, %f2};
                mma.x {%f1, %f2}, {%r1}, {%r3}, {%f1, %f2};
                """, PtxRegisters.reused("""
                .reg .b32 %r<9>;
                .reg .f32 %f<9>;
                mov.u32 %r7, %laneid;
                mov.u32 %r8, %clock64;
                mov.u32 %r1, 0;
                mov.f32 %f3, 0f00000000;
                mov.f32 %f4, 0f00000000;
                mma.x {%f5, %f6}, {%r7}, {%r8}, {%f3, %f4};
                mma.x {%f7, %f8}, {%r7}, {%r1}, {%f5, %f6};
                """));
    }

    /** An asynchronous product works on its registers while other instructions go on. */
    @Test
    void whatRunsOnIsLeftAlone() {
        String module = """
                .reg .f32 %f<5>;
                mov.f32 %f1, 0f00000000;
                wgmma.mma_async {%f1}, {%f2};
                mov.f32 %f3, 0f00000000;
                mov.f32 %f4, %f3;
                """;
        assertEquals(module.replace("%f4", "%f3").replace("<5>", "<4>"), PtxRegisters.reused(module));
    }
}

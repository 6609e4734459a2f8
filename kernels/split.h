// Sums of a tile that several groups share: each leaves its part in global memory, and the last of them to be done goes on
// with all. Which one that is depends on timing; what it adds up, and in which order, doesn't.
//
// Groups see one another's memory in order by CUDA's fence. OpenCL 1.2 promises no such thing, though CPUs keep it: a kernel with
// these is chosen by itself on NVIDIA's GPUs alone.
#include "tile.h"
#ifdef __OPENCL_VERSION__
#define FENCE() mem_fence(CLK_GLOBAL_MEM_FENCE)
#else
#define FENCE() __threadfence()
#endif

// Leaves the sums as part `part` of tile `index` in partial (tiles, splits, TILE_M · TILE_N), in the order in which
// work-items hold them. After a barrier the group counts itself in arrived (tiles), 0 before and after.
DEVICE void leave_sums(float acc[WORK_M][WORK_N], GLOBAL float *partial, int index, int part, int splits) {
    GLOBAL float *mine = partial + ((long)index * splits + part) * (TILE_M * TILE_N) + LOCAL_ID(0);
    #pragma unroll
    for (int i = 0; i < WORK_M; i++) {
        #pragma unroll
        for (int j = 0; j < WORK_N; j++) {
            mine[(i * WORK_N + j) * ITEMS] = acc[i][j];
            acc[i][j] = 0.0f;
        }
    }
    FENCE();
}

// Adds up the sums of all parts, the first's first, in the group that came last; in the others `parts` is 0.
DEVICE void add_sums(float acc[WORK_M][WORK_N], GLOBAL float *partial, GLOBAL int *arrived, int index, int parts) {
    GLOBAL const float *from = partial + (long)index * parts * (TILE_M * TILE_N) + LOCAL_ID(0);
    FENCE();
    for (int s = 0; s < parts; s++) {
        #pragma unroll
        for (int i = 0; i < WORK_M; i++) {
            #pragma unroll
            for (int j = 0; j < WORK_N; j++) {
                acc[i][j] += from[s * (TILE_M * TILE_N) + (i * WORK_N + j) * ITEMS];
            }
        }
    }
    if (LOCAL_ID(0) == 0 && parts > 0) {
        arrived[index] = 0;
    }
}

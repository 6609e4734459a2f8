// Sums of a tile that several groups share: each leaves its part in global memory, and the last of them to be done goes on
// with all. Which one that is depends on timing; what it adds up, and in which order, doesn't.
//
// OpenCL 1.2 doesn't promise that groups see one another's memory in order; on GPUs its fence orders all of it.
#include "tile.h"
#ifdef __OPENCL_VERSION__
#define FENCE() mem_fence(CLK_GLOBAL_MEM_FENCE)
#else
#define FENCE() __threadfence()
#endif

// Leaves the sums as part `part` of tile `index` in partial (tiles, splits, TILE_M · TILE_N), in the order in which
// work-items hold them. True in the group that comes last, which then has the sums of all parts, the first's first.
// arrived (tiles) counts the groups that have come, 0 before and after; `last` is local memory.
DEVICE int last_with_sums(
        float acc[WORK_M][WORK_N], LOCAL_POINTER int *last, GLOBAL float *partial, GLOBAL int *arrived, int index,
        int part, int splits) {
    const int item = LOCAL_ID(0);
    GLOBAL float *parts = partial + (long)index * splits * (TILE_M * TILE_N) + item;
    #pragma unroll
    for (int i = 0; i < WORK_M; i++) {
        #pragma unroll
        for (int j = 0; j < WORK_N; j++) {
            parts[part * (TILE_M * TILE_N) + (i * WORK_N + j) * ITEMS] = acc[i][j];
            acc[i][j] = 0.0f;
        }
    }
    FENCE();
    BARRIER_ALL();
    if (item == 0) {
        *last = ATOMIC_INC(&arrived[index]) == splits - 1;
    }
    BARRIER();
    if (!*last) {
        return 0;
    }
    FENCE();
    for (int s = 0; s < splits; s++) {
        #pragma unroll
        for (int i = 0; i < WORK_M; i++) {
            #pragma unroll
            for (int j = 0; j < WORK_N; j++) {
                acc[i][j] += parts[s * (TILE_M * TILE_N) + (i * WORK_N + j) * ITEMS];
            }
        }
    }
    if (item == 0) {
        arrived[index] = 0;
    }
    return 1;
}

// Products by four warps of sm_90a at once (wgmma): 64 rows, whose fragments the warps have in registers, 16 of them each, by 128 columns,
// whose terms lie in LOCAL memory. PTX ISA, "Asynchronous warpgroup level matrix instructions".
//
// Columns lie as rows of 128 bytes at a multiple of 1024, chunk c of row r at c ^ (r % 8), as mma.h has them: what wgmma calls a swizzle of
// 128 bytes. A row has terms of a column, or, ACROSS, columns of a term, 64 columns on `apart` bytes behind the first. A product runs on
// after it was begun: until it was awaited nobody may touch its fragments, its sums and its columns. What cp.async and stores bring wgmma
// sees after columns_seen() of the one that brought it, and a barrier.
#include "mma.h"

// Descriptor of columns at an address: eight rows are 1024 bytes, and they are mixed within 128.
DEVICE ulong columns_at(uint at, uint apart = 16) {
    return (ulong)(at >> 4 & 0x3fff) | (ulong)(apart / 16) << 16 | 64ul << 32 | 1ul << 62;
}
DEVICE void columns_seen() { asm volatile("fence.proxy.async.shared::cta;" : : : "memory"); }
DEVICE void products_begin() { asm volatile("wgmma.fence.sync.aligned;" : : : "memory"); }
DEVICE void products_commit() { asm volatile("wgmma.commit_group.sync.aligned;" : : : "memory"); }
DEVICE void products_wait() { asm volatile("wgmma.wait_group.sync.aligned 0;" : : : "memory"); }

#if KERF_STORAGE == STORAGE_F16
#define WGMMA_SHAPE "m64n128k16.f32.f16.f16"
#else
#define WGMMA_SHAPE "m64n128k16.f32.bf16.bf16"
#endif

// Begins d += a · b; d[j] are sums of columns 8j … 8j + 7 as those of mma.h, of the warp's 16 rows.
template <int ACROSS> DEVICE void multiply_begin(float (&d)[16][4], const uint (&a)[4], ulong b) {
    asm volatile("{ .reg .pred add; setp.ne.b32 add, 1, 0; "
        "wgmma.mma_async.sync.aligned." WGMMA_SHAPE " {"
        "%0, %1, %2, %3, %4, %5, %6, %7, "
        "%8, %9, %10, %11, %12, %13, %14, %15, "
        "%16, %17, %18, %19, %20, %21, %22, %23, "
        "%24, %25, %26, %27, %28, %29, %30, %31, "
        "%32, %33, %34, %35, %36, %37, %38, %39, "
        "%40, %41, %42, %43, %44, %45, %46, %47, "
        "%48, %49, %50, %51, %52, %53, %54, %55, "
        "%56, %57, %58, %59, %60, %61, %62, %63"
        "}, {%64, %65, %66, %67}, %68, add, 1, 1, %69; }"
        : "+f"(d[0][0]), "+f"(d[0][1]), "+f"(d[0][2]), "+f"(d[0][3]), "+f"(d[1][0]), "+f"(d[1][1]), "+f"(d[1][2]), "+f"(d[1][3]),
            "+f"(d[2][0]), "+f"(d[2][1]), "+f"(d[2][2]), "+f"(d[2][3]), "+f"(d[3][0]), "+f"(d[3][1]), "+f"(d[3][2]), "+f"(d[3][3]),
            "+f"(d[4][0]), "+f"(d[4][1]), "+f"(d[4][2]), "+f"(d[4][3]), "+f"(d[5][0]), "+f"(d[5][1]), "+f"(d[5][2]), "+f"(d[5][3]),
            "+f"(d[6][0]), "+f"(d[6][1]), "+f"(d[6][2]), "+f"(d[6][3]), "+f"(d[7][0]), "+f"(d[7][1]), "+f"(d[7][2]), "+f"(d[7][3]),
            "+f"(d[8][0]), "+f"(d[8][1]), "+f"(d[8][2]), "+f"(d[8][3]), "+f"(d[9][0]), "+f"(d[9][1]), "+f"(d[9][2]), "+f"(d[9][3]),
            "+f"(d[10][0]), "+f"(d[10][1]), "+f"(d[10][2]), "+f"(d[10][3]), "+f"(d[11][0]), "+f"(d[11][1]), "+f"(d[11][2]), "+f"(d[11][3]),
            "+f"(d[12][0]), "+f"(d[12][1]), "+f"(d[12][2]), "+f"(d[12][3]), "+f"(d[13][0]), "+f"(d[13][1]), "+f"(d[13][2]), "+f"(d[13][3]),
            "+f"(d[14][0]), "+f"(d[14][1]), "+f"(d[14][2]), "+f"(d[14][3]), "+f"(d[15][0]), "+f"(d[15][1]), "+f"(d[15][2]), "+f"(d[15][3])
        : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "l"(b), "n"(ACROSS));
}

// Begins the sums of ROW_PRODUCTS steps of 32 bytes: BLOCKS · 64 rows, whose fragments left_at(k, i, f) loads, by 128 columns.
template <int BLOCKS, int ACROSS = 0, typename L>
DEVICE void multiply_rows(float (&sums)[BLOCKS][16][4], const L &left_at, ulong columns) {
    uint left[ROW_PRODUCTS][BLOCKS][4];
    repeat<ROW_PRODUCTS>([&](auto k) {
        repeat<BLOCKS>([&](auto i) { left_at(k, i, left[k.value][i.value]); });
    });
    products_begin();
    #pragma unroll
    for (int k = 0; k < ROW_PRODUCTS; k++) {
        #pragma unroll
        for (int i = 0; i < BLOCKS; i++) {
            multiply_begin<ACROSS>(sums[i], left[k][i], columns + k * (ACROSS ? 16 * ROW_BYTES : 2 * CHUNK) / 16);
        }
    }
    products_commit();
}

// The same of rows that lie from `rows` on, BLOCK_BYTES from one sixty-four to the next.
template <int BLOCKS, int BLOCK_BYTES> DEVICE void multiply_rows(float (&sums)[BLOCKS][16][4], uint rows, ulong columns) {
    multiply_rows<BLOCKS, 0>(sums, [&](auto k, auto i, uint (&f)[4]) {
        load_matrix4<i.value * BLOCK_BYTES>(f, rows ^ k.value * 2 * CHUNK);
    }, columns);
}

// Waits for all products begun; the compiler may look at their sums after that.
template <int BLOCKS> DEVICE void products_end(float (&sums)[BLOCKS][16][4]) {
    products_wait();
    #pragma unroll
    for (int i = 0; i < BLOCKS; i++) {
        #pragma unroll
        for (int j = 0; j < 16; j++) {
            #pragma unroll
            for (int e = 0; e < 4; e++) asm volatile("" : "+f"(sums[i][j][e]) : : "memory");
        }
    }
}

// Convolution of images that lie channel by channel, on tensor cores, as the kernel ENTRY, by wgmma where WGMMA is 1: a product of
// pixels × terms by terms × channels, of which only tiles ever lie anywhere.
//
//   y[n, p, q, o] = act(b[o] + Σ_{u, v, c} x[n, p · row_step + row_first + u · row_tap, …, c] · w[o, c, u, v] + r[n, p, q, o])
//
// Shapes   x (N, H, W, C1 padded to 8), x2 (N, H, W, C − C1 padded to 8): a concat that nobody made; without it C1 = C. With
//          groups there is one source, (N, H, W, groups · C), and C1 = C.
//          y and r (N, rows, columns, groups · O padded to 8), zeros in what pads, or (N, groups · O, rows, columns) where
//          y_channels_first is 1; pixel (p, q) goes to (p · y_row_step + y_row_first, q · y_col_step + y_col_first).
//          phases > 1: O is phases times the channels of y, output channel `phase · O / phases + o` of w is what goes to the
//          phase's row and column, of y_row_step · y_col_step: a transposed convolution whose window is its stride.
//          w: blocks of TILE_M channels × ROW_NUMBERS terms for each step, as they shall lie in local memory (ConvWeight.blocks).
// Launch   a group for each part of the terms of TILE_N pixels of all images × TILE_M channels, for each group of channels.
//          A warp keeps WARP × WARP sums. Terms are chunks of 16 bytes of channels, those of a tap side by side.
// Parameters
//   TILE_M, TILE_N  channels and pixels of a tile
//   WARP            rows and columns of a warp's tile
//   STAGES          steps in local memory, all but one on their way
//   splits groups share a tile's terms where there are few tiles: each leaves its sums in partial (tiles, splits, TILE_M ·
//   TILE_N), arrived (tiles) counts them, and the last one adds all up, the first's first.
// FLOPs    2 · N · groups · O · P · Q · C · KH · KW
// Bytes    x once, w once, y once, and r
#include "conv2d_sums.h"
#if WGMMA
#include "wgmma.h"
#endif
#ifndef STAGES
#define STAGES 3
#endif

#define STAGE_BYTES ((TILE_M + TILE_N) * ROW_BYTES)
#define MOST_TAPS 49                           // those that the table below has room for
#define PIXELS (TILE_N / AT_ONCE)              // rows of pixels that a work-item copies chunks of

// Where the bytes 0 or 16 of each of a work-item's pixels for a tap stand: whether the tap meets the image. Four pixels' are a word, a
// tap's words of AT_ONCE work-items lie side by side, and the next tap's four words further on than that, so that the eight taps that
// the work-items of a row ask for, where a pixel has but one chunk, are in different banks for each row.
#define TAP_BYTES (TILE_N + 16)
DEVICE uint *tap_sizes(uchar *table, int tap, int row) {
    return (uint *)(table + tap * TAP_BYTES) + row;
}

KERNEL __launch_bounds__(ITEMS) ENTRY(
        const real *RESTRICT x, long x_off, long x_sn, const real *RESTRICT w, long w_off, const real *RESTRICT b, long b_off,
        const wide *RESTRICT r, long r_off, long r_sn, wide *RESTRICT y, long y_off, long y_sn, int groups, int C, int H,
        int W, int O, int P, int Q, int KH, int KW, int row_first, int col_first, int row_step, int col_step, int row_tap,
        int col_tap, int y_plane, int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act,
        int has_bias, int has_residual, const real *RESTRICT x2, long x2_off, long x2_sn, int C1, int N, int phases,
        int y_channels_first, float *partial, long partial_off, int *arrived, int splits) {
    extern __shared__ __align__(1024) uchar memory[];
    __shared__ int last;
    uchar *table = memory + STAGES * STAGE_BYTES;
    const uint tiles = local_address(memory);
    const int item = LOCAL_ID(0);
    const int lane = item % 32;
    const int warp = item / 32;
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int group = GROUP_ID(1) / panels;
    const int panel = GROUP_ID(1) % panels;
    const int part = GROUP_ID(0) % splits;
    const int place = GROUP_ID(0) / splits;
    const int pixels = N * P * Q;
    const int taps = KH * KW;

    // Chunks of channels: of the first source, of both; bytes from one pixel to the next.
    const int first_chunks = (C1 + 7) / 8 * 8 / PER_CHUNK;
    const int chunks = first_chunks + (C - C1 + 7) / 8 * 8 / PER_CHUNK;
    const int pitch = groups == 1 ? first_chunks * CHUNK : groups * C * (int)sizeof(real);
    const int pitch2 = (chunks - first_chunks) * CHUNK;
    const int steps = (taps * chunks + ROW_CHUNKS - 1) / ROW_CHUNKS;
    const int first = steps * part / splits;
    const int end = steps * (part + 1) / splits;

    // Of each pixel of the tile: where its first tap lies, where its results go and in which image, and which taps meet the image.
    int *places = (int *)(table + (MOST_TAPS + 1) * TAP_BYTES);
    int2 *targets = (int2 *)(places + TILE_N);
    #pragma unroll 1
    for (int i = item; i < TILE_N; i += ITEMS) {
        const int pixel = place * TILE_N + i;
        const int n = pixel / (P * Q);
        const int p = (pixel - n * P * Q) / Q;
        const int q = pixel - (n * P + p) * Q;
        const int in_row = p * row_step + row_first;
        const int in_col = q * col_step + col_first;
        places[i] = (n * H + in_row) * W + in_col;
        targets[i] = make_int2((p * y_row_step + y_row_first) * y_width + q * y_col_step + y_col_first, pixel < pixels ? n : -1);
        uchar *size = (uchar *)(tap_sizes(table, 0, i % AT_ONCE) + i / AT_ONCE / 4 * AT_ONCE) + i / AT_ONCE % 4;
        int tap_row = in_row;
        #pragma unroll 1
        for (int u = 0; u < KH; u++) {
            int tap_col = in_col;
            #pragma unroll 1
            for (int v = 0; v < KW; v++) {
                *size = pixel < pixels && tap_row >= 0 && tap_row < H && tap_col >= 0 && tap_col < W ? CHUNK : 0;
                size += TAP_BYTES;
                tap_col += col_tap;
            }
            tap_row += row_tap;
        }
        *size = 0; // for terms that fill up the last step
    }
    __syncthreads();
    const int row = item / ROW_CHUNKS;
    int at[PIXELS];
    #pragma unroll
    for (int i = 0; i < PIXELS; i++) at[i] = places[row + i * AT_ONCE];

    const char *source = (const char *)(x + x_off + group * C);
    const char *source2 = (const char *)(x2 + x2_off) - (long)first_chunks * CHUNK;
    const char *weights = (const char *)(w + w_off)
            + (((long)group * panels + panel) * steps + first) * (TILE_M * ROW_BYTES) + item * CHUNK;
    // This work-item's chunk of the step to be copied next: of which channels and tap, and how far the tap is from the first.
    int chunk = first * ROW_CHUNKS + item % ROW_CHUNKS;
    int tap = chunk / chunks;
    chunk %= chunks;
    int tap_col = tap % KW;
    int tap_at = tap / KW * row_tap * W + tap_col * col_tap;
    const int next_row = row_tap * W - KW * col_tap;
    int run = 0;                               // chunks up to this source's last one
    int bytes = 0;                             // from one of its pixels to the next
    const char *from = source;                 // the chunk of a pixel 0
    int sizes[PIXELS];
    // What stays the same within a tap and a source.
    const auto begin_run = [&]() {
        while (chunk >= chunks) {
            chunk -= chunks;
            tap++;
            tap_col++;
            tap_at += col_tap;
            if (tap_col == KW) {
                tap_col = 0;
                tap_at += next_row;
            }
        }
        const int second = chunk >= first_chunks;
        bytes = second ? pitch2 : pitch;
        from = wide_address((second ? source2 : source) + chunk * CHUNK, tap_at, bytes);
        run = (second ? chunks : first_chunks) - chunk;
        const uint *four = tap_sizes(table, min(tap, taps), row);
        #pragma unroll
        for (int i = 0; i < PIXELS; i++) sizes[i] = four[i / 4 * AT_ONCE] >> i % 4 * 8 & 255;
    };
    begin_run();

    const uint row_to = chunk_of(tiles, row, item % ROW_CHUNKS);
    const auto copy_step = [&](uint stage) {
        const uint rows_to = row_to + stage;
        repeat<PIXELS>([&](auto i) {
            copy_chunk<i.value * AT_ONCE * ROW_BYTES>(rows_to, wide_address(from, at[i.value], bytes), sizes[i.value]);
        });
        const uint weights_to = tiles + item * CHUNK + stage;
        repeat<TILE_M / AT_ONCE>([&](auto i) {
            copy_chunk<(TILE_N + i.value * AT_ONCE) * ROW_BYTES, i.value * AT_ONCE * ROW_BYTES>(weights_to, weights);
        });
        weights += TILE_M * ROW_BYTES;
        from += ROW_BYTES;
        chunk += ROW_CHUNKS;
        run -= ROW_CHUNKS;
        if (run <= 0) begin_run();
    };

    const int warp_pixel = WGMMA ? warp * 16 : warp / WARPS_M * WARP;
    const int warp_channel = warp % WARPS_M * WARP;
    const uint pixels_at = chunk_of(tiles, warp_pixel + lane % 16, lane / 16);
    const uint channels_at = chunk_of(tiles + TILE_N * ROW_BYTES, warp_channel + lane % 8 + lane / 16 * 8, lane / 8 % 2);
    Sums sums = {};
    int left = end - first;
    #pragma unroll 1
    for (int s = 0; s < STAGES - 1; s++) {
        if (s < left) copy_step(s * STAGE_BYTES);
        copies_commit();
    }
    uint stage = 0;
    uint free = (STAGES - 1) * STAGE_BYTES;
    #pragma unroll 1
    for (; left > 0; left--) {
        copies_wait<STAGES - 2>();
#if WGMMA
        columns_seen();
#endif
        __syncthreads();
        const uint left_at = pixels_at + stage;
#if WGMMA
        multiply_rows<ROW_BLOCKS, 64 * ROW_BYTES>(sums, left_at, columns_at(tiles + TILE_N * ROW_BYTES + stage));
        if (left >= STAGES) copy_step(free);
        copies_commit();
        products_end(sums);
#else
        if (left >= STAGES) copy_step(free);
        copies_commit();
        const uint right_at = channels_at + stage;
        #pragma unroll
        for (int k = 0; k < ROW_PRODUCTS; k++) {
            multiply_step<FRAGMENTS, FRAGMENTS>(sums, left_at ^ k * 2 * CHUNK, right_at ^ k * 2 * CHUNK);
        }
#endif
        free = stage;
        stage = stage == (STAGES - 1) * STAGE_BYTES ? 0 : stage + STAGE_BYTES;
    }

    const Results to = {b + b_off, r + r_off, y + y_off, r_sn, y_sn, O, groups, phases, y_plane, y_width, y_col_step, act, has_bias,
            has_residual, y_channels_first, partial + partial_off, arrived, splits};
    store_results(sums, memory, targets, to, group, panel, part, GROUP_ID(1) * ((pixels + TILE_N - 1) / TILE_N) + place, &last);
}

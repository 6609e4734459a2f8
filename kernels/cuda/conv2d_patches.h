// Convolution of images that lie channel by channel, on tensor cores, by steps of one pixel, as the kernel ENTRY, by wgmma where
// WGMMA is 1: a group reads the inputs of its tile and of the pixels around it once for all taps, where conv2d_mma reads them once for
// each.
//
// What is computed, shapes and arguments are those of conv2d_pixels.h.
//   w: blocks as there, the taps of each ROW_CHUNKS chunks of channels side by side (ConvWeight.blocks, taps inner).
// Launch   a group for each part of the channels of COLUMNS × TILE_N / COLUMNS pixels of an image × TILE_M channels, for each group
//          of channels. Two patches of pixels lie in local memory, each with ROW_CHUNKS chunks of their channels: one that is
//          multiplied with all taps, and the next on its way.
// Parameters
//   TILE_M, TILE_N, WARP  as conv2d_mma
//   STAGES                steps of weights in local memory, all but one on their way
// FLOPs    2 · N · groups · O · P · Q · C · KH · KW
// Bytes    x once, w once, y once, and r
#include "conv2d_sums.h"
#if WGMMA
#include "wgmma.h"
#endif
#ifndef STAGES
#define STAGES 4
#endif

#define COLUMNS 16                             // pixels side by side in a tile: those of a fragment
#define MOST_ROWS 2                            // rows and columns of taps beside the first
#define PATCH_COLUMNS (COLUMNS + MOST_ROWS)
#define PATCH (PATCH_COLUMNS * (TILE_N / COLUMNS + MOST_ROWS))
#define TAP_OFFSETS 16
#define STAGE_BYTES (TILE_M * ROW_BYTES)
#define PATCH_BYTES (PATCH * ROW_BYTES)

KERNEL __launch_bounds__(ITEMS) ENTRY(
        const real *RESTRICT x, long x_off, long x_sn, const real *RESTRICT w, long w_off, const real *RESTRICT b, long b_off,
        const wide *RESTRICT r, long r_off, long r_sn, wide *RESTRICT y, long y_off, long y_sn, int groups, int C, int H,
        int W, int O, int P, int Q, int KH, int KW, int row_first, int col_first, int row_step, int col_step, int row_tap,
        int col_tap, int y_plane, int y_width, int y_row_first, int y_col_first, int y_row_step, int y_col_step, int act,
        int has_bias, int has_residual, const real *RESTRICT x2, long x2_off, long x2_sn, int C1, int N, int phases,
        int y_channels_first, float *partial, long partial_off, int *arrived, int splits) {
    extern __shared__ __align__(1024) uchar memory[];
    __shared__ int last;
    // Of each pixel of a patch: which of the images' it is, where its row lies with its first chunk, and how many bytes there are
    // to be read of each chunk: none outside of the image.
    int4 *places = (int4 *)(memory + STAGES * STAGE_BYTES + 2 * PATCH_BYTES);
    // Of each tap, for the lanes' addresses of eight pixels and two chunks: how far it is from the first in a patch. Chunks change
    // places by their pixel's column, so that eight pixels side by side meet all banks.
    uint *offsets = (uint *)(places + PATCH);
    const uint stages = local_address(memory);
    const uint patches = stages + STAGES * STAGE_BYTES;
    const int item = LOCAL_ID(0);
    const int lane = item % 32;
    const int warp = item / 32;
    const int panels = (O + TILE_M - 1) / TILE_M;
    const int group = GROUP_ID(1) / panels;
    const int panel = GROUP_ID(1) % panels;
    const int part = GROUP_ID(0) % splits;
    const int place = GROUP_ID(0) / splits;
    const int tiles_across = (Q + COLUMNS - 1) / COLUMNS;
    const int tiles_down = (P + TILE_N / COLUMNS - 1) / (TILE_N / COLUMNS);
    const int n = place / (tiles_across * tiles_down);
    const int p0 = place / tiles_across % tiles_down * (TILE_N / COLUMNS);
    const int q0 = place % tiles_across * COLUMNS;
    const int taps = KH * KW;

    // Chunks of channels: of the first source, of both; bytes from one pixel to the next; and ROW_CHUNKS of them at a time.
    const int first_chunks = (C1 + 7) / 8 * 8 / PER_CHUNK;
    const int chunks = first_chunks + (C - C1 + 7) / 8 * 8 / PER_CHUNK;
    const int pitch = groups == 1 ? first_chunks * CHUNK : groups * C * (int)sizeof(real);
    const int pitch2 = (chunks - first_chunks) * CHUNK;
    const int blocks = (chunks + ROW_CHUNKS - 1) / ROW_CHUNKS;
    const int first = blocks * part / splits;
    const int end = blocks * (part + 1) / splits;

    #pragma unroll 1
    for (int i = item; i < PATCH; i += ITEMS) {
        const int in_row = p0 + row_first + i / PATCH_COLUMNS;
        const int in_col = q0 + col_first + i % PATCH_COLUMNS;
        const int meets = in_row >= 0 && in_row < H && in_col >= 0 && in_col < W;
        places[i] = make_int4(meets ? (n * H + in_row) * W + in_col : 0, i * ROW_BYTES + i % PATCH_COLUMNS % 8 * CHUNK,
                meets ? CHUNK : 0, 0);
    }
    #pragma unroll 1
    for (int i = item; i < taps * TAP_OFFSETS; i += ITEMS) {
        const int v = i / TAP_OFFSETS % KW;
        offsets[i] = (i / TAP_OFFSETS / KW * PATCH_COLUMNS + v) * ROW_BYTES + (i % 8 + v ^ i / 8 % 2) % ROW_CHUNKS * CHUNK;
    }
    __syncthreads();

    const char *source = (const char *)(x + x_off + group * C);
    const char *source2 = (const char *)(x2 + x2_off) - (long)first_chunks * CHUNK;
    const char *weights = (const char *)(w + w_off)
            + (((long)group * panels + panel) * blocks + first) * taps * STAGE_BYTES + item * CHUNK;
    const int column = item % ROW_CHUNKS;
    uint places_at = local_address(places + item / ROW_CHUNKS);
    kept(places_at);
    const auto copy_patch = [&](int block) {
        const int chunk = block * ROW_CHUNKS + column;
        const int second = chunk >= first_chunks;
        const int bytes = second ? pitch2 : pitch;
        const char *from = (second ? source2 : source) + chunk * CHUNK;
        const uint to = patches + block % 2 * PATCH_BYTES;
        const int most = chunk < chunks ? CHUNK : 0;
        const auto copy = [&](const int4 at) {
            copy_chunk<0>(to + (at.y ^ column * CHUNK), wide_address(from, at.x, bytes), at.z & most);
        };
        repeat<PATCH / AT_ONCE>([&](auto i) { copy(local_load4<i.value * AT_ONCE * 16>(places_at)); });
        if (item / ROW_CHUNKS < PATCH % AT_ONCE) copy(local_load4<PATCH / AT_ONCE * AT_ONCE * 16>(places_at));
    };
    uint weights_to = stages + item * CHUNK;
    kept(weights_to);
    const auto copy_weights = [&](uint stage) {
        const uint to = weights_to + stage;
        repeat<TILE_M / AT_ONCE>([&](auto i) {
            copy_chunk<i.value * AT_ONCE * ROW_BYTES, i.value * AT_ONCE * ROW_BYTES>(to, weights);
        });
        weights += STAGE_BYTES;
    };

    // A fragment's sixteen pixels lie side by side in a row of the patch.
    const int warp_pixel = WGMMA ? warp * 16 : warp / WARPS_M * WARP;
    const int warp_channel = warp % WARPS_M * WARP;
    const uint channels_at = chunk_of(stages, warp_channel + lane % 8 + lane / 16 * 8, lane / 8 % 2);
    const uint pixels_at = patches + (warp_pixel / COLUMNS * PATCH_COLUMNS + lane % 16) * ROW_BYTES;
    Sums sums = {};
    int left = (end - first) * taps;
    copy_patch(first);
    #pragma unroll 1
    for (int s = 0; s < STAGES - 1; s++) {
        if (s < left) copy_weights(s * STAGE_BYTES);
        copies_commit();
    }
    uint tap_first = local_address(offsets + lane % 8 + lane / 16 * 8);
    uint tap_end = tap_first + taps * TAP_OFFSETS * 4;
    kept(tap_first);
    kept(tap_end);
    uint tap_at = tap_first;
    uint stage = 0;
    uint free = (STAGES - 1) * STAGE_BYTES;
    int block = first;
    uint patch_at = pixels_at + first % 2 * PATCH_BYTES;
    #pragma unroll 1
    for (; left > 0; left--) {
        copies_wait<STAGES - 2>();
#if WGMMA
        columns_seen();
#endif
        __syncthreads();
        const auto copy_next = [&]() {
            if (left >= STAGES) copy_weights(free);
            if (tap_at == tap_first) {
                if (block + 1 < end) copy_patch(block + 1);
            }
            copies_commit();
        };
#if WGMMA
        multiply_rows<ROW_BLOCKS, 4 * PATCH_COLUMNS * ROW_BYTES>(sums, patch_at + local_load(tap_at), columns_at(stages + stage));
        copy_next();
        products_end(sums);
#else
        copy_next();
        const uint left_at = patch_at + local_load(tap_at);
        const uint right_at = channels_at + stage;
        #pragma unroll
        for (int k = 0; k < ROW_PRODUCTS; k++) {
            multiply_step<FRAGMENTS, FRAGMENTS, PATCH_COLUMNS>(sums, left_at ^ k * 2 * CHUNK, right_at ^ k * 2 * CHUNK);
        }
#endif
        free = stage;
        stage = stage == (STAGES - 1) * STAGE_BYTES ? 0 : stage + STAGE_BYTES;
        tap_at += TAP_OFFSETS * 4;
        if (tap_at == tap_end) {
            tap_at = tap_first;
            block++;
            patch_at = pixels_at + block % 2 * PATCH_BYTES;
        }
    }

    // Of each pixel of the tile: where its results go, and in which image. No pixel's place is asked for any more.
    int2 *targets = (int2 *)places;
    #pragma unroll 1
    for (int i = item; i < TILE_N; i += ITEMS) {
        const int p = p0 + i / COLUMNS;
        const int q = q0 + i % COLUMNS;
        targets[i] = make_int2((p * y_row_step + y_row_first) * y_width + q * y_col_step + y_col_first, p < P && q < Q ? n : -1);
    }
    const Results to = {b + b_off, r + r_off, y + y_off, r_sn, y_sn, O, groups, phases, y_plane, y_width, y_col_step, act, has_bias,
            has_residual, y_channels_first, partial + partial_off, arrived, splits};
    store_results(sums, memory, targets, to, group, panel, part, GROUP_ID(1) * (N * tiles_across * tiles_down) + place, &last);
}

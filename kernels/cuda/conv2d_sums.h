// What convolutions on tensor cores share: how large tiles are, and how a tile's sums leave the registers.
#include "mma.h"
#include "wide.h"
#ifndef TILE_M
#define TILE_M 128
#endif
#ifndef TILE_N
#define TILE_N 128
#endif
#ifndef WARP
#define WARP 64
#endif

#define WARPS_M (TILE_M / WARP)
#define WARPS (WARPS_M * (TILE_N / WARP))
#define ITEMS (32 * WARPS)
#define AT_ONCE (ITEMS / ROW_CHUNKS)           // rows of a tile that a group copies a chunk of each of at a time
#define PER_RESULT (CHUNK / (int)sizeof(wide)) // results that are stored at a time
#define FRAGMENTS (WARP / 16)
#ifndef WGMMA
#define WGMMA 0
#endif
// Sums of a warp: blocks of 16 rows and of 8 columns. With WGMMA four warps have every column of a tile, and 16 of each 64 rows.
#define ROW_BLOCKS (WGMMA ? TILE_N / 64 : FRAGMENTS)
#define COLUMN_BLOCKS (WGMMA ? TILE_M / 8 : 2 * FRAGMENTS)
typedef float Sums[ROW_BLOCKS][COLUMN_BLOCKS][4];
#define STAGED (WARP + 4)                      // columns' distance where a warp's sums stand column by column

// Where column c of row r of a warp's sums stands: units of 8 columns change places, so that eight rows meet all banks.
DEVICE int staged(int r, int c) { return r * WARP + (((c / 8) ^ r) % (WARP / 8)) * 8 + c % 8; }

// Where results go, and what is added to them first; pointers are those of the first element.
struct Results {
    const real *b;
    const wide *r;
    wide *y;
    long r_sn, y_sn;
    int O, groups, phases, y_plane, y_width, y_col_step, act, has_bias, has_residual, y_channels_first;
    float *partial;
    int *arrived;
    int splits;
};

// Stores the sums of a tile of TILE_N pixels × TILE_M channels, `panel` of its group of channels. Pixel i goes to place
// targets[i].x of image targets[i].y, nowhere if that is negative. `memory` is the group's, whose copies have all been awaited.
// Where groups share the terms, these are the sums of part `part` of tile `index`; `last`, in LOCAL memory, is for them to know the last.
DEVICE void store_results(Sums &sums, uchar *memory, const int2 *targets, const Results &to,
        int group, int panel, int part, int index, int *last) {
    const int item = LOCAL_ID(0);
    const int lane = item % 32;
    const int warp = item / 32;
    const int warp_pixel = warp / WARPS_M * WARP;
    const int warp_channel = warp % WARPS_M * WARP;
    // By way of local memory, so that neighbouring work-items store neighbouring numbers. A warp reads what it wrote itself, or with
    // WGMMA what the four of them wrote.
    float *mine = (float *)memory + warp * (WARP * STAGED);
    const auto stage_sums = [&](int i, int j, float4 four) {
        const int to_row = WGMMA ? warp * 16 + lane / 4 : i * 16 + lane / 4;
        const int to_column = (WGMMA ? j * 8 % WARP : j * 8) + lane % 4 * 2;
        float *part = WGMMA ? (float *)memory + (i * WARPS_M + j * 8 / WARP) * (WARP * STAGED) : mine;
        if (to.y_channels_first) {
            float *at = part + to_column * STAGED + to_row;
            at[0] = four.x;
            at[STAGED] = four.y;
            at[8] = four.z;
            at[STAGED + 8] = four.w;
        } else {
            *(float2 *)(part + staged(to_row, to_column)) = make_float2(four.x, four.y);
            *(float2 *)(part + staged(to_row + 8, to_column)) = make_float2(four.z, four.w);
        }
    };
    __syncthreads();
    if (to.splits == 1) {
        #pragma unroll
        for (int i = 0; i < ROW_BLOCKS; i++) {
            #pragma unroll
            for (int j = 0; j < COLUMN_BLOCKS; j++) {
                stage_sums(i, j, make_float4(sums[i][j][0], sums[i][j][1], sums[i][j][2], sums[i][j][3]));
            }
        }
    } else {
        float4 *parts = (float4 *)to.partial + (long)index * to.splits * (TILE_M * TILE_N / 4) + item;
        float4 *own = parts + part * (TILE_M * TILE_N / 4);
        #pragma unroll
        for (int i = 0; i < ROW_BLOCKS; i++) {
            #pragma unroll
            for (int j = 0; j < COLUMN_BLOCKS; j++) {
                own[(i * COLUMN_BLOCKS + j) * ITEMS] =
                        make_float4(sums[i][j][0], sums[i][j][1], sums[i][j][2], sums[i][j][3]);
            }
        }
        __threadfence();
        __syncthreads();
        if (item == 0) *last = ATOMIC_INC(&to.arrived[index]) == to.splits - 1;
        __syncthreads();
        if (!*last) return;
        __threadfence();
        if (item == 0) to.arrived[index] = 0;
        #pragma unroll 1
        for (int k = 0; k < ROW_BLOCKS * COLUMN_BLOCKS; k++) {
            float4 sum = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
            #pragma unroll 4
            for (int s = 0; s < to.splits; s++) {
                const float4 four = parts[s * (TILE_M * TILE_N / 4) + k * ITEMS];
                sum = make_float4(sum.x + four.x, sum.y + four.y, sum.z + four.z, sum.w + four.w);
            }
            stage_sums(k / COLUMN_BLOCKS, k % COLUMN_BLOCKS, sum);
        }
    }
    if (WGMMA) __syncthreads();
    else __syncwarp();
    const int channels = to.O / to.phases;
    const int y_pitch = (to.groups * channels + 7) / 8 * 8;
    const int channel0 = panel * TILE_M + warp_channel;
    const int2 *target = targets + warp_pixel;
    if (to.y_channels_first) {
        #pragma unroll 1
        for (int c = 0; c < min(WARP, to.O - channel0); c++) {
            const int phase = (channel0 + c) / channels;
            const long o = group * channels + channel0 + c - phase * channels;
            const long plane = o * to.y_plane + phase / to.y_col_step * to.y_width + phase % to.y_col_step;
            const float bias = to.has_bias ? LOAD(to.b, o) : 0.0f;
            #pragma unroll 1
            for (int i = lane; i < WARP; i += 32) {
                const int2 at = target[i];
                if (at.y < 0) continue;
                float v = mine[c * STAGED + i] + bias;
                if (to.has_residual) v += LOAD_WIDE(to.r, at.y * to.r_sn + plane + at.x);
                STORE_WIDE(to.y, at.y * to.y_sn + plane + at.x, activate(to.act, v));
            }
        }
        return;
    }
    // Every chunk of channels is of one phase and one group.
    const int column = lane % (WARP / PER_RESULT) * PER_RESULT;
    const int channel = channel0 + column;
    const int phase = to.phases == 1 ? 0 : channel / channels;
    const int o = group * channels + channel - phase * channels;
    if (channel >= (to.phases == 1 && to.groups == 1 ? y_pitch : to.O)) return;
    float bias[PER_RESULT];
    #pragma unroll
    for (int e = 0; e < PER_RESULT; e++) bias[e] = to.has_bias && channel + e < to.O ? LOAD(to.b, o + e) : 0.0f;
    const long first_at = (long)(phase / to.y_col_step * to.y_width + phase % to.y_col_step) * y_pitch + o;
    #pragma unroll 1
    for (int i = lane / (WARP / PER_RESULT); i < WARP; i += 32 * PER_RESULT / WARP) {
        const int2 at = target[i];
        if (at.y < 0) continue;
        const long at_y = first_at + (long)at.x * y_pitch;
        float v[PER_RESULT];
        #pragma unroll
        for (int e = 0; e < PER_RESULT; e += 4) {
            const int half = PER_RESULT == 8 ? (e + lane) & 4 : 0; // eight lanes take all banks: the first four of some, the last four of others
            const float4 four = *(const float4 *)(mine + staged(i, column + half));
            v[e] = four.x;
            v[e + 1] = four.y;
            v[e + 2] = four.z;
            v[e + 3] = four.w;
        }
        if (PER_RESULT == 8 && lane & 4) {
            #pragma unroll
            for (int e = 0; e < 4; e++) {
                const float other = v[e];
                v[e] = v[(e + 4) % PER_RESULT];
                v[(e + 4) % PER_RESULT] = other;
            }
        }
        #pragma unroll
        for (int e = 0; e < PER_RESULT; e++) v[e] += bias[e];
        if (to.has_residual) {
            float more[PER_RESULT];
            chunk_load(to.r + at.y * to.r_sn + at_y, more);
            #pragma unroll
            for (int e = 0; e < PER_RESULT; e++) v[e] += more[e];
        }
        if (to.act == ACT_RELU) {
            #pragma unroll
            for (int e = 0; e < PER_RESULT; e++) v[e] = activate(ACT_RELU, v[e]);
        } else if (to.act != ACT_NONE) { // by way of local memory: once in the code, and not for each of a chunk
            float *each = mine + staged(i, column);
            #pragma unroll
            for (int e = 0; e < PER_RESULT; e++) each[e] = v[e];
            #pragma unroll 1
            for (int e = 0; e < PER_RESULT; e++) each[e] = activate(to.act, each[e]);
            #pragma unroll
            for (int e = 0; e < PER_RESULT; e++) v[e] = each[e];
        }
        #pragma unroll
        for (int e = 0; e < PER_RESULT; e++) v[e] = channel + e < to.O ? v[e] : 0.0f;
        chunk_store(to.y + at.y * to.y_sn + at_y, v);
    }
}

// The second half of attention on tensor cores: a warp's weights times its values, and how its sums leave the registers.
//
// 16 bits  Values lie as keys do (rows.h), and ldmatrix transposes them. Sums are those of mma.h: block i of 16 queries, chunk j of 8
//          columns.
// Floats   No instruction transposes floats: a lane reads four neighbouring columns of a row at once, for four products. So its sums of
//          products 4g … 4g + 3 are of columns 32g + 8 · (lane % 4) and the seven beside it: the first four of each of a pair of sums,
//          then the second four. Terms 0 … 3 of eight are the even keys and 4 … 7 the odd ones, as scores lie in registers.
#include "mma.h"
#include "rows.h"

#if KERF_STORAGE == STORAGE_F32
#define EXACT (KERF_ARITHMETIC == ARITHMETIC_TF32X3) // each factor as two numbers

// Left factors of ROWS · 16 rows and 8 terms, rounded for tensor cores, and what that leaves of them if it is to count.
template <int ROWS> struct Factors {
    uint large[ROWS][4];
    uint small[EXACT ? ROWS : 1][4];

    __device__ __forceinline__ explicit Factors(const uint (&numbers)[ROWS][4]) {
        #pragma unroll
        for (int i = 0; i < ROWS; i++) {
            #pragma unroll
            for (int e = 0; e < 4; e++) {
                if (EXACT) split_tf32(numbers[i][e], large[i][e], small[EXACT ? i : 0][e]);
                else large[i][e] = nearest_tf32(__uint_as_float(numbers[i][e]));
            }
        }
    }

    // Adds the products with a right factor's eight columns to sums[…][j]. The small ones first, so that they don't get lost.
    template <int COLUMNS> __device__ __forceinline__ void multiply_column(float (&sums)[ROWS][COLUMNS][4], int j, uint b0, uint b1) const {
        if (EXACT) {
            uint l0, l1, s0, s1;
            split_tf32(b0, l0, s0);
            split_tf32(b1, l1, s1);
            #pragma unroll
            for (int i = 0; i < ROWS; i++) multiply(sums[i][j], small[EXACT ? i : 0], l0, l1);
            #pragma unroll
            for (int i = 0; i < ROWS; i++) multiply(sums[i][j], large[i], s0, s1);
            #pragma unroll
            for (int i = 0; i < ROWS; i++) multiply(sums[i][j], large[i], l0, l1);
        } else {
            const uint l0 = nearest_tf32(__uint_as_float(b0));
            const uint l1 = nearest_tf32(__uint_as_float(b1));
            #pragma unroll
            for (int i = 0; i < ROWS; i++) multiply(sums[i][j], large[i], l0, l1);
        }
    }

    // Adds the factors themselves, in each column.
    __device__ __forceinline__ void add_up(float (&totals)[ROWS][4]) const {
        const uint one = __float_as_uint(1.0f);
        #pragma unroll
        for (int i = 0; i < ROWS; i++) {
            if (EXACT) multiply(totals[i], small[EXACT ? i : 0], one, one);
            multiply(totals[i], large[i], one, one);
        }
    }
};
#endif

template <int BLOCKS_HERE, int WIDTH, int KEYS_HERE> struct Values {
    static constexpr int ROW = WIDTH / PER_CHUNK;
    static constexpr int COLUMNS = WIDTH / 8; // products side by side
    static constexpr int BLOCK_BYTES = 16 * ROW * CHUNK;

    float sums[BLOCKS_HERE][COLUMNS][4];
    float totals[BLOCKS_HERE][4];
#if KERF_STORAGE == STORAGE_F32
    uint place;

    __device__ __forceinline__ Values(uint base, int lane) : sums{}, totals{} {
        place = base + lane % 4 * 2 * (ROW * CHUNK) + (lane / 4 ^ lane % 4 << 1) * CHUNK;
        kept(place);
    }

    // Adds what a tile's keys give with these weights; `here` is how far the tile's stage is from the first.
    __device__ __forceinline__ void add(const float (&scores)[BLOCKS_HERE][KEYS_HERE / 8][4], uint here) {
        repeat<KEYS_HERE / 8>([&](auto step) {
            constexpr int s = step.value;
            uint weights[BLOCKS_HERE][4];
            #pragma unroll
            for (int i = 0; i < BLOCKS_HERE; i++) {
                #pragma unroll
                for (int e = 0; e < 4; e++) weights[i][e] = __float_as_uint(scores[i][s][e % 2 * 2 + e / 2]);
            }
            const Factors<BLOCKS_HERE> left(weights);
            left.add_up(totals);
            repeat<COLUMNS / 4>([&](auto group) {
                constexpr int g = group.value;
                const int4 even = local_load4<s * BLOCK_BYTES / 2 + g * ROW_BYTES>(place + here);
                const int4 odd = local_load4<s * BLOCK_BYTES / 2 + ROW * CHUNK + g * ROW_BYTES>(place + here);
                const int evens[4] = {even.x, even.y, even.z, even.w};
                const int odds[4] = {odd.x, odd.y, odd.z, odd.w};
                #pragma unroll
                for (int j = 0; j < 4; j++) left.multiply_column(sums, 4 * g + j, evens[j], odds[j]);
            });
        });
    }

    // Leaves the sums of the warp's queries, times a factor for each of the lane's rows, as rows of LOCAL memory (rows.h).
    __device__ __forceinline__ void leave(char *mine, const float (&factors)[2 * BLOCKS_HERE], int lane) const {
        #pragma unroll
        for (int r = 0; r < 2 * BLOCKS_HERE; r++) {
            #pragma unroll
            for (int c = 0; c < COLUMNS / 2; c++) {
                const int e = r % 2 * 2 + c % 2;
                const float (*four)[4] = sums[r / 2] + c / 2 * 4;
                *(float4 *)(mine + mixed_chunk<ROW>(r * 8 + lane / 4, c / 2 * 8 + lane % 4 * 2 + c % 2)) = make_float4(
                        four[0][e] * factors[r], four[1][e] * factors[r], four[2][e] * factors[r], four[3][e] * factors[r]);
            }
        }
    }

    // Leaves the sums as they are, as floats; `left` is column c of a row of these.
    __device__ __forceinline__ void leave_floats(char *mine, int lane) const {
        float as_they_are[2 * BLOCKS_HERE];
        #pragma unroll
        for (int r = 0; r < 2 * BLOCKS_HERE; r++) as_they_are[r] = 1.0f;
        leave(mine, as_they_are, lane);
    }
    static __device__ __forceinline__ float left(const char *mine, int row, int c) {
        return *(const float *)(mine + mixed_chunk<ROW>(row, c / 4) + c % 4 * 4);
    }
#else
    MixedRows<ROW> value_at;

    __device__ __forceinline__ Values(uint base, int lane) : sums{}, totals{}, value_at(base, lane % 16, lane / 16) {}

    __device__ __forceinline__ void add(const float (&scores)[BLOCKS_HERE][KEYS_HERE / 8][4], uint here) {
        const uint ones = packed(1.0f, 1.0f);
        repeat<KEYS_HERE / 16>([&](auto step) {
            constexpr int s = step.value;
            uint weights[BLOCKS_HERE][4];
            #pragma unroll
            for (int i = 0; i < BLOCKS_HERE; i++) {
                #pragma unroll
                for (int e = 0; e < 4; e++) {
                    const float *w = scores[i][2 * s + e / 2] + e % 2 * 2;
                    weights[i][e] = packed(w[0], w[1]);
                }
                multiply(totals[i], weights[i], ones, ones);
            }
            repeat<ROW / 2>([&](auto column) {
                constexpr int c = column.value;
                uint f[4];
                value_at.template load_transposed<c, s * 16>(f, here);
                #pragma unroll
                for (int i = 0; i < BLOCKS_HERE; i++) {
                    multiply(sums[i][2 * c], weights[i], f[0], f[1]);
                    multiply(sums[i][2 * c + 1], weights[i], f[2], f[3]);
                }
            });
        });
    }

    __device__ __forceinline__ void leave(char *mine, const float (&factors)[2 * BLOCKS_HERE], int lane) const {
        #pragma unroll
        for (int r = 0; r < 2 * BLOCKS_HERE; r++) {
            #pragma unroll
            for (int j = 0; j < ROW; j++) {
                *(uint *)(mine + mixed_chunk<ROW>(r * 8 + lane / 4, j) + lane % 4 * 4)
                        = packed(sums[r / 2][j][r % 2 * 2] * factors[r], sums[r / 2][j][r % 2 * 2 + 1] * factors[r]);
            }
        }
    }

    __device__ __forceinline__ void leave_floats(char *mine, int lane) const {
        #pragma unroll
        for (int r = 0; r < 2 * BLOCKS_HERE; r++) {
            const int row = r * 8 + lane / 4;
            #pragma unroll
            for (int j = 0; j < COLUMNS; j++) {
                const int chunk = (2 * j + lane % 4 / 2) ^ (row & 3) << 1;
                *(float2 *)(mine + row * (WIDTH * 4) + chunk * CHUNK + lane % 2 * 8)
                        = make_float2(sums[r / 2][j][r % 2 * 2], sums[r / 2][j][r % 2 * 2 + 1]);
            }
        }
    }
    static __device__ __forceinline__ float left(const char *mine, int row, int c) {
        return *(const float *)(mine + row * (WIDTH * 4) + (c / 4 ^ (row & 3) << 1) * CHUNK + c % 4 * 4);
    }
#endif
};

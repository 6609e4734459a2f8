// Rows of numbers in LOCAL memory, CHUNKS chunks of 16 bytes each, that may lie anywhere in global memory: attention's queries,
// keys and values. Chunks change places within their row so that eight rows' chunks of one number lie in different banks; or, of PAIRED
// rows, two neighbouring chunks of every second row, as values of floats are read (values.h).
#include "mma.h"

// What a row's chunks are mixed by: eight rows of 8 · n chunks begin in the same bank, of 8 · n + 4 in two, of 4 in two as well.
template <int CHUNKS, int PAIRED> DEVICE int row_mixed_by(int row) {
    return PAIRED ? (row >> 1 & 3) << 1 : CHUNKS % 8 == 0 ? row & 7 : row >> 1 & 3;
}
template <int CHUNKS, int PAIRED = 0> DEVICE int mixed_chunk(int row, int chunk) {
    return (row * CHUNKS + (chunk ^ row_mixed_by<CHUNKS, PAIRED>(row))) * CHUNK;
}

// A chunk number by number: the first `count` of it, zeros behind them.
DEVICE void gather_numbers(uint to, const real *from, int count) {
    uint words[4] = {};
    #pragma unroll
    for (int e = 0; e < PER_CHUNK && e < count; e++) {
#if KERF_STORAGE == STORAGE_F32
        words[e] = __float_as_uint(__ldg(from + e));
#else
        words[e / 2] |= (uint)__ldg(from + e) << e % 2 * 16;
#endif
    }
    asm volatile("st.shared.v4.b32 [%0], {%1,%2,%3,%4};"
        : : "r"(to), "r"(words[0]), "r"(words[1]), "r"(words[2]), "r"(words[3]) : "memory");
}

// Copies COUNT rows from row `first` on, those before `end`, and zeros for others and behind `width` numbers: LANES work-items, of which
// this is the t-th. Row i of them lies rows[i] numbers from `from`, or i · width if there are no such places.
template <int CHUNKS, int COUNT, int LANES, int PAIRED = 0>
DEVICE void copy_rows(uint to, const real *from, const long *rows, int width, int first, int end, int t) {
    constexpr int SHARE = LANES / COUNT > 2 ? LANES / COUNT : 2; // lanes of a row
    constexpr int PER_PASS = LANES / SHARE;
    constexpr int PER_WARP = 32 / SHARE;
    static_assert(CHUNKS % SHARE == 0 && COUNT % PER_PASS == 0 && (SHARE == 2 || SHARE == 4 || CHUNKS % 8 == 0), "lanes share rows evenly");
    const int share = t % SHARE;
    const int p = t % 32 / SHARE;
    // Rows that eight lanes copy at once lie in different banks.
    const int place = SHARE > 4
            ? p
            : SHARE == 4
            ? (CHUNKS % 8 == 0 ? (p & 1) << 2 | p >> 1 : p)
            : p & 8 | (CHUNKS % 8 == 0 ? (p & 3) << 1 | p >> 2 & 1 : p & 1 | (p & 2) << 1 | p >> 1 & 2);
    #pragma unroll
    for (int pass = 0; pass < COUNT / PER_PASS; pass++) {
        const int row = pass * PER_PASS + t / 32 * PER_WARP + place;
        const int there = first + row < end;
        const real *at = from + (!there ? 0 : rows ? rows[first + row] : (long)(first + row) * width) + share * PER_CHUNK;
        const uint into = to + mixed_chunk<CHUNKS, PAIRED>(row, share);
        const int numbers = there ? width - share * PER_CHUNK : 0;
        if (((ulong)at & (CHUNK - 1)) == 0) {
            repeat<CHUNKS / SHARE>([&](auto c) {
                // Chunks that are mixed, by exclusive or, and those behind them, which are counted on.
                constexpr int MIXED = CHUNKS % 8 == 0 ? 7 : 3;
                constexpr int on = c.value * SHARE;
                copy_chunk<(on & ~MIXED) * CHUNK, on * CHUNK>(into ^ (on & MIXED) * CHUNK, at, on * PER_CHUNK < numbers ? CHUNK : 0);
            });
        } else {
            #pragma unroll 1
            for (int on = 0; on < CHUNKS; on += SHARE) {
                gather_numbers(to + mixed_chunk<CHUNKS, PAIRED>(row, share + on), at + on * PER_CHUNK, numbers - on * PER_CHUNK);
            }
        }
    }
}

// Where a lane's part of fragments lies: rows `row` and those at multiples of 16 from it, chunks of one parity.
template <int CHUNKS> struct MixedRows {
    static constexpr int PLACES = CHUNKS % 8 == 0 ? 4 : 2;
    uint place[PLACES];

    __device__ __forceinline__ MixedRows(uint base, int row, int odd) {
        #pragma unroll
        for (int p = 0; p < PLACES; p++) {
            place[p] = base + mixed_chunk<CHUNKS>(row, 2 * p + odd);
            asm volatile("" : "+r"(place[p])); // worked out once, not in each step
        }
    }

    // The fragment of chunks 2 · PAIR and the one beside it, ON rows further on, a stage's offset from base.
    template <int PAIR, int ON> __device__ __forceinline__ void load(uint (&r)[4], uint stage) const {
        load_matrix4<(PAIR / PLACES * PLACES * 2 + ON * CHUNKS) * CHUNK>(r, place[PAIR % PLACES] + stage);
    }
    template <int PAIR, int ON> __device__ __forceinline__ void load_transposed(uint (&r)[4], uint stage) const {
        load_matrix4_transposed<(PAIR / PLACES * PLACES * 2 + ON * CHUNKS) * CHUNK>(r, place[PAIR % PLACES] + stage);
    }
};

// An operand of a matrix product on its way through LOCAL memory: copied there a tile at a time, a tile being the terms that 128
// bytes hold of EXTENT rows (or columns) of the product, and loaded from there as fragments for mma.h.
//
// BY_TERMS says how it lies in global memory: 0 if the terms of a row of the product are neighbours, 1 if those of one term are. In a
// tile the first kind lies as EXTENT rows of 128 bytes; the second as panels, one for each 128 bytes of EXTENT, of a row for each term.
// Chunks of 16 bytes change places within their row (mixed), so that neither copies nor fragments meet in a bank.
#include "mma.h"

#define MEMBER __device__ __forceinline__
#define PANEL_BYTES (ROW_NUMBERS * ROW_BYTES)

// What a row's chunks are mixed by. Fragments of floats that lie by terms are loaded number by number: four terms, eight neighbours.
template <int BY_TERMS> DEVICE int mixed_by(int row) {
    return BY_TERMS && KERF_STORAGE == STORAGE_F32 ? (row & 3) << 1 : row & 7;
}

// A chunk that isn't at a multiple of 16 bytes, number by number: `count` of it, zeros behind them.
DEVICE void gather_chunk(uint to, const real *from, int count) {
    real numbers[PER_CHUNK];
    #pragma unroll
    for (int e = 0; e < PER_CHUNK; e++) {
        numbers[e] = e < count ? __ldg(from + e) : (real)0;
    }
    const uint *w = (const uint *)numbers;
    asm volatile("st.shared.v4.b32 [%0], {%1,%2,%3,%4};" : : "r"(to), "r"(w[0]), "r"(w[1]), "r"(w[2]), "r"(w[3]) : "memory");
}

// HALVES > 0: the tile's second half lies that many columns behind the first one's start. ANYWHERE: a row of the product is the one that
// a table says; one that it says is -1, and what a tile has beyond the last, is another row's numbers.
template <int BY_TERMS, int EXTENT, int GROUP, int HALVES = 0, int ANYWHERE = 0> struct Operand {
    // Lanes copy 64 bytes of a row that lies by itself, the next four 64 bytes four rows on, in two goes; whole rows of terms.
    static constexpr int PER_PASS = BY_TERMS ? GROUP / ROW_CHUNKS : GROUP / 4;
    static constexpr int PASSES = (BY_TERMS ? ROW_NUMBERS : EXTENT) / PER_PASS;
    static constexpr int GOES = BY_TERMS ? EXTENT / ROW_NUMBERS : 2;
    static constexpr int GO_BYTES = BY_TERMS ? ROW_BYTES : ROW_BYTES / 2;
    static MEMBER constexpr int go_from(int go) {
        return HALVES > 0 && go >= GOES / 2 ? HALVES * (int)sizeof(real) + (go - GOES / 2) * GO_BYTES : go * GO_BYTES;
    }
    static_assert(PER_PASS % 8 == 0 && PASSES * PER_PASS == (BY_TERMS ? ROW_NUMBERS : EXTENT), "a group copies eight rows at least");
    static_assert(!BY_TERMS || !ANYWHERE, "what lies by terms has no rows");

    const char *at;
    long step_bytes; // from a tile to the next
    int pitch;
    int row;         // of this work-item's first copy in a tile
    int rows;        // of a tile that there are; of terms, all that there are
    int chunk_bytes; // from this work-item's first chunk on to the end of the row; of terms, all that there are
    uint place;
    int whole;       // steps whose tiles are all there and aligned
    int aligned;
    int index[ANYWHERE ? PASSES : 1]; // of the row that a pass copies from

    // The tiles from term `start` to `end` (exclusive) of `extent` rows or columns, `first` on; they lie `base` bytes into a stage. Rows
    // are those of `table`, or as they come where there is none.
    MEMBER Operand(const real *p, int base, int extent, int length, int first, int start, int end, const int *table = 0) {
        const int t = threadIdx.x;
        row = BY_TERMS ? t / 8 : t / 32 * 8 + (t >> 3 & 3) + (t >> 2 & 1) * 4;
        const int chunk = BY_TERMS ? t % 8 : t % 4;
        pitch = (BY_TERMS ? extent : length) * (int)sizeof(real);
        step_bytes = BY_TERMS ? (long)ROW_NUMBERS * pitch : (long)ROW_BYTES;
        const int here = extent - first;
        const int terms = max(0, end - start);
        rows = BY_TERMS ? terms : here;
        chunk_bytes = (BY_TERMS ? here : terms) * (int)sizeof(real) - chunk * CHUNK;
        place = base + row * ROW_BYTES + (chunk ^ mixed_by<BY_TERMS>(row)) * CHUNK;
        aligned = (((ulong)p | (ulong)pitch) & (CHUNK - 1)) == 0;
        whole = aligned && (ANYWHERE || here >= EXTENT) ? terms / ROW_NUMBERS : 0;
        // Worked out once, not in each step.
        asm volatile("" : "+r"(place));
        asm volatile("" : "+r"(pitch));
        if (BY_TERMS) {
            asm volatile("" : "+l"(step_bytes));
        }
        at = (const char *)p + (ANYWHERE ? 0 : (long)((BY_TERMS ? start : first) + row) * pitch)
                + (BY_TERMS ? first : start) * (int)sizeof(real) + chunk * CHUNK;
        #pragma unroll
        for (int pass = 0; pass < PASSES && ANYWHERE; pass++) {
            const int i = min(first + row + pass * PER_PASS, extent - 1);
            index[pass] = table ? max(table[i], 0) : i;
        }
    }

    // Where this work-item's copies of a pass come from, but for what go_from adds.
    template <int PASS> MEMBER const char *pass_from() const {
        if constexpr (ANYWHERE) {
            return wide_address(at, index[PASS], pitch);
        } else {
            return PASS == 0 ? at : wide_address(at, PASS * PER_PASS, pitch);
        }
    }
    MEMBER int is_row(int pass, int terms) const { return ANYWHERE || row + pass * PER_PASS + (BY_TERMS ? terms : 0) < rows; }

    MEMBER uint go_place(uint to, int go) const {
        return BY_TERMS ? to + place + go * PANEL_BYTES : (to + place) ^ (go * GO_BYTES);
    }

    // Copies the next tile, all of it.
    MEMBER void copy_whole(uint to) {
        const uint first = go_place(to, 0);
        const uint second = go_place(to, 1);
        repeat<PASSES>([&](auto pass) {
            const char *from = pass_from<pass.value>();
            repeat<GOES>([&](auto go) {
                copy_chunk<pass.value * PER_PASS * ROW_BYTES + (BY_TERMS ? go.value * PANEL_BYTES : 0), go_from(go.value)>(
                        BY_TERMS || go.value == 0 ? first : second, from);
            });
        });
        next();
    }

    // Copies tile `step`, the next, and zeros where there is nothing.
    MEMBER void copy(uint to, int step) {
        const int terms = step * ROW_NUMBERS;
        if (aligned) {
            repeat<PASSES>([&](auto pass) {
                const char *from = pass_from<pass.value>();
                const int there = is_row(pass.value, terms);
                repeat<GOES>([&](auto go) {
                    const int bytes = chunk_bytes - go_from(go.value) - (BY_TERMS ? 0 : terms * (int)sizeof(real));
                    copy_chunk<pass.value * PER_PASS * ROW_BYTES>(
                            go_place(to, go.value), from + go_from(go.value), there ? min(max(bytes, 0), CHUNK) : 0);
                });
            });
        } else {
            #pragma unroll 1
            for (int pass = 0; pass < PASSES; pass++) {
                const int there = is_row(pass, terms);
                const char *from = wide_address(at, ANYWHERE ? index[0] : pass * PER_PASS, pitch);
                #pragma unroll
                for (int i = 0; i < PASSES - 1 && ANYWHERE; i++) { // the next first: no register is found by a number
                    const int now = index[i];
                    index[i] = index[i + 1];
                    index[i + 1] = now;
                }
                #pragma unroll 1
                for (int go = 0; go < GOES; go++) {
                    const int bytes = chunk_bytes - go_from(go) - (BY_TERMS ? 0 : terms * (int)sizeof(real));
                    gather_chunk(go_place(to, go) + pass * PER_PASS * ROW_BYTES,
                            (const real *)(from + go_from(go)),
                            there ? bytes / (int)sizeof(real) : 0);
                }
            }
        }
        next();
    }

    MEMBER void next() {
        at += step_bytes;
        asm volatile("" : "+l"(at));
    }
};

// Where a warp's fragments lie in a stage whose tile lies `base` bytes into it, from its row or column `first` on. RIGHT are those of the right operand, whose second
// and third quarters change places.
template <int BY_TERMS, int RIGHT, int WARP> struct Fragments {
    static constexpr int PLACES = !BY_TERMS ? 1 : KERF_STORAGE == STORAGE_F32 ? 4 : WARP / 16;
    uint place[PLACES];

    MEMBER Fragments(int base, int first, int lane) {
        const int high = lane / 16;
        const int middle = lane / 8 % 2;
        if (!BY_TERMS) {
            const int row = first + lane % 8 + (RIGHT ? high : middle) * 8;
            place[0] = base + row * ROW_BYTES + ((RIGHT ? middle : high) ^ mixed_by<0>(row)) * CHUNK;
        } else if (KERF_STORAGE == STORAGE_F32) {
            const int term = lane % 4;
            #pragma unroll
            for (int p = 0; p < PLACES; p++) {
                place[p] = base + first / ROW_NUMBERS * PANEL_BYTES + term * ROW_BYTES
                        + ((2 * p + high) ^ mixed_by<1>(term)) * CHUNK + lane / 4 % 4 * 4;
            }
        } else {
            const int term = lane % 8 + (RIGHT ? middle : high) * 8;
            #pragma unroll
            for (int p = 0; p < PLACES; p++) {
                const int chunk = first % ROW_NUMBERS / PER_CHUNK + 2 * p + (RIGHT ? high : middle);
                place[p] = base + first / ROW_NUMBERS * PANEL_BYTES + term * ROW_BYTES + (chunk ^ mixed_by<1>(term)) * CHUNK;
            }
        }
        // Worked out once, not in each step.
        #pragma unroll
        for (int p = 0; p < PLACES; p++) {
            asm volatile("" : "+r"(place[p]));
        }
    }

    // Fragment I of 16 rows or columns, of the terms that lie K · 32 bytes on.
    template <int K, int I> MEMBER void load(uint (&r)[4], uint stage) const {
        if constexpr (!BY_TERMS) {
            load_matrix4<I * 16 * ROW_BYTES>(r, (stage + place[0]) ^ (K * 2 * CHUNK));
        } else if constexpr (KERF_STORAGE == STORAGE_F32) {
            constexpr int OFFSET = I / 2 * PANEL_BYTES + K * 8 * ROW_BYTES;
            repeat<4>([&](auto quarter) {
                constexpr int later = RIGHT ? quarter.value % 2 : quarter.value / 2;
                constexpr int beside = RIGHT ? quarter.value / 2 : quarter.value % 2;
                asm volatile("ld.shared.b32 %0, [%1 + %2];" : "=r"(r[quarter.value])
                    : "r"(stage + place[I % 2 * 2 + beside]), "n"(OFFSET + later * 4 * ROW_BYTES) : "memory");
            });
        } else {
            load_matrix4_transposed<K * 16 * ROW_BYTES + I / 4 * PANEL_BYTES>(r, stage + place[I % 4]);
        }
    }
};

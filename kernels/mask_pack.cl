// A mask of any form as bits: eight pixels a byte, the first in the highest bit; 0 for pixels to ignore and past the end.
//
// FORM   0 bytes (belongs if not 0), 1 bits as in the result, 2 logits (belongs if larger than the threshold).
//        X_T: uchar or real. HAS_IGNORE: 1 if ignore (pixels) says what to leave out.
// Shapes x: N rows, x_sn apart, of `pixels` elements or as many bits; y (N, row), row a multiple of 4 bytes.
// Launch a work-item for each byte of a row of the result.
// FLOPs  N · pixels comparisons
// Bytes  x and y once, ignore once for each mask

// Forms, numbered as dev.kerf.graph.MeasureOp.MaskForm.
#define FORM_BYTES 0
#define FORM_BITS 1
#define FORM_LOGITS 2

#ifndef FORM
#define FORM FORM_BYTES
#define X_T uchar
#define HAS_IGNORE 0
#endif
#ifndef GROUP
#define GROUP 128
#endif

#if FORM == FORM_LOGITS
#define BELONGS(i) (LOAD(line, i) > threshold)
#else
#define BELONGS(i) (line[i] != 0)
#endif

KERNEL mask_pack(
        GLOBAL const X_T *RESTRICT x, long x_off, long x_sn, GLOBAL const uchar *RESTRICT ignore, long ignore_off,
        GLOBAL uchar *RESTRICT y, long y_off, long pixels, int row, float threshold) {
    const int i = GLOBAL_ID(0);
    if (i >= row) {
        return;
    }
    GLOBAL const X_T *line = x + x_off + GROUP_ID(1) * x_sn;
    const long first = 8 * (long)i;
    const int valid = pixels - first >= 8 ? 8 : pixels > first ? (int)(pixels - first) : 0;
    int bits = 0;
#if FORM == FORM_BITS
    if (valid > 0) {
        bits = line[i] & (0xff00 >> valid);
    }
#else
    if (valid == 8) {
        for (int k = 0; k < 8; k++) {
            bits |= BELONGS(first + k) ? 0x80 >> k : 0;
        }
    } else {
        for (int k = 0; k < valid; k++) {
            bits |= BELONGS(first + k) ? 0x80 >> k : 0;
        }
    }
#endif
#if HAS_IGNORE
    for (int k = 0; k < valid; k++) {
        bits &= ignore[ignore_off + first + k] != 0 ? ~(0x80 >> k) : 0xff;
    }
#endif
    y[y_off + (long)GROUP_ID(1) * row + i] = (uchar)bits;
}

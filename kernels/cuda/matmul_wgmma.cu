// Matrix products over a batch by Hopper's products of four warps (wgmma): matmul_tiles.h says what is computed, how it is launched and what
// the parameters are.
#define ENTRY matmul_wgmma
#define WGMMA 1
#include "matmul_tiles.h"

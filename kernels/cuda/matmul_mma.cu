// Matrix products over a batch on tensor cores from sm_80 on (mma.sync): matmul_tiles.h says what is computed, how it is launched and what
// the parameters are.
#define ENTRY matmul_mma
#include "matmul_tiles.h"

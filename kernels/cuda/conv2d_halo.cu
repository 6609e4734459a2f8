// Convolution of images that lie channel by channel, on tensor cores from sm_80 on (mma.sync), which reads a tile's inputs once for all
// taps: conv2d_patches.h says what is computed, how it is launched and what the parameters are.
#define ENTRY conv2d_halo
#include "conv2d_patches.h"

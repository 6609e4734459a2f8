// Convolution of images that lie channel by channel, by Hopper's products of four warps (wgmma), which reads a tile's inputs once for all
// taps: conv2d_patches.h says what is computed, how it is launched and what the parameters are; a tile has 128 channels.
#define ENTRY conv2d_halo_wgmma
#define WGMMA 1
#include "conv2d_patches.h"

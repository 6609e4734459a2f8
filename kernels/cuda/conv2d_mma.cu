// Convolution of images that lie channel by channel, on tensor cores from sm_80 on (mma.sync): conv2d_pixels.h says what is computed, how
// it is launched and what the parameters are.
#define ENTRY conv2d_mma
#include "conv2d_pixels.h"

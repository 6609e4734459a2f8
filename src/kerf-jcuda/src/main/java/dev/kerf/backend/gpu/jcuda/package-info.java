/**
 * NVIDIA GPUs through JCuda, that is through JNI: a {@link dev.kerf.backend.gpu.cuda.CudaApi} beside that by FFM, under
 * the same driver, for those who use JCuda already and for comparing the two bindings. Kernels' code is the same, from
 * {@link dev.kerf.backend.gpu.cuda.KernelImages}.
 */
package dev.kerf.backend.gpu.jcuda;

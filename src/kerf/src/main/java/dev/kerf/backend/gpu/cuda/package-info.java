/**
 * The CUDA driver, over libcuda by the foreign-function API: a user needs NVIDIA's driver alone. The library is
 * {@code libcuda.so.1}, or what the system property {@code kerf.cuda.library} or the environment's
 * {@code KERF_CUDA_LIBRARY} names. Where the code of kernels comes from is
 * {@link dev.kerf.backend.gpu.cuda.KernelImages}.
 */
package dev.kerf.backend.gpu.cuda;

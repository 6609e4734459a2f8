/**
 * From ops to kernel launches, for every GPU. {@link dev.kerf.backend.gpu.Driver} is what a driver has to offer;
 * {@link dev.kerf.backend.gpu.kernel.Manifest} says what each kernel under {@code kernels/} takes, {@link
 * dev.kerf.backend.gpu.Lowering} which launches do an op, and {@link dev.kerf.backend.gpu.device} runs them.
 */
package dev.kerf.backend.gpu;

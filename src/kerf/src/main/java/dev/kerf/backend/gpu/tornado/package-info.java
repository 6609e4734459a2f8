/**
 * TornadoVM, with kernels written in Java. Here is only what finds it: the driver needs TornadoVM's classes and is in a
 * jar of its own, which a build makes where {@code TORNADOVM_HOME} is set.
 */
package dev.kerf.backend.gpu.tornado;

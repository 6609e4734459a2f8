/**
 * Kernels for TornadoVM, a package for each family: a class for each, named like its manifest in {@code
 * kernels/manifest}, which says its arguments and launch. The method is Java; what TornadoVM (5.2) makes of it is OpenCL C or PTX, and some Java it takes and
 * compiles to something else. A kernel here is written so that it doesn't:
 *
 * <ul>
 * <li>Conditions. A chain of {@code &&} or {@code ||}, or a conditional expression within another's condition, in an
 * {@code if} that has an {@code else} can come out wrong. Conditions that belong together are added up as numbers
 * ({@link Range}), or the {@code if}s are nested.
 * <li>NaN. {@code >=} and {@code <=} of floats are true for NaN. {@code <} and {@code >} are right.
 * <li>Rounding. {@code a * b + c} becomes one fma, {@code c - a * b} doesn't ({@link Pair}).
 * <li>Shifts. {@code >>>} of an int copies the sign like {@code >>}; mask afterwards.
 * <li>Bits. There is no {@code Float.floatToRawIntBits}; pass the buffer a second time as an {@code IntArray}
 * ({@link dev.kerf.tornado.kernel.select.Pick}).
 * <li>Local memory. {@code context.allocate…LocalArray} must be used in the method that made it: given to another
 * method, its address is wrong. Its size must be constant. Atomics on it reach element 0 alone.
 * <li>Loops of constant length are unrolled, and a method with more than some 600 nodes isn't inlined any more. Lanes of
 * a vector can only be got by constants: in unrolled loops of few statements.
 * <li>Names. A variable called {@code local}, {@code global} or {@code kernel} is OpenCL's keyword.
 * <li>Buffers. A buffer that a task writes must not appear again further on in its parameters: buffers that are read go
 * first. A task has at most 20 parameters beside the context, which is why sizes and offsets share an {@code IntArray}.
 * <li>Helpers are static methods here; everything they call is inlined.
 * </ul>
 *
 * <p>Devices of TornadoVM have float32 alone: its half isn't usable on all of them. Tensor cores ({@code
 * KernelContext.mma}) take half or bfloat16 operands only, which don't hold the bounds of float32, so that no kernel uses
 * them.
 *
 * <p>Scalars of a launch come in an {@code IntArray}, so that the code of a kernel doesn't depend on shapes, but
 * TornadoVM keeps code within a plan: a graph compiled for another shape is compiled anew, 0.1 to 4 s for a kernel. What
 * runs repeatedly is compiled once, as an {@link dev.kerf.backend.Executable}, whose
 * {@link dev.kerf.backend.Executable#warmUp warmUp} has its code made before the first run that counts.
 */
package dev.kerf.tornado.kernel;

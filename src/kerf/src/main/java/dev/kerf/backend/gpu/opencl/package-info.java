/**
 * The OpenCL driver, over any vendor's libOpenCL, by the foreign-function API. The library is {@code libOpenCL.so.1}, or
 * what the system property {@code kerf.opencl.library} or the environment's {@code KERF_OPENCL_LIBRARY} names.
 */
package dev.kerf.backend.gpu.opencl;

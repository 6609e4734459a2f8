/**
 * The OpenCL driver, over any vendor's libOpenCL, by the foreign-function API. The library is {@code libOpenCL.so.1}, or
 * what the system property {@code kerf.opencl.library} names.
 */
package dev.kerf.backend.gpu.opencl;

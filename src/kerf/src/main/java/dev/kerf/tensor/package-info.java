/** Plain data: element types, shapes and tensors in host memory. */
package dev.kerf.tensor;

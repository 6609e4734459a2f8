/** Plain data: element types, shapes and tensors in host memory. */
@NullMarked
package dev.kerf.tensor;

import org.jspecify.annotations.NullMarked;

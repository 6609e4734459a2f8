/** Image segmentation on the GPU from Java: what comes with Kerf. */
@NullMarked
package dev.kerf;

import org.jspecify.annotations.NullMarked;

/** Image segmentation on the GPU from Java: what comes with Kerf. */
package dev.kerf;

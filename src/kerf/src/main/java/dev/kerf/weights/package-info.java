/**
 * Raw weight files: safetensors mapped in place, PyTorch checkpoints read by an allow-list, and one view over both; published
 * ones are fetched into the user's cache.
 */
@NullMarked
package dev.kerf.weights;

import org.jspecify.annotations.NullMarked;

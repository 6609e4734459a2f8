/** Raw weight files: safetensors mapped in place, PyTorch checkpoints read by an allow-list, and one view over both. */
package dev.kerf.weights;

/**
 * Kernels that move much and compute little, and plain forms of those that compute much. Written once over
 * {@link dev.kerf.backend.cpu.light.Lanes}, the operations on rows of numbers, which come in vectors or in plain Java.
 */
package dev.kerf.backend.cpu.light;

/**
 * A device of any driver: memory, transfers, and graphs that are compiled and run. What it stands on, from ops to launches, is in
 * {@link dev.kerf.backend.gpu}.
 */
package dev.kerf.backend.gpu.device;

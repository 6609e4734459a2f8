/** Trials on a device: kernels compiled with a configuration's parameters, held to the oracle, and timed. */
package dev.kerf.tune.device;

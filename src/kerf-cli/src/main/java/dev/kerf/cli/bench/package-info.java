/** Latencies of whole networks and times of single kernels. */
package dev.kerf.cli.bench;

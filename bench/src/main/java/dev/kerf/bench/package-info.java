/** Measures Kerf beside its peers with JMH; {@link dev.kerf.bench.Bench} is the command. */
package dev.kerf.bench;

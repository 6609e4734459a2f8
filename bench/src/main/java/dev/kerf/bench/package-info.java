/** ONNX Runtime as a peer of {@code kerf bench}, and native calls by JMH; {@link dev.kerf.bench.Bench} is the command. */
package dev.kerf.bench;

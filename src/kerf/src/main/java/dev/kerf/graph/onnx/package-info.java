/**
 * Graphs written as ONNX models: a way out of Kerf into any runtime that reads the format.
 *
 * <pre>{@code OnnxExport.write(graph, weights, Path.of("unet.onnx"));}</pre>
 */
@NullMarked
package dev.kerf.graph.onnx;

import org.jspecify.annotations.NullMarked;

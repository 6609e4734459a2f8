/**
 * Graphs written as ONNX models: a way out of Kerf into any runtime that reads the format.
 *
 * <pre>{@code OnnxExport.write(graph, weights, Path.of("unet.onnx"));}</pre>
 */
package dev.kerf.graph.onnx;

/**
 * Graphs written as ONNX models, and ONNX models recorded as graphs: a way out of Kerf into any runtime that reads the format, and
 * a way in.
 *
 * <pre>{@code
 * OnnxExport.write(graph, weights, Path.of("unet.onnx"));
 * try (OnnxModel model = OnnxModel.open(Path.of("net.onnx"))) {
 *     Graph graph = model.graph(Map.of("image", Shape.of(1, 3, 512, 512)));
 * }
 * }</pre>
 */
@NullMarked
package dev.kerf.graph.onnx;

import org.jspecify.annotations.NullMarked;

/** What is in an ONNX model's file: its wire format, its nodes as plain data, its tensors as they are mapped. */
@NullMarked
package dev.kerf.weights.onnx;

import org.jspecify.annotations.NullMarked;

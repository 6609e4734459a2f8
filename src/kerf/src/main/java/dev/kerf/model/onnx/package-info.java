/**
 * Networks of any architecture from ONNX models: what prepares a picture for them, and what makes labels or a matte of what they
 * give.
 */
@NullMarked
package dev.kerf.model.onnx;

import org.jspecify.annotations.NullMarked;

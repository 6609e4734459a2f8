/**
 * A model as data: a graph of {@link dev.kerf.graph.Op} records, recorded once by a {@link dev.kerf.graph.GraphBuilder},
 * with inferred shapes. Back ends switch over the op records; passes (fusion, memory planning, ONNX export) read them.
 */
@NullMarked
package dev.kerf.graph;

import org.jspecify.annotations.NullMarked;

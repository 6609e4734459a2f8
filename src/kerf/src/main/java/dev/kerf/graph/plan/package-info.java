/** What back ends do with a graph before they compile it: fusion, the values of folded weights, where each value lies. */
@NullMarked
package dev.kerf.graph.plan;

import org.jspecify.annotations.NullMarked;

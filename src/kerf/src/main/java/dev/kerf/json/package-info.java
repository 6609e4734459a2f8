/** A small strict JSON (RFC 8259) reader and writer: file headers, manifests, tuned parameters and results. */
@NullMarked
package dev.kerf.json;

import org.jspecify.annotations.NullMarked;

/** A small strict JSON (RFC 8259) reader and writer: file headers, manifests, tuned parameters and results. */
package dev.kerf.json;

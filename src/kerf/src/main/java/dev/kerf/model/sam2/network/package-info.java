/** SAM 2's networks, recorded as graphs: what {@link dev.kerf.model.sam2.Sam2} compiles. */
@NullMarked
package dev.kerf.model.sam2.network;

import org.jspecify.annotations.NullMarked;

package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import java.util.List;

/** What stands first in an image encoder: Hiera in SAM 2. The neck takes whatever widths its levels have. */
interface Trunk {
    /** x (1, 3, S, S) to four levels, each twice as coarse as the one before: (1, C₀, S/4, S/4) to (1, C₃, S/32, S/32). */
    List<Value> forward(Value x);
}

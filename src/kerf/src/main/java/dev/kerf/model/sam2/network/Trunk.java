package dev.kerf.model.sam2.network;

import dev.kerf.graph.Graph.Value;
import java.util.List;

/** What stands first in an image encoder: Hiera in SAM 2. The neck takes whatever widths its levels have. */
interface Trunk {
    /** x (1, 3, S, S) to four levels, each twice as coarse as the one before: (S/4, S/4, C₀) to (S/32, S/32, C₃). */
    List<Value> forward(Value x);
}

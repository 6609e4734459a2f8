package dev.kerf.serve.clip;

import dev.kerf.json.Json;
import dev.kerf.mask.RunLength;
import dev.kerf.model.sam2.Prompt;
import java.util.Optional;

/**
 * What an object is shown by in one frame: a prompt, or its pixels.
 *
 * @param json   as it came and is kept
 * @param prompt points, strokes and a box; empty if there is a mask
 * @param mask   the object's pixels, if they were drawn
 */
public record Shown(Json json, Prompt prompt, Optional<RunLength> mask) {}

package dev.kerf.model.sam2;

import java.util.Map;

/**
 * Where the objects are in one frame.
 *
 * @param frame   its number, from 0
 * @param objects each object's mask by the object's number, in the order in which objects were first prompted; an
 *                object that isn't in the frame has an empty mask
 */
public record FrameResult(int frame, Map<Integer, Prediction> objects) {}

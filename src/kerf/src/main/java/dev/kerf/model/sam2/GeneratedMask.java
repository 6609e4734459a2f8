package dev.kerf.model.sam2;

import dev.kerf.mask.Box;
import dev.kerf.mask.RunLength;

/**
 * A mask that nobody prompted.
 *
 * @param mask      its pixels, of the image's size
 * @param bounds    the smallest box around it
 * @param iou       how well the network thinks that it fits, 0 … 1
 * @param stability how little it depends on the threshold, as {@link Prediction#stability}
 * @param point     the point of the grid that found it
 * @param crop      the part of the image that the network saw
 */
public record GeneratedMask(RunLength mask, Box bounds, float iou, double stability, Prompt.Point point, Box crop) {}

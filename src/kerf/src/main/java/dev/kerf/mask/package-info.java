/**
 * What was found in images, in host memory, and its files.
 *
 * <p>Pixels: {@link dev.kerf.mask.Mask}, its code {@link dev.kerf.mask.RunLength}; {@link dev.kerf.mask.LabelMap} with a class
 * for each pixel; {@link dev.kerf.mask.Instances} with a mask for each object; {@link dev.kerf.mask.Panoptic} with a segment for each pixel,
 * which {@link dev.kerf.mask.Panoptic.Merge} makes of the two.
 *
 * <p>COCO's files: {@link dev.kerf.mask.CocoDataset} and {@link dev.kerf.mask.CocoDataset.Results} read truths and detections,
 * {@link dev.kerf.mask.CocoPanoptic} panoptic pictures; {@link dev.kerf.mask.Coco} and
 * {@link dev.kerf.mask.Instances#writeCocoResults} write them.
 *
 * <p>Pictures to look at: {@link dev.kerf.mask.Overlay}; things cut out of pictures by a matte: {@link dev.kerf.mask.Cutout}, in front of a
 * {@link dev.kerf.mask.Background}.
 */
@NullMarked
package dev.kerf.mask;

import org.jspecify.annotations.NullMarked;

/**
 * SAM 2 and 2.1 (Ravi et al. 2024, "SAM 2: Segment Anything in Images and Videos"): masks of whatever points, boxes
 * and masks show, in an image and through a video. Modules are named as in facebookresearch/sam2, weights as in its
 * checkpoints.
 */
@NullMarked
package dev.kerf.model.sam2;

import org.jspecify.annotations.NullMarked;

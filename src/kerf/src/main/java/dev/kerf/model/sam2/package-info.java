/**
 * SAM 2 and 2.1 (Ravi et al. 2024, "SAM 2: Segment Anything in Images and Videos"): masks of whatever points, boxes
 * and masks show, in an image and through a video; and SAM, the first (Kirillov et al. 2023, "Segment Anything"), in an
 * image. Modules are named as in facebookresearch/sam2 and facebookresearch/segment-anything, weights as in their checkpoints.
 */
@NullMarked
package dev.kerf.model.sam2;

import org.jspecify.annotations.NullMarked;

/**
 * Mask R-CNN (He et al. 2017) on a feature pyramid (Lin et al. 2017): instances of things in images. One graph from pixels to
 * pasted masks, as torchvision's {@code maskrcnn_resnet50_fpn} (and {@code _v2}) computes it, or as Detectron2 does.
 */
@NullMarked
package dev.kerf.model.maskrcnn;

import org.jspecify.annotations.NullMarked;

/**
 * Mattes of pictures, how much of each pixel belongs to what a picture is of: U²-Net (Qin et al. 2020, "U²-Net: Going Deeper with
 * Nested U-Structure for Salient Object Detection"), IS-Net (Qin et al. 2022, "Highly Accurate Dichotomous Image Segmentation"), and
 * networks of ONNX models.
 */
@NullMarked
package dev.kerf.model.matting;

import org.jspecify.annotations.NullMarked;

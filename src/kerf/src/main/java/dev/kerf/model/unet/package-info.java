/**
 * U-Net (Ronneberger, Fischer and Brox 2015, "U-Net: Convolutional Networks for Biomedical Image Segmentation"): semantic
 * segmentation, from an image to a label for each pixel.
 */
@NullMarked
package dev.kerf.model.unet;

import org.jspecify.annotations.NullMarked;

package dev.kerf.spark;

/** What is asked of each image. */
public enum Task {
    /** A class for each pixel, by a U-Net or a network of an ONNX model. */
    SEGMENT,
    /** Things with masks, by Mask R-CNN or an ONNX model that finds instances. */
    DETECT,
    /** A thing or a sort of stuff for each pixel, by Panoptic FPN. */
    PANOPTIC,
    /** A mask for each prompt of the column of prompts, by SAM, SAM 2 or EdgeTAM. */
    PROMPTS
}

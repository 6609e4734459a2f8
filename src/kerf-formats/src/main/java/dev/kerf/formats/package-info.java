/** Annotations as YOLO, QuPath, CVAT, Label Studio and Cityscapes have them, written and read. */
package dev.kerf.formats;

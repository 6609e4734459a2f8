/** Masks and label maps in host memory: COCO's codes, polygons, pictures to look at, and their files. */
package dev.kerf.mask;

/**
 * Rasters that are too large to be held: a {@link dev.kerf.geo.Raster} is read by windows, a {@link dev.kerf.geo.RasterRun} takes a network
 * over it tile by tile, a {@link dev.kerf.geo.LabelTiff} holds the labels in the same grid, and {@link dev.kerf.geo.Outlines} traces
 * them. Memory doesn't grow with the number of tiles.
 */
package dev.kerf.geo;

/** {@code kerf segment} of rasters: GeoTIFF, BigTIFF and slides, tile by tile. */
package dev.kerf.cli.raster;

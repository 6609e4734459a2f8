/** Rasters of any size: GeoTIFF, BigTIFF and slides by windows, labels and outlines in their own grid. */
module dev.kerf.geo {
    requires transitive dev.kerf;

    exports dev.kerf.geo;
}

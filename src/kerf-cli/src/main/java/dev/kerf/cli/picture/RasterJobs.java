package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.raster.RasterRequest;
import dev.kerf.json.Json;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Rasters in a manifest.
 *
 * @param jobs   with the manifest
 * @param stamps of files before they were read
 */
record RasterJobs(Jobs jobs, Map<Path, Manifest.Stamp> stamps) implements RasterRequest.Done {
    static RasterJobs of(Jobs jobs) {
        return new RasterJobs(jobs, new HashMap<>());
    }

    private static Input input(Path file, String called) {
        return new Input(file, called, 0, 1, List.of(), "", null);
    }

    @Override
    public boolean is(Path file, String called) {
        Input input = input(file, called);
        stamps.put(file, Manifest.Stamp.of(input));
        return jobs.manifest().done(input, called).isPresent();
    }

    @Override
    public String add(Path file, String called, List<Path> outputs) {
        return jobs.manifest().add(input(file, called), called, stamps.remove(file), outputs, Json.object());
    }

    @Override
    public void complete() {
        jobs.manifest().complete();
    }

    @Override
    public void close() {
        jobs.close();
    }
}

package dev.kerf.geo;

import dev.kerf.file.AtomicFile;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Outlines as a GeoJSON feature collection that is written shape by shape, in the raster's own coordinates: nothing is reprojected, and the
 * member {@code crs} names the system (GeoJSON 2008) where the raster does. Whole or not at all: until {@link #commit} it is a temporary
 * file.
 *
 * <pre>{@code
 * try (GeoJsonFile out = new GeoJsonFile(Path.of("roads.geojson"), place, reference.crs(), names)) {
 *     LabelOutlines.trace(Path.of("labels.tif"), label -> label == 1, out::add);
 *     out.commit();
 * }
 * }</pre>
 */
public final class GeoJsonFile implements AutoCloseable {
    private final AtomicFile file;
    private final Affine place;
    private final List<String> classNames;
    private final boolean squares;
    private long shapes;

    /**
     * Begins a file.
     *
     * @param place      where pixels lie; {@link Affine#PIXELS} for columns and rows
     * @param crs        name of the coordinate reference system; none if nobody says it
     * @param classNames names of the labels, from 0
     * @throws dev.kerf.error.BadFileException if none can be written there
     */
    public GeoJsonFile(Path path, Affine place, Optional<String> crs, List<String> classNames) {
        this.place = place;
        this.classNames = List.copyOf(classNames);
        this.squares = !place.equals(Affine.PIXELS);
        file = new AtomicFile(path);
        StringBuilder head = new StringBuilder("{\"type\":\"FeatureCollection\",");
        crs.ifPresent(name -> head.append("\"crs\":")
                .append(Json.object().put("type", "name").put("properties", Json.object().put("name", name))).append(','));
        write(head.append("\"features\":[").toString());
    }

    private void write(String text) {
        try {
            OutputStream out = file.out();
            out.write(text.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw file.failed(e);
        }
    }

    /**
     * Writes a shape: its class, as QuPath has it too, its label, how many pixels it has and, where pixels lie somewhere, their area in squares
     * of the raster's unit.
     *
     * @throws dev.kerf.error.BadFileException if it can't be written
     */
    public void add(Outlines.Shape shape) {
        String name = shape.label() < classNames.size() ? classNames.get(shape.label()) : "class " + shape.label();
        Json properties = Json.object().put("class", name).put("label", shape.label()).put("pixels", shape.pixels());
        if (squares) {
            properties.put("area", shape.pixels() * place.pixelArea());
        }
        properties.put("objectType", "annotation").put("classification", Json.object().put("name", name));
        StringBuilder out = new StringBuilder(shapes++ == 0 ? "\n" : ",\n")
                .append("{\"type\":\"Feature\",\"properties\":").append(properties)
                .append(",\"geometry\":{\"type\":\"Polygon\",\"coordinates\":[");
        List<String> rings = new ArrayList<>();
        for (int i = 0; i < shape.rings().size(); i++) {
            rings.add(ring(shape.rings().get(i)));
        }
        write(out.append(String.join(",", rings)).append("]}}").toString());
    }

    /** Outer rings go against the clock in the raster's coordinates and holes with it, as RFC 7946 wants. */
    private String ring(int[] ring) {
        // Rings have their pixels to the right where y goes down; the map of pixels to places may turn that over.
        boolean turned = place.a() * place.e() - place.b() * place.d() > 0;
        int n = ring.length / 2;
        StringBuilder out = new StringBuilder("[");
        for (int i = 0; i <= n; i++) {
            int k = 2 * ((turned ? i : n - i) % n);
            out.append(i == 0 ? "[" : ",[").append(number(place.x(ring[k], ring[k + 1]))).append(',')
                    .append(number(place.y(ring[k], ring[k + 1]))).append(']');
        }
        return out.append(']').toString();
    }

    private static String number(double v) {
        return v == Math.rint(v) && Math.abs(v) < 1e15 ? Long.toString((long) v) : Double.toString(v);
    }

    /** How many shapes were written. */
    public long size() {
        return shapes;
    }

    /**
     * Ends the file and puts it in its place.
     *
     * @throws dev.kerf.error.BadFileException if that can't be done
     */
    public void commit() {
        write("\n]}\n");
        file.commit();
    }

    /** Without {@link #commit} before it: leaves nothing. */
    @Override
    public void close() {
        file.close();
    }
}

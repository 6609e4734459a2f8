package dev.kerf.geo;

import dev.kerf.image.TiffPage;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;

/**
 * Where a raster lies, as GeoTIFF says it (OGC 19-008r4), and its tags as they are. No reprojection is done with it.
 *
 * @param tags  numbers of the tags ModelPixelScale, ModelTiepoint, ModelTransformation, GeoKeyDirectory and GeoDoubleParams that there are
 * @param ascii the tag GeoAsciiParams; empty where it is missing
 */
public record GeoReference(Map<Integer, double[]> tags, String ascii) {
    static final int PIXEL_SCALE = 33550;
    static final int TIEPOINT = 33922;
    static final int TRANSFORMATION = 34264;
    static final int KEYS = 34735;
    static final int DOUBLES = 34736;
    static final int ASCII = 34737;
    private static final int[] TAGS = {PIXEL_SCALE, TIEPOINT, TRANSFORMATION, KEYS, DOUBLES};
    private static final int MODEL_TYPE = 1024;
    private static final int RASTER_TYPE = 1025;
    private static final int GEOGRAPHIC = 2048;
    private static final int PROJECTED = 3072;
    private static final int LINEAR_UNIT = 3076;
    private static final int POINT = 2;
    private static final int METRE = 9001;
    /** Codes from here on are of no register: 32767 says that the user defines it. */
    private static final int USER_DEFINED = 32767;
    private static final int FIRST_CODE = 1024;

    /** Copies the map. */
    public GeoReference {
        tags = Map.copyOf(tags);
    }

    /** What a page says. */
    static GeoReference of(TiffPage page) {
        Map<Integer, double[]> found = new TreeMap<>();
        for (int tag : TAGS) {
            double[] numbers = page.numbers(tag);
            if (numbers.length > 0) {
                found.put(tag, numbers);
            }
        }
        return new GeoReference(found, page.text(ASCII));
    }

    /** Whether there is anything of it. */
    public boolean isKnown() { return !tags.isEmpty(); }

    private double[] tag(int tag) {
        return tags.getOrDefault(tag, new double[0]);
    }

    /** Whether places are those of pixels' middles rather than of their corners. */
    boolean ofPoints() {
        return key(RASTER_TYPE) == POINT;
    }

    /** Where pixels lie; nothing where the tags say it by several points alone, or make no sense. */
    public Optional<Affine> affine() {
        double[] m = tag(TRANSFORMATION);
        double[] tie = tag(TIEPOINT);
        double[] scale = tag(PIXEL_SCALE);
        double middle = ofPoints() ? 0.5 : 0;
        Affine found = null;
        if (m.length >= 8) {
            found = new Affine(m[0], m[1], m[3], m[4], m[5], m[7]);
            found = new Affine(found.a(), found.b(), found.x(-middle, -middle), found.d(), found.e(),
                    found.y(-middle, -middle));
        } else if (scale.length >= 2 && tie.length >= 6) {
            double column = tie[0] + middle;
            double row = tie[1] + middle;
            found = new Affine(scale[0], 0, tie[3] - column * scale[0], 0, -scale[1], tie[4] + row * scale[1]);
        }
        return Optional.ofNullable(found).filter(Affine::makesSense);
    }

    /** The code of the coordinate reference system in EPSG's register, if the file gives one. */
    public OptionalInt epsg() {
        int projected = key(PROJECTED);
        int geographic = key(GEOGRAPHIC);
        int code = key(MODEL_TYPE) == 2 || projected < FIRST_CODE ? geographic : projected;
        return code >= FIRST_CODE && code < USER_DEFINED ? OptionalInt.of(code) : OptionalInt.empty();
    }

    /** Its name as GeoJSON has it, such as {@code urn:ogc:def:crs:EPSG::32633}. */
    public Optional<String> crs() {
        return epsg().isPresent() ? Optional.of("urn:ogc:def:crs:EPSG::" + epsg().getAsInt()) : Optional.empty();
    }

    /** Whether the unit of the coordinates is the metre, as far as the file says: of a projection that names no other. */
    public boolean inMetres() {
        int unit = key(LINEAR_UNIT);
        return key(MODEL_TYPE) == 1 && (unit == METRE || unit < 0);
    }

    /** A key's short number; -1 where it is missing or no such. */
    private int key(int id) {
        double[] keys = tag(KEYS);
        for (int i = 4; i + 3 < keys.length; i += 4) {
            if (keys[i] == id && keys[i + 1] == 0) {
                return (int) keys[i + 3];
            }
        }
        return -1;
    }

    /** Of the same place in pixels that are so many times as wide and as high. */
    GeoReference coarser(double across, double down) {
        if (across == 1 && down == 1) {
            return this;
        }
        double middle = ofPoints() ? 0.5 : 0;
        Map<Integer, double[]> out = new TreeMap<>(tags);
        out.computeIfPresent(PIXEL_SCALE, (_, s) -> {
            double[] t = s.clone();
            t[0] *= across;
            if (t.length > 1) {
                t[1] *= down;
            }
            return t;
        });
        out.computeIfPresent(TIEPOINT, (_, s) -> {
            double[] t = s.clone();
            for (int i = 0; i + 5 < t.length; i += 6) {
                t[i] = (t[i] + middle) / across - middle;
                t[i + 1] = (t[i + 1] + middle) / down - middle;
            }
            return t;
        });
        out.computeIfPresent(TRANSFORMATION, (_, s) -> {
            double[] t = s.clone();
            for (int row = 0; row + 3 < t.length; row += 4) {
                t[row + 3] += t[row] * middle * (across - 1) + t[row + 1] * middle * (down - 1);
                t[row] *= across;
                t[row + 1] *= down;
            }
            return t;
        });
        return new GeoReference(out, ascii);
    }
}

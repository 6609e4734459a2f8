package dev.kerf.measure;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import dev.kerf.mask.Box;
import dev.kerf.mask.Mask;
import dev.kerf.measure.Region.Intensity;
import dev.kerf.measure.Region.Size;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Measures of drawn masks: scikit-image's, to within rounding of float64. */
class RegionTest {
    private static final double ROUNDING = 1e-12;

    private static Image intensities(int width, int height) {
        Image image = Image.blank(width, height, PixelFormat.RGB8);
        for (int i = 0; i < width * height; i++) {
            for (int c = 0; c < 3; c++) {
                image.setSample(i % width, i / width, c, (i % width * 7 + i / width * 13 + c * 31) % 256);
            }
        }
        return image;
    }

    private static void check(String what, Json expected, Size found, boolean turned) {
        Map<String, Double> all = new HashMap<>(Map.of("area", found.area(), "centroidX", found.centroidX(), "centroidY",
                found.centroidY(), "eccentricity", found.eccentricity(), "majorAxis", found.majorAxis(), "minorAxis",
                found.minorAxis(), "maxFeret", found.maxFeret(), "minFeret", found.minFeret(), "hullArea", found.hullArea()));
        all.put("solidity", found.solidity());
        all.put("equivalentDiameter", found.equivalentDiameter());
        if (expected.find("perimeter").isPresent()) {
            all.put("perimeter", found.perimeter());
        }
        all.forEach((name, value) -> {
            double want = expected.at(name).asDouble();
            // Roots of what is rounded near 0, of lines' widths and circles' eccentricities, are that much coarser.
            double bound = Math.abs(want) < 1e-6 ? 1e-6 : ROUNDING * Math.max(1, Math.abs(want));
            assertEquals(want, value, bound, what + ", " + name);
        });
        if (turned) {
            assertEquals(expected.at("orientation").asDouble(), found.orientation(), 1e-9, what + ", orientation");
        }
    }

    @Test
    void asScikitImageMeasures() throws IOException {
        List<Json> figures = Drawn.figures("regions.json");
        assertEquals(36, figures.size());
        for (Json e : figures) {
            String name = e.at("name").asString();
            Mask mask = Drawn.mask(e.at("mask"));
            Intensities values = Intensities.of(intensities(mask.width(), mask.height()));
            Region r = Region.of(mask, Spacing.of(0.3, 0.7, "mm"), values);
            long[] box = e.at("box").asLongs();
            assertEquals(new Box((int) box[0], (int) box[1], (int) box[2], (int) box[3]), r.box(), name);
            assertEquals(mask.area(), r.area(), name);
            assertEquals(List.of(e.at("euler").asInt(), e.at("holes").asInt(), e.at("parts").asInt()),
                    List.of(r.eulerNumber(), r.holes(), r.parts()), name + ": Euler number, holes, parts");
            Crop crop = Crop.of(mask);
            assertEquals(List.of(e.at("euler4").asInt(), e.at("parts4").asInt()),
                    List.of(crop.eulerNumber(false), crop.parts(false)), name + ": Euler number and parts by edges alone");
            assertEquals(e.at("border").asBoolean(), r.touchesBorder(), name);
            boolean turned = e.at("pixels").at("eccentricity").asDouble() > 1e-6;
            check(name + " in pixels", e.at("pixels"), r.pixels(), turned);
            check(name + " of oblong pixels", e.at("oblong"), r.scaled(), e.at("oblong").at("eccentricity").asDouble() > 1e-6);
            check(name + " of square pixels", e.at("square"), Region.of(mask, Spacing.of(0.25, "µm"), null).scaled(), turned);
            for (int c = 0; c < 3; c++) {
                Intensity i = r.intensities().get(c);
                assertArrayEquals(new double[] {e.at("mean").at(c).asDouble(), e.at("min").at(c).asDouble(),
                    e.at("max").at(c).asDouble(), e.at("std").at(c).asDouble()},
                        new double[] {i.mean(), i.min(), i.max(), i.std()}, 1e-11, name + ", channel " + c);
            }
        }
    }

    /** A rectangle's outline goes along the middles of its pixels, whatever their shape. */
    @Test
    void perimeterOfOblongPixels() {
        Mask mask = Mask.empty(12, 9);
        for (int i = 0; i < 7 * 5; i++) {
            mask.set(2 + i % 7, 3 + i / 7, true);
        }
        Size s = Region.of(mask, Spacing.of(0.3, 0.7, "mm"), null).scaled();
        assertEquals(9.2, s.perimeter(), ROUNDING);
        assertEquals(4 * Math.PI * 35 * 0.21 / (9.2 * 9.2), s.circularity(), ROUNDING);
        Mask steps = Drawn.mask("#...", ".#..", "..#.", "...#");
        assertEquals(2 * Math.hypot(0.3, 0.7), Region.of(steps, Spacing.of(0.3, 0.7, "mm"), null).scaled().perimeter(),
                ROUNDING);
    }

    @Test
    void circularity() {
        Mask one = Drawn.mask("#");
        assertTrue(Double.isNaN(Region.of(one, Spacing.PIXELS, null).pixels().circularity()), "no perimeter");
        Mask disc = Mask.empty(201, 201);
        for (int i = 0; i < 201 * 201; i++) {
            disc.set(i % 201, i / 201, Math.hypot(i % 201 - 100, i / 201 - 100) <= 90);
        }
        assertEquals(0.9, Region.of(disc, Spacing.PIXELS, null).pixels().circularity(), 0.1);
        assertEquals(180, Region.of(disc, Spacing.PIXELS, null).pixels().minFeret(), 1);
    }

    @Test
    void planesHaveChannelsOfTheirOwn() {
        HostTensor planes = HostTensor.zeros(DType.F32, Shape.of(2, 2, 3));
        for (int i = 0; i < 12; i++) {
            planes.setDouble(i, i - 3.5);
        }
        Region r = Region.of(Drawn.mask("#..", ".#."), Spacing.PIXELS, Intensities.of(planes));
        assertEquals(List.of(new Intensity(-1.5, -3.5, 0.5, 2), new Intensity(4.5, 2.5, 6.5, 2)), r.intensities());
    }

    @Test
    void refuses() {
        Mask mask = Drawn.mask("##");
        assertThrows(BadInputException.class, () -> Region.of(Mask.empty(3, 3), Spacing.PIXELS, null));
        Intensities others = Intensities.of(intensities(3, 1));
        assertThrows(BadInputException.class, () -> Region.of(mask, Spacing.PIXELS, others));
        assertThrows(BadInputException.class, () -> Spacing.of(0, "mm"));
        assertThrows(BadInputException.class, () -> Spacing.of(1, "m m"));
        HostTensor flat = HostTensor.zeros(DType.F32, Shape.of(4));
        assertThrows(BadInputException.class, () -> Intensities.of(flat));
    }
}

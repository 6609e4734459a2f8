package dev.kerf.medical;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.image.Spacing;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.nifti.Nifti;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Objects of volumes against scikit-image's {@code label} and {@code regionprops} ({@code make_nifti.py}). */
class VolumeObjectsTest {
    private static final Path FILES = Path.of("src/kerf-medical/src/test/resources/dev/kerf/medical/nifti");

    private static List<VolumeObject> found(Axis axis, int connectivity) {
        try (Volume labels = Nifti.open(FILES.resolve("labels.nii.gz"));
                Volume values = Nifti.open(FILES.resolve("i2-be.nii.gz"))) {
            Grid g = labels.grid();
            VolumeObjects objects = new VolumeObjects(g, axis, connectivity, 0, g.toPatient().voxelVolume());
            for (int i = 0; i < g.slices(axis); i++) {
                int[] slice = Arrays.stream(labels.read(axis, 0, i).values()).mapToInt(v -> (int) v).toArray();
                objects.add(0, i, LabelMap.of(g.width(axis), g.height(axis), slice), values.read(axis, 0, i));
            }
            return objects.finish();
        }
    }

    @Test
    void whicheverWayTheVolumeIsCut() {
        List<Json> figures = Json.read(FILES.resolve("figures.json")).at("objects").items();
        for (int connectivity : new int[] {VolumeObjects.FACES, VolumeObjects.CORNERS, VolumeObjects.WHOLE}) {
            List<Json> said = figures.stream().filter(f -> f.at("connectivity").asInt() == connectivity).toList();
            for (Axis axis : Axis.values()) {
                List<VolumeObject> objects = found(axis, connectivity);
                assertEquals(said.size(), objects.size(), axis + " " + connectivity);
                for (int i = 0; i < said.size(); i++) {
                    Json f = said.get(i);
                    VolumeObject o = objects.get(i);
                    assertEquals(f.at("label").asInt(), o.label());
                    assertEquals(f.at("voxels").asInt(), o.voxels());
                    close(f.at("volume"), o.volume());
                    close(f.at("diameter"), o.equivalentDiameter());
                    for (int k = 0; k < 3; k++) {
                        close(f.at("centroid").items().get(k), o.centroid()[k]);
                        close(f.at("patient").items().get(k), o.patient()[k]);
                    }
                    assertArrayEquals(f.at("first").items().stream().mapToInt(Json::asInt).toArray(), o.first());
                    assertArrayEquals(f.at("extent").items().stream().mapToInt(Json::asInt).toArray(), o.extent());
                    close(f.at("mean"), o.intensities().getFirst().mean());
                    close(f.at("min"), o.intensities().getFirst().min());
                    close(f.at("max"), o.intensities().getFirst().max());
                    close(f.at("std"), o.intensities().getFirst().std());
                }
            }
        }
        assertTrue(found(Axis.Z, VolumeObjects.FACES).size() > found(Axis.Z, VolumeObjects.CORNERS).size(),
                "a corner joins two");
    }

    /** The determinant of an affine of float32 differs from the product of the sides of float32 by float32's rounding. */
    private static void close(Json expected, double got) {
        assertEquals(expected.asDouble(), got, 1e-6 * Math.max(1, Math.abs(expected.asDouble())));
    }

    /** What meets behind the slice that is looked at is one: a U, whichever end comes first. */
    @Test
    void partsThatMeetLaterAreOne() {
        Grid g = new Grid(5, 1, 3, 2, Spacing.of(1, "mm"), Affine.scaling(1, 1, 1));
        VolumeObjects objects = new VolumeObjects(g, Axis.Z, VolumeObjects.FACES, 0, 1);
        int[][] slices = {{1, 0, 1, 0, 2}, {1, 0, 1, 0, 0}, {1, 1, 1, 0, 2}};
        for (int f = 0; f < 2; f++) {
            for (int k = 0; k < 3; k++) {
                objects.add(f, k, LabelMap.of(5, 1, slices[k]), new Slice("s", 5, 1, 1, new double[] {1, 2, 3, 4, 5}, false));
            }
        }
        List<VolumeObject> found = objects.finish();
        assertEquals(List.of(7L, 1L, 1L, 7L, 1L, 1L), found.stream().map(VolumeObject::voxels).toList());
        assertEquals(List.of(0, 0, 0, 1, 1, 1), found.stream().map(VolumeObject::frame).toList());
        assertEquals(14 / 7.0, found.getFirst().intensities().getFirst().mean(), 1e-15);
    }
}

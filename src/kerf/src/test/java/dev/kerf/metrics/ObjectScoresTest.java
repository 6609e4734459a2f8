package dev.kerf.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Mask;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Scores of objects and of followed ones: those of StarDist's matching, HoVer-Net's aggregated Jaccard index and DAVIS. */
class ObjectScoresTest {
    private static final double[] IOUS = {0.55, 0.65, 0.75, 0.9};

    private static List<Json> figures() throws IOException {
        try (var in = ObjectScoresTest.class.getResourceAsStream("objects.json")) {
            return Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), "objects.json").items();
        }
    }

    private static LabelMap map(Json rows) {
        int w = rows.at(0).size();
        int[] out = new int[w * rows.size()];
        for (int i = 0; i < out.length; i++) {
            out[i] = rows.at(i / w).at(i % w).asInt();
        }
        return LabelMap.of(w, rows.size(), out);
    }

    private static Mask any(LabelMap map) {
        Mask out = Mask.empty(map.width(), map.height());
        for (int i = 0; i < map.width() * map.height(); i++) {
            out.set(i % map.width(), i / map.width(), map.get(i % map.width(), i / map.width()) > 0);
        }
        return out;
    }

    @Test
    void asOthersCount() throws IOException {
        assertEquals(13, figures().size());
        for (Json e : figures()) {
            String name = e.at("name").asString();
            LabelMap truth = map(e.at("truth"));
            LabelMap predicted = map(e.at("predicted"));
            ObjectScores s = ObjectScores.of(truth, predicted);
            for (int k = 0; k < IOUS.length; k++) {
                ObjectScores.Matches m = s.at(IOUS[k]);
                assertEquals(e.at("matched").at(k).asLong(), m.matched(), name + " at " + IOUS[k]);
                assertEquals(List.of((long) s.trueObjects(), (long) s.predictedObjects()),
                        List.of(m.matched() + m.missed(), m.matched() + m.wrong()), name);
            }
            Json jaccard = e.at("jaccard");
            assertEquals(jaccard.isNull() ? Double.NaN : jaccard.asDouble(), s.aggregatedJaccard(), 1e-15, name);
            DavisScore d = DavisScore.of(any(truth), any(predicted));
            assertEquals(e.at("j").asDouble(), d.region(), 1e-15, name);
            assertEquals(e.at("f").asDouble(), d.contour(), 1e-15, name);
            assertEquals((d.region() + d.contour()) / 2, d.mean(), 1e-15, name);
        }
    }

    @Test
    void ratiosByHand() {
        ObjectScores.Matches m = new ObjectScores.Matches(3, 1, 0).plus(new ObjectScores.Matches(1, 0, 3));
        assertEquals(List.of(0.5, 0.8, 4.0 / 7, 2.0 / 3), List.of(m.averagePrecision(), m.precision(), m.recall(), m.f1()));
        assertTrue(Double.isNaN(new ObjectScores.Matches(0, 0, 0).averagePrecision()));
        LabelMap truth = LabelMap.of(4, 1, new byte[] {1, 1, 1, 1});
        LabelMap halves = LabelMap.of(4, 1, new byte[] {1, 1, 2, 2});
        assertEquals(0, ObjectScores.of(truth, halves).at(0.5).matched(), "two can't both have it");
        assertEquals(2.0 / 6, ObjectScores.of(truth, halves).aggregatedJaccard(), 1e-15);
    }

    @Test
    void refuses() {
        LabelMap map = LabelMap.of(2, 1, new byte[2]);
        LabelMap other = LabelMap.of(1, 2, new byte[2]);
        assertThrows(BadInputException.class, () -> ObjectScores.of(map, other));
        ObjectScores s = ObjectScores.of(map, map);
        assertThrows(BadInputException.class, () -> s.at(0.4));
        assertThrows(BadInputException.class, () -> s.at(Double.NaN));
        assertThrows(BadInputException.class, () -> DavisScore.of(Mask.empty(2, 1), Mask.empty(1, 2)));
    }
}

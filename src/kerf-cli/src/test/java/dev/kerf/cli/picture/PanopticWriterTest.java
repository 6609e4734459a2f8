package dev.kerf.cli.picture;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.mask.Panoptic;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PanopticWriterTest {
    @Test
    void filesReadBack(@TempDir Path directory) throws IOException {
        int[] ids = {0, 1, 256, 65536, 16777215, 1};
        Panoptic p = Panoptic.of(3, 2, ids, Map.of(1, 4, 256, 4, 65536, 9, 16777215, 9));
        Path pngs = Files.createDirectory(directory.resolve("p"));
        PanopticWriter writer = new PanopticWriter(pngs, List.of(new CocoDataset.Category(4, "cat", true),
                new CocoDataset.Category(9, "sky", false)));
        assertEquals(pngs.resolve("street.2.png"), writer.add(12, "street.2.jpg", "street.2.png", p));
        assertThrows(BadInputException.class, () -> writer.add(12, "other.jpg", "other.png", p));
        assertThrows(BadInputException.class, () -> writer.add(13, "street.2.png", "street.2.png", p));
        writer.write(directory.resolve("p.json"));
        Image rgb = Image.read(pngs.resolve("street.2.png"));
        assertEquals(1, rgb.sample(2, 0, 1), "256 is green 1");
        assertEquals(1, rgb.sample(0, 1, 2), "65536 is blue 1");
        CocoPanoptic read = CocoPanoptic.read(directory.resolve("p.json"), pngs);
        assertEquals(List.of(12L), read.images());
        assertEquals(new CocoDataset.Category(9, "sky", false), read.categories().get(9));
        assertArrayEquals(ids, read.picture(12).ids());
        assertEquals(Map.of(), Map.copyOf(CocoPanoptic.of(Json.parse("{\"annotations\": []}"), pngs).categories()));
        assertEquals(Set.copyOf(p.segments()), Set.copyOf(read.picture(12).segments()));
        Json info = Json.read(directory.resolve("p.json")).at("annotations").at(0).at("segments_info").items().stream()
                .filter(s -> s.at("id").asInt() == 1).findFirst().orElseThrow();
        assertEquals("{\"id\":1,\"category_id\":4,\"area\":2,\"bbox\":[1,0,2,2],\"iscrowd\":0}", info.toString());
    }
}

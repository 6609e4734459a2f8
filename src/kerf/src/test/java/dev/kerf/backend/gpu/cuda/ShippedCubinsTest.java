package dev.kerf.backend.gpu.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.junit.jupiter.api.Test;

/** Machine code is that of the very PTX that is shipped, for the chip or an earlier one of its major number. */
class ShippedCubinsTest {
    private static final KernelImages.Image PTX = image(".version 6.3\n.target sm_75\n");

    private static KernelImages.Image image(String text) {
        return new KernelImages.Image(text.getBytes(StandardCharsets.US_ASCII), "kernels/ptx/sm_75/k.ptx");
    }

    /** Where code is looked for, among what there is, and which is found. */
    private static List<String> found(KernelImages.Image ptx, int major, int minor, String... there) {
        Map<String, byte[]> jar = new HashMap<>();
        for (String architecture : there) {
            jar.put("META-INF/kerf/cubin/" + architecture + "/" + ShippedCubins.name(PTX.bytes()),
                    ("\u007FELF " + architecture).getBytes(StandardCharsets.US_ASCII));
        }
        Function<String, InputStream> resources = f -> jar.containsKey(f) ? new ByteArrayInputStream(jar.get(f)) : null;
        return ShippedCubins.of(ptx, new KernelImages.Chip(major, minor, 12060, "a GPU"), resources)
                .map(i -> new String(i.bytes(), StandardCharsets.US_ASCII)).toList();
    }

    @Test
    void isForTheChipOrAnEarlierOne() {
        assertEquals(List.of("\u007FELF sm_90"), found(PTX, 9, 0, "sm_80", "sm_89", "sm_90"));
        assertEquals(List.of("\u007FELF sm_89"), found(PTX, 8, 9, "sm_80", "sm_89", "sm_90"));
        assertEquals(List.of("\u007FELF sm_80"), found(PTX, 8, 6, "sm_80", "sm_89", "sm_90"));
        assertEquals(List.of(), found(PTX, 7, 5, "sm_80", "sm_89", "sm_90"));
        assertEquals(List.of(), found(PTX, 10, 0, "sm_80", "sm_89", "sm_90"));
        assertEquals(List.of(), found(image(".version 6.3\n.target sm_75 \n"), 9, 0, "sm_90"), "of other PTX");
    }
}

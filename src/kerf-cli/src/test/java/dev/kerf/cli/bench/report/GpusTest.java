package dev.kerf.cli.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.json.Json;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What becomes of nvidia-smi's words. */
class GpusTest {
    @Test
    void whatAGpuDoesntKnowIsNull() {
        Json all = Gpus.of("""
                NVIDIA H100 80GB HBM3, 580.159.03, 1980, 2619, 1980, 68.53, 700.00, 31, 0
                GRID X, 580.159.03, 1410, [N/A], 1410, [Not Supported], , 31, 97
                """.strip());
        assertEquals(2, all.size());
        assertEquals("NVIDIA H100 80GB HBM3", all.at(0).at("name").asString());
        assertEquals("580.159.03", all.at(0).at("driver").asString());
        assertEquals(List.of(1980.0, 2619.0, 1980.0, 68.53, 700.0, 31.0, 0.0),
                List.of("sm_mhz", "memory_mhz", "most_sm_mhz", "watts", "most_watts", "celsius", "load_percent").stream()
                        .map(k -> all.at(0).at(k).asDouble()).toList());
        assertTrue(
                all.at(1).at("memory_mhz").isNull() && all.at(1).at("watts").isNull() && all.at(1).at("most_watts").isNull());
        assertEquals(97, all.at(1).at("load_percent").asDouble());
    }

    @Test
    void aCommandThatIsAbsentOrFailsSaysNothing() {
        assertNull(Gpus.said(List.of("no-such-command-here")));
        assertNull(Gpus.said(List.of("false")));
        assertEquals("a, b", Gpus.said(List.of("echo", "a, b")));
    }
}

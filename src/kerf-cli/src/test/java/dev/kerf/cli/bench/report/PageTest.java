package dev.kerf.cli.bench.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.backend.gpu.device.DeviceFloors;
import dev.kerf.graph.plan.Work;
import dev.kerf.json.Json;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Element;
import org.w3c.dom.NodeList;

class PageTest {
    private static Row row(String name, String engine, long... nanos) {
        return new Row(new Subject("network", name, "8x8", 1, "float32", engine, 2, 1), "a device", "driver <1> & \"more\"",
                null,
                Map.of(Row.COMPUTE, new Times(List.of(nanos))),
                List.of(new Round.Process(1L, 2_000_000L, null, 30, 0.0, 1L << 20, null, 5, 0.7, 0.0, 2600.0, null)),
                new Work(4_000_000, 1000),
                new DeviceFloors(1e9, 2e12), null, null,
                engine.startsWith("cpu")
                        ? List.of(new Round.Node("a", "conv2d", 3000, 10, 20), new Round.Node("b", "<copy>", 1000, 0, 0))
                        : List.of(),
                0, 1, List.of());
    }

    private static Report report() {
        return new Report(Environment.of(List.of("bench", "<script>")), List.of(row("unet", "cpu:0", 4_000_000, 2_000_000),
                row("unet", "other", 6_000_000, 8_000_000, 1_000_000), row("alone", "cpu:0", 5_000),
                Row.failed(row("unet", "gone:0", 1).subject(), null, "it's <gone>")));
    }

    /** The pictures, which are XML by themselves. */
    private static List<Element> pictures(String page) throws Exception {
        List<Element> all = new ArrayList<>();
        Matcher m = Pattern.compile("<svg.*?</svg>", Pattern.DOTALL).matcher(page);
        while (m.find()) {
            all.add(DocumentBuilderFactory.newInstance().newDocumentBuilder()
                    .parse(new ByteArrayInputStream(m.group().getBytes(StandardCharsets.UTF_8))).getDocumentElement());
        }
        return all;
    }

    private static List<Element> elements(Element svg, String name, String kind) {
        NodeList all = svg.getElementsByTagName(name);
        List<Element> found = new ArrayList<>();
        for (int i = 0; i < all.getLength(); i++) {
            Element e = (Element) all.item(i);
            if (e.getAttribute("class").startsWith(kind)) {
                found.add(e);
            }
        }
        return found;
    }

    private static double number(Element e, String name) {
        return Double.parseDouble(e.getAttribute(name));
    }

    @Test
    void picturesShowTheNumbers() throws Exception {
        List<Element> pictures = pictures(Page.of(report()));
        Element unet = pictures.getFirst();
        List<Element> dots = elements(unet, "circle", "dot");
        assertEquals(5, dots.size());
        // From 190 (0 ms) to 880 (8 ms, the slowest run).
        assertEquals(List.of(362.5, 535.0, 276.3, 707.5, 880.0), dots.stream().map(d -> number(d, "cx")).toList());
        assertEquals("dot c0", dots.getFirst().getAttribute("class"));
        assertEquals("dot c1", dots.getLast().getAttribute("class"));
        assertEquals(1, elements(pictures.get(1), "circle", "dot").size());
        // Medians of 2 and 6 ms.
        List<Element> bars = elements(pictures.get(2), "rect", "bar");
        assertEquals(2, bars.size());
        assertEquals(3, number(bars.getLast(), "width") / number(bars.getFirst(), "width"), 0.01);
        // 4,000 operations a byte; 2 and 0.67 TFLOP/s, under a roof of 2.
        Element roofline = pictures.get(3);
        assertEquals(2, elements(roofline, "path", "roof").size());
        assertEquals(3, elements(roofline, "circle", "").size());
        Element timeline = pictures.get(5);
        List<Element> nodes = elements(timeline, "rect", "");
        assertEquals(3, number(nodes.get(0), "width") / number(nodes.get(1), "width"), 0.01);
        assertEquals("b, <copy>: 0.00100 ms", nodes.get(1).getTextContent());
    }

    @Test
    void thePageNeedsNothingElseAndShowsTextAsText() {
        String page = Page.of(report());
        assertFalse(page.contains("<script") || page.contains("http") || page.contains("src=") || page.contains("@import"));
        assertTrue(page.contains("&lt;script&gt;") && page.contains("driver &lt;1&gt; &amp; &quot;more&quot;")
                && page.contains("it's &lt;gone&gt;"));
        assertTrue(page.contains("<b>Noisy:</b> while 3 of 4 rows"), page);
        assertTrue(page.contains("<b>Noisy:</b> 3 of 4 rows were still getting quicker when warming up ended"), page);
        String nothing = Page.of(new Report(report().environment(), List.of()));
        assertTrue(nothing.contains("Measured on") && !nothing.contains("<svg"), nothing);
    }

    /** Two quick runs of four say nothing, steady or not. */
    @Test
    void fewRunsToWarmUpSaySo() {
        Row one = row("unet", "cpu:0", 1_000_000);
        List<Row> rows = new ArrayList<>();
        for (Long steady : new Long[] {null, 5L}) {
            Round.Process p = new Round.Process(1L, 1L, steady, 9, 0.0, null, null, 15, 0.0, 0.0, null, null);
            rows.add(new Row(one.subject(), null, null, null, one.times(), List.of(one.processes().getFirst(), p), null, null,
                    null,
                    null, List.of(), 0, 1, List.of()));
        }
        rows.add(one);
        List<String> noise = Summary.noise(new Report(Environment.of(List.of()), rows));
        assertTrue(
                noise.contains("2 of 3 rows had fewer than 10 runs to warm up, too few to tell whether their times were steady:"
                        + " give more --warm-up"),
                noise.toString());
        assertTrue(noise.contains("1 of 3 rows were still getting quicker when warming up ended: give more --warm-up"),
                noise.toString());
    }

    /** Of 5 images a second each. */
    @Test
    void throughputIsShownWhereThereIsSomethingToCompare() {
        Row one = row("unet", "cpu:0", 1_000_000);
        Round.Process p = new Round.Process(1L, 1L, 1L, 9, 0.0, null, null, 15, 0.0, 0.0, null, null);
        Row four = new Row(new Subject("network", "unet", "8x8", 4, "float32", "cpu:0", 2, 1), null, null, null, one.times(),
                List.of(p), null, null, null, null, List.of(), 0, 1, List.of());
        Report several = new Report(Environment.of(List.of("bench")), List.of(one, row("unet", "other", 5), four));
        assertTrue(Summary.of(several).contains("""
                | unet 8x8 | cpu:0 | 2 | 1 | 1 | 5.00 | 1.00 |
                | unet 8x8 | cpu:0 | 2 | 4 | 1 | 15.00 | 3.00 |
                """), Summary.of(several));
        assertTrue(Page.of(several).contains("<h2>Throughput</h2>"));
        assertFalse(Page.of(report()).contains("Throughput"));
    }

    @Test
    void simulatedThreadsHaveATable() {
        Row one = row("unet", "cpu:0", 1_000_000);
        Row asked = new Row(one.subject(), null, null, null, one.times(), one.processes(), null, null, null, null, List.of(), 0,
                1, List.of(new Simulated(2, 1.96, "down1", 0.25), new Simulated(64, 40.04, "<up>", 0.5)));
        Report report = new Report(Environment.of(List.of("bench")), List.of(asked));
        assertTrue(Summary.of(report).contains("""
                | unet 8x8 | cpu:0 | 2 | 2.0 | down1 | 25 % |
                | unet 8x8 | cpu:0 | 64 | 40.0 | <up> | 50 % |
                """), Summary.of(report));
        assertTrue(Page.of(report).contains("<h2>Threads, simulated</h2>") && Page.of(report).contains("<td>&lt;up&gt;</td>"));
        assertFalse(Page.of(report()).contains("simulated"));
    }

    @Test
    void aTraceHasEachNodeAfterTheOther() {
        Json trace = Json.parse(ChromeTrace.of(report()).toString());
        List<Json> events = trace.at("traceEvents").items();
        assertEquals(6, events.size());
        assertEquals("unet 8x8, cpu:0, 2 threads", events.getFirst().at("args").at("name").asString());
        assertEquals(List.of(0.0, 3.0), events.subList(1, 3).stream().map(e -> e.at("ts").asDouble()).toList());
        assertEquals(List.of(3.0, 1.0), events.subList(1, 3).stream().map(e -> e.at("dur").asDouble()).toList());
        assertTrue(events.get(2).at("args").at("flops").isNull());
        assertEquals(2, events.get(4).at("pid").asInt());
    }
}

package dev.kerf.cli.console;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import me.tongfei.progressbar.ProgressBarBuilder;
import org.junit.jupiter.api.Test;

class ProgressTest {
    /** What is drawn on a terminal of so many columns, line over line. */
    private static List<String> drawn(int columns) {
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        Console console = Console.of(OutputStream.nullOutputStream(), err, true);
        try (Progress bar = Progress.bar(console, new ProgressBarBuilder().setInitialMax(30).setTaskName("images"),
                () -> columns)) {
            for (int i = 0; i < 30; i++) {
                bar.step();
            }
        }
        return Arrays.stream(err.toString(StandardCharsets.UTF_8).split("\r")).filter(l -> !l.isEmpty()).toList();
    }

    @Test
    void theBarFitsTheTerminal() {
        for (int columns : new int[] {1, 10, 20, 40, 60, 80, 133, 250}) {
            List<String> lines = drawn(columns);
            int longest = lines.stream().mapToInt(String::length).max().orElse(0);
            assertTrue(longest <= columns - 1, columns + " columns: " + lines);
            // Where there is room it is used, up to the column that stays free.
            assertTrue(columns < 60 || longest == columns - 1, columns + " columns: " + lines);
            assertTrue(columns < 60 || lines.stream().anyMatch(l -> l.startsWith("images") && l.contains("30/30")),
                    lines.toString());
        }
    }

    @Test
    void theLineIsClearedAtTheEnd() {
        assertEquals("", drawn(80).getLast().strip());
    }

    @Test
    void whatIsNoTerminalHasTheUsualWidth() {
        assertEquals(Terminal.COLUMNS, Terminal.columns(-1));
    }
}

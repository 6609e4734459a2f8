package dev.kerf.check.golden;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.kerf.error.BadFileException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GoldenCaseTest {
    @TempDir
    private Path folder;

    private boolean says(String setting) throws IOException {
        Files.writeString(folder.resolve("case.json"), "{\"model\": \"sam2\"" + setting + ", \"stages\": {}}");
        return GoldenCase.open(folder).says("predictor_settings");
    }

    @Test
    void aSettingThatIsFalseIsOff() throws IOException {
        assertEquals(true, says(", \"predictor_settings\": true"));
        assertEquals(false, says(", \"predictor_settings\": false"));
        assertEquals(false, says(""));
        assertThrows(BadFileException.class, () -> says(", \"predictor_settings\": \"false\""));
    }
}

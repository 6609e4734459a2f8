package dev.kerf.json;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class JsonTest {
    @Test
    void readsEveryKindOfValue() {
        Json json = Json.parse(" {\"s\": \"a\\u00e9\\n\\ud83d\\ude00\\/\", \"l\": -9223372036854775808, \"d\": -1.5e-3,\n"
                + "\t\"t\": true, \"f\": false, \"n\": null, \"a\": [1, [], {}], \"z\": -0 } ");
        assertEquals("aé\n😀/", json.at("s").asString());
        assertEquals(Long.MIN_VALUE, json.at("l").asLong());
        assertEquals(-1.5e-3, json.at("d").asDouble());
        assertTrue(json.at("t").asBoolean());
        assertFalse(json.at("f").asBoolean());
        assertTrue(json.at("n").isNull());
        assertEquals(3, json.at("a").size());
        assertEquals(0, json.at("a").at(1).size());
        assertTrue(json.at("a").at(2).isObject());
        assertEquals(0, json.at("z").asInt());
        assertEquals(List.of("s", "l", "d", "t", "f", "n", "a", "z"), List.copyOf(json.members().keySet()));
        assertTrue(json.find("missing").isEmpty());
        assertEquals("null", json.find("n").orElseThrow().toString());
    }

    @Test
    void integersAreExactAtAnySize() {
        String text = "[9007199254740993,9223372036854775807,9223372036854775808,-18446744073709551616]";
        Json json = Json.parse(text);
        assertEquals(9007199254740993L, json.at(0).asLong());
        assertEquals(Long.MAX_VALUE, json.at(1).asLong());
        assertEquals(0x1p63, json.at(2).asDouble());
        assertEquals(text, json.toString());
        assertThrows(BadFileException.class, () -> json.at(2).asLong());
        assertThrows(BadFileException.class, () -> json.at(0).asInt());
        assertEquals(3, Json.parse("3.0").asLong());
        assertThrows(BadFileException.class, () -> Json.parse("3.5").asLong());
    }

    @Test
    void errorsInNavigationNameSourceAndPath() {
        Json json = Json.parse("{\"a\": [{\"b\": \"text\"}]}", "some.json");
        String wrongKind = assertThrows(BadFileException.class, () -> json.at("a").at(0).at("b").asLong()).getMessage();
        assertEquals("some.json: $.a[0].b: expected an integer of at most 64 bits, found \"text\"", wrongKind);
        assertEquals("some.json: $.a[0]: has no member \"c\"",
                assertThrows(BadFileException.class, () -> json.at("a").items().get(0).at("c")).getMessage());
        assertEquals("some.json: $.a: has no element 1, its length is 1",
                assertThrows(BadFileException.class, () -> json.at("a").at(1)).getMessage());
        assertEquals("some.json: $: expected an array, found an object",
                assertThrows(BadFileException.class, json::items).getMessage());
        assertEquals("some.json: $.a[0].b: too short", json.members().get("a").at(0).at("b").error("too short")
                .getMessage());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '`', value = {
        "`` | line 1, column 1 (offset 0): the text ends too early",
        "{\"a\":1,} | column 8 (offset 7): expected a member name",
        "[1,] | expected a value",
        "[1 2] | column 4 (offset 3): expected ',' or ']'",
        "{\"a\" 1} | expected ':'",
        "{a:1} | expected a member name",
        "{\"a\":1,\"a\":2} | column 8 (offset 7): duplicate key \"a\"",
        "01 | a number has no leading zeros",
        "-01 | a number has no leading zeros",
        "+1 | expected a value",
        ".5 | expected a value",
        "1. | expected a digit after the decimal point",
        "1e | expected a digit in the exponent",
        "- | expected a digit",
        "1e999 | beyond the range of float64",
        "NaN | NaN is no number in JSON",
        "-Infinity | Infinity is no number in JSON",
        "nul | expected a value",
        "truer | expected the end",
        "1 1 | expected the end",
        "\"abc | ends too early",
        "\"\\x\" | unknown escape",
        "\"\\u12G4\" | four hexadecimal digits",
        "\"\\ud800\" | half a surrogate pair",
        "\"\\ud800\\u0041\" | half a surrogate pair",
        "\"\\udc00\" | half a surrogate pair",
        "'a' | expected a value",
        "[1] // x | expected the end",
    })
    void malformedTextIsRefusedWithItsPlace(String text, String message) {
        BadFileException e = assertThrows(BadFileException.class, () -> Json.parse(text, "in"));
        assertTrue(e.getMessage().startsWith("in: malformed JSON at line 1, "), e.getMessage());
        assertTrue(e.getMessage().contains(message), e.getMessage());
    }

    @Test
    void placesCountLines() {
        BadFileException e = assertThrows(BadFileException.class, () -> Json.parse("{\n \"a\": 1\n \"b\": 2}"));
        assertEquals("malformed JSON at line 3, column 2 (offset 11): expected ',' or '}' in an object",
                e.getMessage());
        assertThrows(BadFileException.class, () -> Json.parse("\"a\nb\""));
    }

    @Test
    void nestingIsBounded() {
        String deepest = "[".repeat(Json.MAX_DEPTH) + "]".repeat(Json.MAX_DEPTH);
        assertEquals(deepest, Json.parse(deepest).toString());
        assertThrows(BadFileException.class, () -> Json.parse("[" + deepest + "]"));
        assertThrows(BadFileException.class, () -> Json.parse("[".repeat(1_000_000)));
        Json cycle = Json.array();
        cycle.add(cycle);
        assertThrows(BadInputException.class, cycle::toString);
    }

    @Test
    void utf8IsStrict() {
        assertEquals("é😀", Json.parse("\"é😀\"".getBytes(StandardCharsets.UTF_8)).asString());
        byte[] inMemory = "[7]".getBytes(StandardCharsets.UTF_8);
        assertEquals(7, Json.parse(MemorySegment.ofArray(inMemory), "").at(0).asInt());
        byte[][] malformed = {
            {'"', (byte) 0xFF, '"'},
            {'"', (byte) 0xC0, (byte) 0x80, '"'},
            {'"', (byte) 0xED, (byte) 0xA0, (byte) 0x80, '"'},
            {'"', (byte) 0xE2, (byte) 0x82},
        };
        for (byte[] bytes : malformed) {
            BadFileException e = assertThrows(BadFileException.class, () -> Json.parse(bytes, "f"));
            assertEquals("f: JSON isn't valid UTF-8 at byte 1", e.getMessage(), () -> Arrays.toString(bytes));
        }
        assertThrows(BadFileException.class, () -> Json.parse(new byte[] {(byte) 0xEF, (byte) 0xBB, (byte) 0xBF, '1'}));
    }

    @Test
    void writesWhatItReads() {
        Map<String, Object> map = new LinkedHashMap<>();
        map.put("list", List.of(1, 2.5, "x"));
        map.put("none", null);
        Json json = Json.object()
                .put("a", 1).put("f", 0.1f).put("d", 1e-300).put("s", "q\"\\\u0001\n\u2028é😀").put("m", map)
                .put("e", Json.array()).put("ints", new int[] {1, 2}).put("floats", new float[] {0.3f})
                .put("longs", new long[] {1L << 62}).put("doubles", new double[] {0.5}).put("b", true);
        String compact = "{\"a\":1,\"f\":0.1,\"d\":1.0E-300,\"s\":\"q\\\"\\\\\\u0001\\n\\u2028é😀\",\"m\":{\"list\":"
                + "[1,2.5,\"x\"],\"none\":null},\"e\":[],\"ints\":[1,2],\"floats\":[0.3],\"longs\":"
                + "[4611686018427387904],\"doubles\":[0.5],\"b\":true}";
        assertEquals(compact, json.toString());
        assertEquals(json, Json.parse(compact));
        assertEquals(json, Json.parse(json.pretty()));
        assertEquals("{\n  \"a\": [\n    [1, 2],\n    {}\n  ],\n  \"b\": []\n}\n",
                Json.parse("{\"a\":[[1,2],{}],\"b\":[]}").pretty());
        assertNotEquals(json, Json.parse("{}"));
    }

    @Test
    void valuesThatJsonCannotHoldAreRefused() {
        assertThrows(BadInputException.class, () -> Json.of(Double.NaN));
        assertThrows(BadInputException.class, () -> Json.array().add(Float.POSITIVE_INFINITY));
        assertThrows(BadInputException.class, () -> Json.of(new Object()));
        assertThrows(BadInputException.class, () -> Json.of(Map.of(1, 2)));
        assertThrows(BadInputException.class, () -> Json.of("\ud800").toString());
        assertThrows(BadFileException.class, () -> Json.array().put("a", 1));
        assertThrows(BadFileException.class, () -> Json.object().add(1));
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3})
    void damagedTextNeverRaisesAnotherError(long seed) {
        byte[] good = "{\"a\":[1,2.5e3,\"x\\u00e9\",true,null,{\"b\":-12345678901234567890}],\"c\":\"é😀\"}"
                .getBytes(StandardCharsets.UTF_8);
        Random random = new Random(seed);
        int refused = 0;
        for (int n = 0; n < 3000; n++) {
            byte[] bytes = Arrays.copyOf(good, 1 + random.nextInt(good.length));
            for (int flips = random.nextInt(3); flips > 0; flips--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try {
                Json.parse(Json.parse(bytes).toString());
            } catch (KerfException e) {
                refused++;
            }
        }
        assertTrue(refused > 1000, "most damaged texts are refused, here " + refused);
    }
}

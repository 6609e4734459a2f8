package dev.kerf.tune;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.json.Json;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.result.Trial.Times;
import dev.kerf.tune.result.Trial.Validity;
import dev.kerf.tune.space.Space;
import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ConversationTest {
    private static final List<Space.Parameter> PARAMETERS = List
            .of(new Space.Parameter("p", IntStream.range(0, 5).mapToObj(Json::of).toList()));
    private static final Space SPACE = Space.listed(PARAMETERS,
            IntStream.range(0, 4).mapToObj(i -> Map.of("p", Json.of(i))).toList());

    private static List<Json> talk(String budget, String... questions) {
        StringWriter out = new StringWriter();
        Objective objective = c -> new Trial(SPACE.configuration(c), c == 2 ? Validity.COMPILE : Validity.CORRECT, c + 0.5,
                new Times(2, 0, 1, 0, 0, List.of(c + 0.5)), "", c == 2 ? "no" : "");
        new Conversation(SPACE, objective, Budget.parse(budget)).run(
                new Results.About("D", "k", Map.of(), PARAMETERS, Results.TIME),
                new BufferedReader(new StringReader(String.join("\n", questions))), new PrintWriter(out));
        return out.toString().lines().map(Json::parse).toList();
    }

    @Test
    void eachQuestionHasItsAnswer() {
        List<Json> said = talk("100", "{\"evaluate\": {\"p\": 3}}", "{\"evaluate\": {\"p\": 3}}", "{\"evaluate\": {\"p\": 4}}",
                "",
                "{\"evaluate\": {\"p\": 2}}", "{\"list\": [2, 9]}", "{\"what\": 1}", "nonsense");
        assertEquals(8, said.size());
        assertEquals(4, said.get(0).at("configurations").asInt());
        assertEquals("[0,1,2,3,4]", said.get(0).at("parameters").at("p").toString());
        assertEquals(3.5, said.get(1).at("cost").asDouble());
        assertTrue(said.get(1).at("new").asBoolean());
        assertEquals(3.0, said.get(1).at("took").asDouble());
        assertFalse(said.get(2).at("new").asBoolean());
        assertEquals(3.0, said.get(2).at("seconds").asDouble(), "what is known costs nothing");
        assertEquals("constraints", said.get(3).at("validity").asString());
        assertEquals(1, said.get(3).at("evaluations").asInt());
        assertEquals("compile", said.get(4).at("validity").asString());
        assertTrue(said.get(4).at("cost").isNull());
        assertEquals("no", said.get(4).at("error").asString());
        assertEquals("[{\"p\":2},{\"p\":3}]", said.get(5).at("configurations").toString());
        assertTrue(said.get(6).at("error").asString().contains("evaluate"), said.get(6).toString());
        assertTrue(said.get(7).at("error").isString());
    }

    @Test
    void theBudgetEndsIt() {
        List<Json> said = talk("2", "{\"evaluate\": {\"p\": 0}}", "{\"evaluate\": {\"p\": 0}}", "{\"evaluate\": {\"p\": 1}}",
                "{\"evaluate\": {\"p\": 3}}", "{\"evaluate\": {\"p\": 2}}");
        assertEquals("{\"done\":\"budget\"}", said.getLast().toString());
        assertEquals(5, said.size());
    }
}

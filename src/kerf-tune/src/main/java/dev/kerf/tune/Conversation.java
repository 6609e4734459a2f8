package dev.kerf.tune;

import dev.kerf.error.BadFileException;
import dev.kerf.json.Json;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.result.Trial;
import dev.kerf.tune.space.Space;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.HashMap;
import java.util.Map;

/**
 * A search that another program leads, a line of JSON for a line of JSON. First comes what there is to search:
 *
 * <pre>{@code
 * {"kernel":"conv2d_cpu","device":"…","parameters":{"TILE_M":[4,8],"TILE_V":[1,2]},"configurations":3,"objective":"time"}
 * }</pre>
 *
 * then each question has its answer, until the input or the budget ends:
 *
 * <pre>{@code
 * {"evaluate":{"TILE_M":8,"TILE_V":1}}
 * {"validity":"correct","cost":0.0021,"runs":[0.0021,0.0022],"took":1.31,"new":true,"evaluations":1,"seconds":1.31,"error":null}
 * {"list":[0,2]}
 * {"configurations":[{"TILE_M":4,"TILE_V":1},{"TILE_M":4,"TILE_V":2}]}
 * }</pre>
 *
 * {@code list} gives configurations from a number up to another, so that nobody has to solve constraints twice. Costs are seconds where
 * the objective is a time; they are null for what failed, as {@code validity} says, T4's way; what isn't a configuration of the space breaks
 * {@code constraints} and costs no evaluation. What was evaluated before is answered from memory. After the budget
 * comes {@code {"done":"budget"}}. A line that is no question is answered with {@code {"error":…}}.
 */
public final class Conversation {
    private final Space space;
    private final Objective objective;
    private final Budget budget;
    private final Map<Integer, Trial> known = new HashMap<>();
    private double seconds;

    /** Over a space, by an objective, within a budget. */
    public Conversation(Space space, Objective objective, Budget budget) {
        this.space = space;
        this.objective = objective;
        this.budget = budget;
    }

    /**
     * Speaks until the other ends or the budget does.
     *
     * @throws BadFileException if the input can't be read
     */
    public void run(Results.About about, BufferedReader in, PrintWriter out) {
        Json parameters = Json.object();
        space.parameters().forEach(p -> {
            Json values = Json.array();
            p.values().forEach(values::add);
            parameters.put(p.name(), values);
        });
        say(out, Json.object().put("kernel", about.kernel()).put("device", about.device()).put("parameters", parameters)
                .put("configurations", space.size()).put("objective", about.objective()));
        try {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (budget.spent(known.size(), seconds, space.size())) {
                    say(out, Json.object().put("done", "budget"));
                    return;
                }
                if (!line.isBlank()) {
                    say(out, answer(line));
                }
            }
        } catch (IOException e) {
            throw new BadFileException("the questions can't be read (" + e + ")", e);
        }
    }

    private static void say(PrintWriter out, Json line) {
        out.print(line + "\n");
        out.flush();
    }

    private Json answer(String line) {
        try {
            Json question = Json.parse(line, "question");
            if (question.find("list").isPresent()) {
                return list(question.at("list").at(0).asInt(), question.at("list").at(1).asInt());
            }
            return evaluated(question.at("evaluate").members());
        } catch (BadFileException e) {
            return Json.object().put("error", e.getMessage());
        }
    }

    private Json list(int from, int to) {
        Json all = Json.array();
        for (int c = Math.max(0, from); c < Math.min(to, space.size()); c++) {
            Json one = Json.object();
            space.configuration(c).forEach(one::put);
            all.add(one);
        }
        return Json.object().put("configurations", all);
    }

    private Json evaluated(Map<String, Json> configuration) {
        int number = space.number(configuration);
        if (number < 0) {
            return Json.object().put("validity", Trial.Validity.CONSTRAINTS.toString()).put("cost", null)
                    .put("runs", Json.array())
                    .put("took", 0).put("new", false).put("evaluations", known.size()).put("seconds", seconds)
                    .put("error", "no configuration of this space");
        }
        boolean first = !known.containsKey(number);
        if (first) {
            known.put(number, objective.evaluate(number));
        }
        Trial t = known.get(number);
        double took = first ? t.times().charged() : 0;
        seconds += took;
        Json runs = Json.array();
        t.times().runs().forEach(runs::add);
        return Json.object().put("validity", t.validity().toString())
                .put("cost", t.validity() == Trial.Validity.CORRECT ? t.objective() : null).put("runs", runs).put("took", took)
                .put("new", first).put("evaluations", known.size()).put("seconds", seconds)
                .put("error", t.error().isEmpty() ? null : t.error());
    }
}

package dev.kerf.serve;

import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * What a request shows, from JSON.
 *
 * @param prompt   points, strokes and box; the mask to refine only if it came as logits
 * @param refine   the answer to refine, if one is named
 * @param several  whether three masks are wanted
 * @param hover    whether it is only looked at, so that the client's next one ends it
 * @param client   who asks, as the client says
 * @param deadline milliseconds that the client waits, if it says
 */
record PromptReader(Prompt prompt, Optional<String> refine, boolean several, boolean hover, String client,
        Optional<Long> deadline) {
    private static final Set<String> MEMBERS = Set.of("points", "box", "scribbles", "refine", "mask_logits", "several", "hover",
            "client", "deadline_ms");
    private static final int MOST_POINTS = 256;
    private static final int LONGEST_STROKE = 10_000;
    private static final int LONGEST_NAME = 64;

    /** @throws dev.kerf.error.KerfException saying what of it isn't understood */
    static PromptReader of(Json json) {
        only(json, MEMBERS);
        List<Prompt.Point> points = new ArrayList<>();
        json.find("points").map(Json::items).orElse(List.of()).forEach(p -> points.add(point(p)));
        for (Json stroke : json.find("scribbles").map(Json::items).orElse(List.of())) {
            points.addAll(stroke(stroke));
            if (points.size() > MOST_POINTS) {
                break;
            }
        }
        if (points.size() > MOST_POINTS) {
            throw new BadInputException("more than " + MOST_POINTS + " points, those of strokes among them");
        }
        Prompt.Corners box = json.find("box").filter(b -> !b.isNull()).map(PromptReader::box).orElse(null);
        HostTensor mask = json.find("mask_logits").map(PromptReader::logits).orElse(null);
        Optional<String> refine = json.find("refine").map(Json::asString);
        String client = json.find("client").map(Json::asString).orElse("");
        if (client.length() > LONGEST_NAME) {
            throw new BadInputException("a client's name has " + LONGEST_NAME + " characters at most");
        }
        if (mask != null && refine.isPresent()) {
            throw new BadInputException("'refine' and 'mask_logits' are two masks: give one of them");
        }
        boolean alone = points.size() == 1 && box == null && mask == null && refine.isEmpty();
        return new PromptReader(new Prompt(points, box, mask), refine,
                json.find("several").map(Json::asBoolean).orElse(alone), json.find("hover").map(Json::asBoolean).orElse(false),
                client, json.find("deadline_ms").map(d -> positive(d.asLong())));
    }

    /** The time that an answer may take: what the client waits, and no longer than that. */
    Duration within(Duration most) {
        return deadline.map(Duration::ofMillis).filter(d -> d.compareTo(most) < 0).orElse(most);
    }

    /** Refuses members that nothing reads: most often a name that is misspelt. */
    static void only(Json json, Set<String> known) {
        json.members().keySet().stream().filter(m -> !known.contains(m)).findFirst().ifPresent(m -> {
            throw new BadInputException("nothing is called '" + (m.length() > LONGEST_NAME ? m.substring(0, LONGEST_NAME) : m)
                    + "' here; there are " + String.join(", ", known.stream().sorted().toList()));
        });
    }

    private static long positive(long milliseconds) {
        if (milliseconds < 1) {
            throw new BadInputException("deadline_ms: " + milliseconds + ": 1 or more");
        }
        return milliseconds;
    }

    private static Prompt.Point point(Json p) {
        if (p.size() != 2 && p.size() != 3) {
            throw p.error("expected x, y and perhaps whether it is on the thing, 1 or 0");
        }
        boolean on = true;
        if (p.size() == 3) {
            Json said = p.at(2);
            on = said.isBoolean() ? said.asBoolean() : said.asDouble() > 0;
        }
        return new Prompt.Point(p.at(0).asDouble(), p.at(1).asDouble(), on);
    }

    private static List<Prompt.Point> stroke(Json stroke) {
        only(stroke, Set.of("points", "foreground"));
        boolean on = stroke.find("foreground").map(Json::asBoolean).orElse(true);
        Json line = stroke.at("points");
        if (line.size() > LONGEST_STROKE) {
            throw line.error("a stroke of more than " + LONGEST_STROKE + " points");
        }
        List<Prompt.Point> points = new ArrayList<>();
        for (Json p : line.items()) {
            if (p.size() != 2) {
                throw p.error("expected x, y");
            }
            points.add(new Prompt.Point(p.at(0).asDouble(), p.at(1).asDouble(), on));
        }
        return Prompt.scribble(points).points();
    }

    private static Prompt.Corners box(Json b) {
        if (b.size() != 4) {
            throw b.error("expected left, top, right, bottom");
        }
        return new Prompt.Corners(b.at(0).asDouble(), b.at(1).asDouble(), b.at(2).asDouble(), b.at(3).asDouble());
    }

    /** Float32, lowest byte first, row by row of a square, in base 64. */
    private static HostTensor logits(Json text) {
        byte[] bytes;
        try {
            bytes = Base64.getDecoder().decode(text.asString());
        } catch (IllegalArgumentException e) {
            throw text.error("isn't base 64");
        }
        int side = (int) Math.sqrt(bytes.length / (double) Float.BYTES);
        if (side < 1 || side * side * Float.BYTES != bytes.length) {
            throw text.error(bytes.length + " bytes aren't a square of float32");
        }
        float[] values = new float[side * side];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().get(values);
        return HostTensor.of(Shape.of(side, side), values);
    }
}

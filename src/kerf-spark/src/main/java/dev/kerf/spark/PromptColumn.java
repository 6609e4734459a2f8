package dev.kerf.spark;

import dev.kerf.error.BadInputException;
import dev.kerf.model.sam2.Prompt;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import scala.collection.Seq;
import scala.jdk.javaapi.CollectionConverters;

/**
 * Prompts of a row: an array with an element for each object that is asked for. An element is an array of two numbers (a point), three (a
 * point and 1, or 0 for one beside the object), or four (a box: left, top, right, bottom); or a structure of {@code points}, an array of
 * such points, and {@code box}, either of which may be null.
 */
final class PromptColumn {
    private PromptColumn() {}

    /**
     * Reads them.
     *
     * @throws BadInputException if they are of another form
     */
    static List<Prompt> read(Object column, String path) {
        if (column == null) {
            return List.of();
        }
        List<Prompt> out = new ArrayList<>();
        for (Object element : list(column, path)) {
            out.add(element instanceof Row row ? structure(row, path) : prompt(numbers(element, path), path));
        }
        return out;
    }

    private static Prompt structure(Row row, String path) {
        Prompt all = new Prompt(List.of(), null, null);
        for (String name : row.schema().fieldNames()) {
            Object value = row.getAs(name);
            if (value == null) {
                continue;
            }
            switch (name) {
                case "points" -> {
                    for (Object point : list(value, path)) {
                        all = all.and(prompt(numbers(point, path), path));
                    }
                }
                case "box" -> all = all.and(prompt(numbers(value, path), path));
                default -> throw new BadInputException(path + ": a prompt has points and a box, not '" + name + "'");
            }
        }
        return all;
    }

    private static Prompt prompt(double[] n, String path) {
        return switch (n.length) {
            case 2 -> Prompt.point(n[0], n[1]);
            case 3 -> new Prompt(List.of(new Prompt.Point(n[0], n[1], n[2] != 0)), null, null);
            case 4 -> Prompt.box(n[0], n[1], n[2], n[3]);
            default -> throw new BadInputException(path + ": a prompt of " + n.length + " numbers; points have two or three "
                    + "(x, y, 0 beside the object), boxes four (left, top, right, bottom)");
        };
    }

    private static double[] numbers(Object element, String path) {
        return list(element, path).stream().mapToDouble(v -> {
            if (v instanceof Number n) {
                return n.doubleValue();
            }
            throw expected(path);
        }).toArray();
    }

    private static List<?> list(Object value, String path) {
        return switch (value) {
            case Seq<?> s -> CollectionConverters.asJava(s);
            case List<?> l -> l;
            default -> throw expected(path);
        };
    }

    private static BadInputException expected(String path) {
        return new BadInputException(path + ": the column of prompts is array<array<double>>, or array<struct<points: "
                + "array<array<double>>, box: array<double>>>");
    }
}

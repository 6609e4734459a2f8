package dev.kerf.cli.picture;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.model.sam2.Prompt;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Pixels and boxes as users write them. */
public final class PromptText {
    private PromptText() {}

    /**
     * The column and row of a pixel, or the left, top, right and bottom of a box, with commas between them.
     *
     * @param option named in the error
     * @param count  2 or 4
     * @throws BadInputException unless there are so many finite numbers, none less than 0, and a box has an area
     */
    public static double[] numbers(String text, int count, String option) {
        String[] parts = text.split(",", -1);
        double[] out = new double[count];
        boolean good = parts.length == count;
        for (int i = 0; good && i < count; i++) {
            try {
                out[i] = Double.parseDouble(parts[i].strip());
                good = Double.isFinite(out[i]) && out[i] >= 0;
            } catch (NumberFormatException e) {
                good = false;
            }
        }
        if (!good) {
            throw new BadInputException(
                    option + " " + text + ": expected " + count + " numbers of 0 and more with commas between them, "
                            + "such as " + (count == 2 ? "210,95" : "20,30,200,180"));
        } else if (count == 4 && !(out[0] < out[2] && out[1] < out[3])) {
            throw new BadInputException(option + " " + text + " is empty: left must be below right and top below bottom");
        }
        return out;
    }

    /** The pixels of a stroke, one X,Y a line; empty lines don't count. */
    static List<Prompt.Point> stroke(Path file) {
        List<Prompt.Point> stroke = new ArrayList<>();
        List<String> lines;
        try {
            lines = Files.readAllLines(file);
        } catch (CharacterCodingException e) {
            throw new BadFileException(file + ": is no text; a scribble has a pixel X,Y in each line", e);
        } catch (IOException e) {
            throw new BadFileException(file + ": can't be read (" + e.getMessage() + ")", e);
        }
        for (int i = 0; i < lines.size(); i++) {
            if (!lines.get(i).isBlank()) {
                stroke.add(point(lines.get(i), file + ", line " + (i + 1) + ":"));
            }
        }
        if (stroke.isEmpty()) {
            throw new BadFileException(file + ": has no pixels; a scribble has one, X,Y, in each line");
        }
        return stroke;
    }

    private static Prompt.Point point(String line, String where) {
        try {
            double[] xy = numbers(line, 2, where);
            return new Prompt.Point(xy[0], xy[1], true);
        } catch (BadInputException e) {
            throw new BadFileException(e.getMessage(), e);
        }
    }
}

package dev.kerf.cli.picture;

import dev.kerf.cli.option.PathConverter;
import dev.kerf.error.BadInputException;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import picocli.CommandLine.Option;

/** An object and what shows it. */
final class ObjectPrompts {
    @Option(names = "--object", required = true, paramLabel = "N", description = "Number of an object, from 1; its prompts follow.")
    private int number;

    @Option(names = "--point", paramLabel = "F:X,Y", description = "A pixel of it in frame F.")
    private List<String> points;

    @Option(names = "--background", paramLabel = "F:X,Y", description = "A pixel beside it in frame F.")
    private List<String> background;

    @Option(names = "--box", paramLabel = "F:X0,Y0,X1,Y1", description = "A box around it in frame F.")
    private List<String> boxes;

    @Option(names = "--mask", paramLabel = "F:FILE", description = "An image of it in frame F, not 0 where it is.")
    private List<String> masks;

    @Option(names = "--remove", paramLabel = "F", description = "From frame F on it is followed no more.")
    private Integer removed;

    int number() {
        return number;
    }

    /** From which frame on it isn't followed. */
    Optional<Integer> removed() {
        return Optional.ofNullable(removed);
    }

    /** Prompts by frame. */
    Map<Integer, Prompt> prompts() {
        Map<Integer, Prompt> out = new TreeMap<>();
        for (String b : given(boxes)) {
            double[] c = PromptText.numbers(after(b, "--box"), 4, "--box");
            int frame = frame(b, "--box");
            if (out.put(frame, Prompt.box(c[0], c[1], c[2], c[3])) != null) {
                throw new BadInputException("--box " + b + ": object " + number + " has a box in frame " + frame
                        + " already");
            }
        }
        given(points).forEach(p -> add(out, p, "--point", true));
        given(background).forEach(p -> add(out, p, "--background", false));
        return out;
    }

    /** Picocli leaves what isn't given null, and an initial value would be shared by all objects. */
    private static List<String> given(List<String> texts) {
        return texts == null ? List.of() : texts;
    }

    private static void add(Map<Integer, Prompt> out, String text, String option, boolean foreground) {
        double[] xy = PromptText.numbers(after(text, option), 2, option);
        Prompt before = out.getOrDefault(frame(text, option), new Prompt(List.of(), null, null));
        out.put(frame(text, option), foreground ? before.foreground(xy[0], xy[1]) : before.background(xy[0], xy[1]));
    }

    /** Files of masks, by frame. */
    Map<Integer, Path> maskFiles() {
        Map<Integer, Path> out = new TreeMap<>();
        given(masks).forEach(m -> out.put(frame(m, "--mask"), PathConverter.path(after(m, "--mask"))));
        return out;
    }

    /** The file as a mask (H, W). */
    static HostTensor read(Path mask) {
        LabelMap labels = LabelMap.read(mask);
        return labels.tensor().reshape(Shape.of(labels.height(), labels.width()));
    }

    private static int colon(String text, String option) {
        int colon = text.indexOf(':');
        if (colon < 1) {
            throw new BadInputException(option + " " + text + ": expected a frame's number and a colon first, such as 0:"
                    + (colon == 0 ? text.substring(1) : text));
        }
        return colon;
    }

    private static String after(String text, String option) {
        return text.substring(colon(text, option) + 1);
    }

    private static int frame(String text, String option) {
        String number = text.substring(0, colon(text, option));
        try {
            int frame = Integer.parseInt(number.strip());
            if (frame >= 0) {
                return frame;
            }
        } catch (NumberFormatException e) {
            throw new BadInputException(option + " " + text + ": '" + number + "' is no frame's number", e);
        }
        throw new BadInputException(option + " " + text + ": frames count from 0");
    }
}

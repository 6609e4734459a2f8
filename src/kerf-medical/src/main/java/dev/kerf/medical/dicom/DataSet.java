package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Elements by their tags: a file's, or those of an item of a sequence. Messages name files and tags, and never what is in them. */
final class DataSet {
    private final String file;
    private Map<Integer, Element> elements = Map.of();

    DataSet(String file) {
        this.file = file;
    }

    void put(Element e) {
        if (elements.isEmpty()) {
            elements = new HashMap<>();
        }
        elements.putIfAbsent(e.tag(), e);
    }

    String file() {
        return file;
    }

    Element find(int tag) {
        return elements.get(tag);
    }

    boolean has(Tag tag) {
        Element e = elements.get(tag.number());
        return e != null && (e.length() != 0 || !e.items().isEmpty());
    }

    /** Its text; empty where there is none. */
    String text(Tag tag) {
        Element e = elements.get(tag.number());
        return e == null ? "" : e.text();
    }

    /** The first of several texts. */
    String word(Tag tag) {
        String text = text(tag);
        int end = text.indexOf('\\');
        return (end < 0 ? text : text.substring(0, end)).strip();
    }

    /** Its numbers; none where there are none. */
    double[] numbers(Tag tag) {
        Element e = elements.get(tag.number());
        try {
            return e == null ? new double[0] : e.numbers();
        } catch (NumberFormatException x) {
            throw bad(tag, "holds no numbers");
        }
    }

    /** So many finite numbers; none where there are none. */
    double[] numbers(Tag tag, int count) {
        double[] out = numbers(tag);
        if (out.length != 0 && (out.length != count || !Arrays.stream(out).allMatch(Double::isFinite))) {
            throw bad(tag, "holds " + out.length + " numbers or such as aren't finite, " + count + " are expected");
        }
        return out;
    }

    /** Its first number, or another where there is none. */
    double number(Tag tag, double other) {
        double[] all = numbers(tag);
        if (all.length > 0 && !Double.isFinite(all[0])) {
            throw bad(tag, "isn't finite");
        }
        return all.length == 0 ? other : all[0];
    }

    /** A whole number of a range, or another where there is none. */
    int whole(Tag tag, int least, int most, int other) {
        double n = number(tag, other);
        if (n < least || n > most || n != Math.rint(n)) {
            throw bad(tag, "is " + n + "; " + least + " to " + most + " is expected");
        }
        return (int) n;
    }

    /** The items of a sequence; none where there is none. */
    List<DataSet> items(Tag tag) {
        Element e = elements.get(tag.number());
        return e == null ? List.of() : e.items();
    }

    /** The first item of a sequence; an empty one where there is none. */
    DataSet item(Tag tag) {
        List<DataSet> items = items(tag);
        return items.isEmpty() ? new DataSet(file) : items.getFirst();
    }

    BadFileException bad(Tag tag, String what) {
        return new BadFileException(file + ": " + tag + " " + what);
    }
}

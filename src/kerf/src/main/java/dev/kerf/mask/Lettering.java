package dev.kerf.mask;

import java.util.ArrayList;
import java.util.List;

/**
 * Letters drawn with a round pen, at any size, without the font machinery that a bare machine lacks. Each of the
 * characters 32 to 126 is a few strokes on a grid: capitals stand from 0 to 9 downwards, small letters from 3, and
 * tails reach 12.
 *
 * <p>A stroke is its points, x and y each one hexadecimal digit. Before it, {@code ~} makes it a curve that the points
 * pull (a quadratic B-spline, which touches the middle of each line between them), {@code o} a closed such curve.
 */
final class Lettering {
    private static final String[] STROKES = {
        // space ! " # $
        "", "00 06/09 09", "00 02/20 22", "20 19/50 49/03 63/06 66", "~62 60 00 04 65 69 09 07/30 39",
        // % & ' ( )
        "o00 30 34 04/70 09/o45 75 79 49", "~69 13 10 40 43 05 09 49 65", "00 02", "~20 02 07 29", "~00 22 27 09",
        // * + , - . /
        "20 24/01 43/41 03", "33 39/06 66", "19 0b", "06 46", "09 09", "40 0a",
        // 0 1 2 3 4
        "o00 50 59 09", "12 30 39", "~02 00 50 54 09/09 59", "~02 00 50 54 24/~24 54 59 09 07", "49 40 06 56",
        // 5 6 7 8
        "50 10 04/~04 13 53 59 09 07", "o04 54 59 09/~51 50 00 06", "00 50 19", "o00 50 54 04/o04 54 59 09",
        // 9 : ; < = >
        "o00 50 55 05/~08 09 59 53", "04 04/09 09", "14 14/19 0b", "43 06 49", "04 54/07 57", "03 46 09",
        // ? @
        "~02 00 40 44 26/29 29", "~58 36 33 63 66 86 80 00 0a 7a",
        // A B C
        "09 30 69/16 56", "00 09/~00 30 50 54 34 04/~04 34 64 69 39 09", "~62 60 00 09 69 67",
        // D E F G
        "00 09/~00 30 60 69 39 09", "50 00 09 59/04 44", "50 00 09/04 44", "~62 60 00 09 69 65/35 65",
        // H I J K L M
        "00 09/60 69/04 64", "00 09", "~40 45 49 09 07", "00 09/60 06/24 69", "00 09 59", "09 00 46 80 89",
        // N O P Q
        "09 00 69 60", "o00 60 69 09", "00 09/~00 30 60 65 35 05", "o00 60 69 09/47 6a",
        // R S T U
        "00 09/~00 30 60 65 35 05/35 69", "~62 60 00 04 65 69 09 07", "00 60/30 39", "~00 05 09 69 65 60",
        // V W X Y Z
        "00 39 60", "00 29 42 69 80", "00 69/60 09", "00 35 60/35 39", "00 60 09 69",
        // [ \ ] ^ _ `
        "20 00 0a 2a", "00 4a", "00 20 2a 0a", "03 20 43", "0a 5a", "00 12",
        // a b c d
        "53 59/o03 53 59 09", "00 09/o03 53 59 09", "~54 53 03 09 59 58", "50 59/o03 53 59 09",
        // e f g h
        "06 56/~56 53 03 09 59 58", "~40 10 14 19/03 33", "o03 53 59 09/~53 59 5c 0c 0b", "00 09/~05 03 53 56 59",
        // i j k l
        "03 09/00 00", "~13 19 1c 0c/10 10", "00 09/43 07/25 49", "00 09",
        // m n o p
        "03 09/~05 03 43 46 49/~45 43 83 86 89", "03 09/~05 03 53 56 59", "o03 53 59 09", "03 0c/o03 53 59 09",
        // q r s t
        "53 5c/o03 53 59 09", "03 09/~05 03 33", "~44 43 03 06 46 49 09 08", "~11 16 19 39/03 33",
        // u v w x y z
        "~03 06 09 59 57/53 59", "03 29 43", "03 29 44 69 83", "03 49/43 09", "03 29/43 1c", "03 43 09 49",
        // { | } ~
        "~30 10 15 05/~05 15 1a 3a", "00 0b", "~00 20 25 35/~35 25 2a 0a", "~07 04 38 65"};
    private static final int SPACE = 4;
    private static final int GAP = 3;
    private static final int DIGIT = 5;
    /** Half the pen's width, in grid units. */
    private static final double PEN = 0.66;

    private static final Glyph[] GLYPHS = new Glyph[STROKES.length];

    /**
     * A character's strokes as straight pieces.
     *
     * @param width    grid units from the first stroke's centre to the last's
     * @param segments x0, y0, x1, y1 of each piece
     */
    private record Glyph(int width, double[] segments) {
    }

    /** Of each character as it was last drawn: legends of many pictures have the same letters in one size. */
    private static final Ink[] INK = new Ink[STROKES.length];

    /**
     * A character's pixels.
     *
     * @param capital height of capitals
     * @param left    first column, from where the character begins
     * @param top     first row, from that on which capitals stand
     * @param width   columns
     * @param opacity of each pixel, row by row
     */
    private record Ink(int capital, int left, int top, int width, double[] opacity) {
    }

    private Lettering() {
    }

    /** Width of a line of text in pixels, for capitals of that height. */
    static int width(String text, int capital) {
        int w = 0;
        for (int i = 0; i < text.length(); i++) {
            w += advance(text.charAt(i), capital);
        }
        return w;
    }

    /** Draws a line of text; x is its left, baseline the row on which capitals stand. */
    static void draw(Canvas canvas, String text, int x, int baseline, int capital, int colour) {
        int at = x;
        for (int i = 0; i < text.length(); i++) {
            glyph(canvas, text.charAt(i), at, baseline, capital, colour);
            at += advance(text.charAt(i), capital);
        }
    }

    private static int advance(char c, int capital) {
        double units = c == ' ' ? SPACE : c >= '0' && c <= '9' ? DIGIT + GAP : glyph(c).width() + GAP;
        return (int) Math.round(units * capital / 9.0);
    }

    private static void glyph(Canvas canvas, char c, int left, int baseline, int capital, int colour) {
        int i = place(c);
        Ink ink = INK[i];
        if (ink == null || ink.capital != capital) {
            ink = ink(glyph(c), c >= '0' && c <= '9', capital);
            INK[i] = ink;
        }
        for (int at = 0, y = 0; at < ink.opacity.length; y++) {
            for (int x = 0; x < ink.width; x++, at++) {
                canvas.blend(left + ink.left + x, baseline + ink.top + y, colour, ink.opacity[at]);
            }
        }
    }

    private static Ink ink(Glyph g, boolean digit, int capital) {
        double unit = capital / 9.0;
        double pen = Math.max(PEN * unit, 0.62);
        // A digit narrower than the others stands in the middle of its field.
        double x0 = 0.5 + unit + (digit ? (DIGIT - g.width()) * unit / 2 : 0);
        double y0 = 0.5 - 9 * unit;
        int left = (int) Math.floor(x0 - pen) - 1;
        int top = (int) Math.floor(y0 - pen) - 1;
        int width = (int) Math.ceil(x0 + g.width() * unit + pen) + 2 - left;
        int height = (int) Math.floor(y0 + 15 * unit + pen) + 1 - top;
        double[] opacity = new double[width * height];
        for (int i = 0; i < opacity.length; i++) {
            double d = Double.MAX_VALUE;
            double px = (left + i % width + 0.5 - x0) / unit;
            double py = (top + i / width + 0.5 - y0) / unit;
            for (int s = 0; s < g.segments.length; s += 4) {
                d = Math.min(d, distance(px, py, g.segments, s));
            }
            opacity[i] = Math.clamp(pen + 0.5 - Math.sqrt(d) * unit, 0, 1);
        }
        return new Ink(capital, left, top, width, opacity);
    }

    /** Squared, from a piece. */
    private static double distance(double px, double py, double[] s, int i) {
        double dx = s[i + 2] - s[i];
        double dy = s[i + 3] - s[i + 1];
        double x = px - s[i];
        double y = py - s[i + 1];
        double length = dx * dx + dy * dy;
        double t = length == 0 ? 0 : Math.clamp((x * dx + y * dy) / length, 0, 1);
        double across = x - t * dx;
        double down = y - t * dy;
        return across * across + down * down;
    }

    private static int place(char c) {
        return c >= 32 && c < 32 + STROKES.length ? c - 32 : '?' - 32;
    }

    /** The character's strokes; a question mark's for what isn't there. */
    private static Glyph glyph(char c) {
        int i = place(c);
        if (GLYPHS[i] == null) {
            GLYPHS[i] = parse(STROKES[i]);
        }
        return GLYPHS[i];
    }

    private static Glyph parse(String strokes) {
        List<double[]> pieces = new ArrayList<>();
        int width = 0;
        for (String stroke : strokes.isEmpty() ? new String[0] : strokes.split("/")) {
            char kind = stroke.charAt(0);
            String[] points = (kind == '~' || kind == 'o' ? stroke.substring(1) : stroke).split(" ");
            double[] xy = new double[points.length * 2];
            for (int i = 0; i < points.length; i++) {
                xy[2 * i] = Character.digit(points[i].charAt(0), 16);
                xy[2 * i + 1] = Character.digit(points[i].charAt(1), 16);
                width = Math.max(width, (int) xy[2 * i]);
            }
            double[] line = kind == '~' ? curve(xy, false) : kind == 'o' ? curve(xy, true) : xy;
            for (int i = 0; i + 3 < line.length; i += 2) {
                pieces.add(new double[] {line[i], line[i + 1], line[i + 2], line[i + 3]});
            }
        }
        double[] segments = new double[pieces.size() * 4];
        for (int i = 0; i < pieces.size(); i++) {
            System.arraycopy(pieces.get(i), 0, segments, 4 * i, 4);
        }
        return new Glyph(width, segments);
    }

    /**
     * The B-spline that the points pull: a parabola for each inner point, from middle to middle of the lines beside it.
     */
    private static double[] curve(double[] p, boolean closed) {
        int n = p.length / 2;
        int pieces = 6;
        int parabolas = closed ? n : n - 2;
        double[] out = new double[parabolas * (pieces + 1) * 2];
        int at = 0;
        for (int i = 0; i < parabolas; i++) {
            int k = closed ? i : i + 1;
            int before = (k + n - 1) % n;
            int after = (k + 1) % n;
            boolean first = !closed && i == 0;
            boolean last = !closed && i == parabolas - 1;
            for (int s = 0; s <= pieces; s++) {
                double t = (double) s / pieces;
                for (int axis = 0; axis < 2; axis++) {
                    double middle = p[2 * k + axis];
                    double from = first ? p[2 * before + axis] : (p[2 * before + axis] + middle) / 2;
                    double to = last ? p[2 * after + axis] : (p[2 * after + axis] + middle) / 2;
                    out[at++] = (1 - t) * (1 - t) * from + 2 * t * (1 - t) * middle + t * t * to;
                }
            }
        }
        return out;
    }
}

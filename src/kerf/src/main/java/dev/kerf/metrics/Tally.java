package dev.kerf.metrics;

import dev.kerf.error.BadInputException;
import dev.kerf.mask.CocoDataset;
import java.io.Serializable;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

/**
 * What was counted of images, each once: what an evaluation keeps, here or on many machines. Counts are 64-bit integers by image, scores
 * are made of them in the order of the images' names; so tallies merge in any order and any grouping to the same bits, and an image
 * that comes again, from a task that was tried twice, changes nothing.
 *
 * <pre>{@code
 * Tally<ConfusionMatrix> left = Tally.confusions(21);
 * left.add("a.png", confusions.measure(truth, labels));
 * byte[] sent = left.toBytes();                        // compact; java.io.Serializable, too
 *
 * Tally<ConfusionMatrix> all = Tally.confusions(21);
 * all.merge(sent);
 * all.merge(sent);                                     // the same images: the same counts
 * LabelScores.of(all).pooled().meanIou();
 * }</pre>
 *
 * <p>{@link LabelScores#of}, {@link OverlapScores#of}, {@link ApScores#of} and {@link PanopticQuality.Scores#of} make scores of it. Names
 * that are whole numbers go first, by their value, as COCO's images do; others follow by their characters. Memory goes with the
 * counts, a byte or two for most of them. Used by one thread at a time.
 *
 * @param <C> what is counted of an image
 */
public final class Tally<C> implements Serializable {
    private static final long serialVersionUID = 1;
    private static final int MAGIC = 0x4B544C31;

    /** What the bytes are of; another number, other bytes. */
    private final TallyForm<C> form;
    private final TreeMap<String, byte[]> images = new TreeMap<>(ByName.ORDER);

    /** Numbers by value, then other names. */
    private enum ByName implements Comparator<String> {
        ORDER;

        @Override
        public int compare(String a, String b) {
            boolean left = isNumber(a);
            boolean right = isNumber(b);
            return left && right ? value(a, b) : left ? -1 : right ? 1 : a.compareTo(b);
        }

        /** Without parsing: a number may have any number of digits. */
        private static int value(String a, String b) {
            boolean negative = a.startsWith("-");
            if (negative != b.startsWith("-")) {
                return negative ? -1 : 1;
            }
            int more = a.length() == b.length() ? a.compareTo(b) : Integer.compare(a.length(), b.length());
            return negative ? -more : more;
        }

        /** Only as numbers are written, so that different names stay different. */
        private static boolean isNumber(String s) {
            int from = s.startsWith("-") ? 1 : 0;
            int digits = s.length() - from;
            if (digits < 1 || s.charAt(from) == '0' && s.length() > 1) {
                return false;
            }
            for (int i = from; i < s.length(); i++) {
                if (s.charAt(i) < '0' || s.charAt(i) > '9') {
                    return false;
                }
            }
            return true;
        }
    }

    private Tally(TallyForm<C> form) {
        this.form = form;
    }

    /**
     * Of label maps.
     *
     * @param classes K, 1 to 16384
     * @throws BadInputException if there are fewer or more
     */
    public static Tally<ConfusionMatrix> confusions(int classes) {
        ConfusionMatrix.checkClasses(classes);
        return new Tally<>(new TallyForm.OfConfusions(classes));
    }

    /**
     * Of masks.
     *
     * @param masks how many of an image, a class each perhaps
     */
    public static Tally<List<Overlap>> overlaps(int masks) {
        return overlaps("masks", masks);
    }

    /**
     * Of other regions, such as masks' boundaries.
     *
     * @param what  they are; tallies of other things don't merge
     * @param masks how many of an image
     */
    public static Tally<List<Overlap>> overlaps(String what, int masks) {
        return new Tally<>(new TallyForm.OfOverlaps(what, masks));
    }

    /**
     * Of detections; {@link AveragePrecision#match} counts.
     *
     * @param measure what they are compared by; what was counted by another isn't taken
     */
    public static Tally<AveragePrecision.Matches> detections(AveragePrecision.Measure measure) {
        return new Tally<>(new TallyForm.OfDetections(measure));
    }

    /** Of panoptic pictures, whose segments are compared whole; {@link PanopticQuality#count} counts. */
    public static Tally<PanopticQuality.Matches> panoptic(Collection<CocoDataset.Category> categories) {
        return panoptic(categories, 0);
    }

    /**
     * Of panoptic pictures, whose segments' boundaries count.
     *
     * @param ratio as {@link PanopticQuality#ofBoundaries} has it; 0 where segments are compared whole
     * @throws BadInputException if the ratio is out of range
     */
    public static Tally<PanopticQuality.Matches> panoptic(Collection<CocoDataset.Category> categories, double ratio) {
        if (ratio != 0) {
            Boundary.distance(1, 1, ratio);
        }
        return new Tally<>(new TallyForm.OfPanoptic(List.copyOf(categories), ratio));
    }

    /**
     * Of other counts.
     *
     * @param what   they are; tallies of other things don't merge
     * @param counts how many of an image
     */
    public static Tally<long[]> counts(String what, int counts) {
        return new Tally<>(new TallyForm.OfCounts(what, counts));
    }

    /**
     * Of scores that no counts stand for, such as distances, bit by bit.
     *
     * @param what   they are; tallies of other things don't merge
     * @param scores how many of an image
     */
    public static Tally<double[]> scores(String what, int scores) {
        return new Tally<>(new TallyForm.OfScores(what, scores));
    }

    /**
     * Adds an image.
     *
     * @param image its name: a path, or a number in digits
     * @return whether it is new; one that is known stays as it is
     * @throws BadInputException if it was counted before and differently, or the counts aren't what the tally is of: another number of
     *                           classes or masks, another measure, a class that isn't listed
     */
    public boolean add(String image, C counts) {
        CountBytes.Out out = new CountBytes.Out();
        form.write(counts, out);
        byte[] bytes = out.toBytes();
        checkSame(image, bytes);
        return images.putIfAbsent(image, bytes) == null;
    }

    private void checkSame(String image, byte[] bytes) {
        byte[] known = images.get(image);
        if (known != null && !Arrays.equals(known, bytes)) {
            throw new BadInputException(
                    "image " + image + " was counted twice with different results: give images names of their own, and "
                            + "count all on one kind of device");
        }
    }

    /**
     * Adds the images of another.
     *
     * @throws BadInputException if it is of something else, or has an image with other counts; then this stays as it was
     */
    public void merge(Tally<C> other) {
        if (!form.equals(other.form)) {
            throw new BadInputException("a tally of " + form + " and one of " + other.form + " don't go together");
        }
        other.images.forEach(this::checkSame);
        images.putAll(other.images);
    }

    /**
     * Adds the images of what {@link #toBytes} gave.
     *
     * @throws BadInputException if the bytes are damaged or of something else, or have an image with other counts; then this stays as it
     *                           was
     */
    public void merge(byte[] bytes) {
        CountBytes.In in = new CountBytes.In(bytes);
        if (in.next() != MAGIC) {
            throw new BadInputException(bytes.length + " bytes are no tally");
        }
        long of = in.next();
        if (of != kind()) {
            throw new BadInputException("the bytes are a tally of something else than " + form);
        }
        Tally<C> other = new Tally<>(form);
        for (long n = in.next(); n > 0; n--) {
            other.images.put(in.text(), in.bytes());
        }
        in.end();
        // What is damaged is found here rather than when scores are made. What means nothing is refused where it is read, what could
        // be written otherwise when it is written again.
        other.images.replaceAll((_, counts) -> {
            CountBytes.Out again = new CountBytes.Out();
            form.write(decode(counts), again);
            return again.toBytes();
        });
        if (!Arrays.equals(other.toBytes(), bytes)) {
            throw in.damaged();
        }
        merge(other);
    }

    /** All of it, in an order of its own: equal tallies have equal bytes. */
    public byte[] toBytes() {
        CountBytes.Out out = new CountBytes.Out();
        out.add(MAGIC);
        out.add(kind());
        out.add(images.size());
        images.forEach((name, counts) -> {
            out.text(name);
            out.bytes(counts);
        });
        return out.toBytes();
    }

    /** A hash of what is counted (Fowler, Noll and Vo's 1a). */
    private long kind() {
        long hash = 0xcbf29ce484222325L;
        for (char c : form.toString().toCharArray()) {
            hash = (hash ^ c) * 0x100000001b3L;
        }
        return hash;
    }

    private C decode(byte[] bytes) {
        CountBytes.In in = new CountBytes.In(bytes);
        C counts = form.read(in);
        in.end();
        return counts;
    }

    /** Number of images. */
    public int size() {
        return images.size();
    }

    /** Their names, in order. */
    public Set<String> images() {
        return Collections.unmodifiableSet(images.keySet());
    }

    /** What was counted of an image; null if it wasn't added. */
    public @Nullable C get(String image) {
        byte[] bytes = images.get(image);
        return bytes == null ? null : decode(bytes);
    }

    /** Each image with its counts, in the order of their names. */
    public void forEach(BiConsumer<String, C> each) {
        for (Map.Entry<String, byte[]> e : images.entrySet()) {
            each.accept(e.getKey(), decode(e.getValue()));
        }
    }

    /** What is counted, which a reference without its type may have put in another's place. */
    <F extends TallyForm<?>> F form(Class<F> type) {
        if (!type.isInstance(form)) {
            throw new BadInputException("a tally of " + form + " has other counts than these scores are made of");
        }
        return type.cast(form);
    }

    @Override
    public boolean equals(@Nullable Object o) {
        return o instanceof Tally<?> t && form.equals(t.form) && Arrays.equals(toBytes(), t.toBytes());
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(toBytes());
    }

    /** How many images of what. */
    @Override
    public String toString() {
        return images.size() + (images.size() == 1 ? " image, " : " images, ") + form;
    }
}

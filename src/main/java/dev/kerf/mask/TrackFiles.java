package dev.kerf.mask;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.image.video.Frame;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Writes what became of a video's objects, frame by frame, holding no more than a frame. An object is an {@link Instance}
 * whose category is the object's number, from 1, and whose score says how sure the tracker is of it; where it can't be seen
 * its mask is empty.
 *
 * <pre>{@code
 * try (FrameSource video = FrameSource.open(file);
 *         TrackFiles out = new TrackFiles(video, Path.of("out"), "street", EnumSet.of(TrackFiles.Kind.COCO, TrackFiles.Kind.GIF))) {
 *     while (video.hasNext()) {
 *         Frame frame = video.next();
 *         out.write(frame, new Instances(video.width(), video.height(), objects));
 *     }
 *     out.finish();
 * }
 * }</pre>
 *
 * <p>Each PNG appears when its frame is written; JSON and videos when {@link #finish} is called, whole or not at all. To be
 * used by one thread at a time.
 */
public final class TrackFiles implements AutoCloseable {
    /** What is written. */
    public enum Kind {
        /** For each frame and object a grey PNG, 255 inside and 0 outside: {@code STEM-000012-object-1.png}. */
        MASKS,
        /** For each frame a PNG of object numbers, 0 where there is none: {@code STEM-000012-labels.png}. */
        LABELS,
        /** One JSON array of COCO results, as {@link CocoTrack} writes it: {@code STEM-track.json}. */
        COCO,
        /** The frames with the objects over them: {@code STEM-overlay.gif}. */
        GIF,
        /** The same as {@code STEM-overlay.y4m}. */
        Y4M,
        /** The same as {@code STEM-overlay.mp4}, which needs ffmpeg on the PATH. */
        MP4
    }

    private static final Set<Kind> VIDEOS = EnumSet.of(Kind.GIF, Kind.Y4M, Kind.MP4);

    private final Path directory;
    private final String stem;
    private final Set<Kind> kinds;
    private final int width;
    private final int height;
    private final CocoTrack coco;
    private final List<FrameSink> videos = new ArrayList<>();
    private final InstanceOverlay overlay = InstanceOverlay.of(i -> Integer.toString(i));

    /**
     * Begins the files.
     *
     * @param video     where the frames come from, for their size and rate
     * @param directory where the files go
     * @param stem      what their names begin with
     * @param kinds     which of them
     * @throws dev.kerf.error.BadFileException if one can't be written there, or would need an ffmpeg that isn't there
     */
    public TrackFiles(FrameSource video, Path directory, String stem, Set<Kind> kinds) {
        this.directory = directory;
        this.stem = stem;
        this.kinds = Set.copyOf(kinds);
        width = video.width();
        height = video.height();
        coco = kinds.contains(Kind.COCO) ? new CocoTrack(directory.resolve(stem + "-track.json")) : null;
        try {
            for (Kind kind : VIDEOS) {
                if (kinds.contains(kind)) {
                    videos.add(FrameSink.open(overlayFile(kind), width, height, video.rate()));
                }
            }
        } catch (RuntimeException | Error e) {
            close();
            throw e;
        }
    }

    private Path overlayFile(Kind kind) {
        return directory.resolve(stem + "-overlay." + kind.name().toLowerCase(Locale.ROOT));
    }

    /**
     * Writes what there is in one frame; in the video's order.
     *
     * @throws BadInputException               if the objects' masks aren't of the frame's size
     * @throws dev.kerf.error.BadFileException if something can't be written
     */
    public void write(Frame frame, Instances objects) {
        if (objects.width() != width || objects.height() != height) {
            throw new BadInputException("objects of " + objects.width() + "x" + objects.height()
                    + " pixels don't fit a video of " + width + "x" + height);
        }
        String numbered = String.format(Locale.ROOT, "%s-%06d", stem, frame.index());
        if (kinds.contains(Kind.MASKS)) {
            for (Instance i : objects.items()) {
                Instances.picture(i.mask()).writePng(directory.resolve(numbered + "-object-" + i.category() + ".png"));
            }
        }
        if (kinds.contains(Kind.LABELS)) {
            LabelMap labels = labels(objects);
            labels.writePng(directory.resolve(numbered + "-labels.png"), Palette.of(labels.max() + 1, 0));
        }
        if (coco != null) {
            coco.write(frame, objects);
        }
        if (!videos.isEmpty()) {
            Image drawn = overlay.drawTracked(frame.image(), objects);
            videos.forEach(v -> v.write(frame.with(drawn)));
        }
    }

    /** The number of the surest object at each pixel; of equally sure ones the first. */
    private static LabelMap labels(Instances objects) {
        int[] labels = new int[Math.multiplyExact(objects.width(), objects.height())];
        for (Instance i : objects.byScore().items()) {
            Mask mask = i.mask().decode();
            for (int p = 0; p < labels.length; p++) {
                if (labels[p] == 0 && mask.get(p % objects.width(), p / objects.width())) {
                    labels[p] = i.category();
                }
            }
        }
        return LabelMap.of(objects.width(), objects.height(), labels);
    }

    /**
     * Completes JSON and videos and puts them in their places.
     *
     * @throws dev.kerf.error.BadFileException if one can't be written
     */
    public void finish() {
        if (coco != null) {
            coco.finish();
        }
        videos.forEach(FrameSink::finish);
    }

    /** The files that appear at the end. */
    public List<Path> files() {
        List<Path> files = new ArrayList<>();
        if (coco != null) {
            files.add(directory.resolve(stem + "-track.json"));
        }
        VIDEOS.stream().filter(kinds::contains).map(this::overlayFile).forEach(files::add);
        return files;
    }

    /** Without {@link #finish} before it: gives up JSON and videos. */
    @Override
    public void close() {
        if (coco != null) {
            coco.close();
        }
        videos.forEach(FrameSink::close);
    }
}

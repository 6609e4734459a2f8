package dev.kerf.serve.export;

import dev.kerf.file.AtomicFile;
import dev.kerf.image.video.FrameSink;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.image.video.FrameSource.Rate;
import dev.kerf.json.Json;
import dev.kerf.mask.Instances;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Overlay;
import dev.kerf.mask.RunLength;
import dev.kerf.serve.clip.ClipSession;
import dev.kerf.serve.clip.ClipWork;
import dev.kerf.serve.clip.Found;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** What the masks of a video become for other programs: what {@code kerf track} writes. */
public enum ClipExport {
    /** COCO results: an element for each frame and object, one a line; the categories are the objects' numbers. */
    COCO("json", "application/json") {
        @Override
        public void write(Path file, ClipSession session, Of video) {
            AtomicFile.write(file, out -> {
                String before = "[";
                for (int t = 0; t < video.frames; t++) {
                    List<Instance> items = session.work().found(t).stream()
                            .map(f -> new Instance(f.object(), f.iou(), f.mask())).toList();
                    Instances frame = new Instances(video.width, video.height, items);
                    for (Json element : frame.toCocoResults(t, video.rate.time(t)).items()) {
                        out.write((before + "\n" + element).getBytes(StandardCharsets.UTF_8));
                        before = ",";
                    }
                }
                out.write((before.equals("[") ? "[]\n" : "\n]\n").getBytes(StandardCharsets.UTF_8));
            });
        }
    },
    /** A PNG for each frame that has masks, zipped: the object's number for its pixels, in its colour; higher numbers lie over lower ones. */
    LABELS("zip", "application/zip") {
        @Override
        public void write(Path file, ClipSession session, Of video) {
            int[] palette = palette(session.work());
            zip(file, video, session, (zip, t, name, found) -> entry(zip, name + ".png", labels(found, video).toPng(palette)));
        }
    },
    /** A PNG for each frame and object, white on black, zipped. */
    MASKS("zip", "application/zip") {
        @Override
        public void write(Path file, ClipSession session, Of video) {
            zip(file, video, session, (zip, t, name, found) -> {
                for (Found f : found) {
                    entry(zip, name + "-object-" + f.object() + ".png", f.mask().decode().toImage().toPng());
                }
            });
        }
    },
    /** A GIF of the video with the objects over it. */
    OVERLAY("gif", "image/gif") {
        @Override
        public void write(Path file, ClipSession session, Of video) {
            ClipWork work = session.work();
            List<String> names = new ArrayList<>();
            for (int i = 0; i <= ClipWork.MOST_OBJECTS; i++) {
                names.add(i > 0 && work.objects().contains(i) ? work.name(i) : "");
            }
            Overlay plain = Overlay.of(names, 0);
            Overlay overlay = new Overlay(plain.names(), 0, palette(work), plain.opacity(), true, true);
            try (FrameSink sink = FrameSink.open(file, video.width, video.height, video.rate)) {
                for (int t = 0; t < video.frames; t++) {
                    Frame frame = session.frame(t);
                    sink.write(frame.with(overlay.draw(frame.image(), labels(work.found(t), video))));
                }
                sink.finish();
            }
        }
    };

    /** A video's size, and how many frames it has at which rate. */
    public record Of(int width, int height, int frames, Rate rate) {}

    /** Writes what there is of one frame. */
    private interface Each {
        void write(ZipOutputStream zip, int frame, String name, List<Found> found) throws IOException;
    }

    private final String ending;
    private final String type;

    ClipExport(String ending, String type) {
        this.ending = ending;
        this.type = type;
    }

    /** What a file's name ends with. */
    public String ending() {
        return ending;
    }

    /** Its Content-Type. */
    public String type() {
        return type;
    }

    /**
     * Writes the file.
     *
     * @throws dev.kerf.error.BadFileException if the video is damaged, or the file can't be written there
     */
    public abstract void write(Path file, ClipSession session, Of video);

    private static void zip(Path file, Of video, ClipSession session, Each each) {
        AtomicFile.write(file, out -> {
            ZipOutputStream zip = new ZipOutputStream(out);
            for (int t = 0; t < video.frames; t++) {
                List<Found> found = session.work().found(t);
                if (!found.isEmpty()) {
                    each.write(zip, t, session.name(t), found);
                }
            }
            zip.finish();
        });
    }

    private static void entry(ZipOutputStream zip, String name, byte[] content) throws IOException {
        ZipEntry entry = new ZipEntry(name);
        // The same masks are the same file.
        entry.setTime(0);
        zip.putNextEntry(entry);
        zip.write(content);
    }

    private static LabelMap labels(List<Found> found, Of video) {
        int[] labels = new int[video.width * video.height];
        for (Found f : found) {
            RunLength runs = f.mask();
            int at = 0;
            int[] counts = runs.counts();
            for (int i = 0; i < counts.length; i++) {
                for (int end = at + counts[i]; at < end; at++) {
                    if ((i & 1) != 0) {
                        labels[at % video.height * video.width + at / video.height] = f.object();
                    }
                }
            }
        }
        return LabelMap.of(video.width, video.height, labels);
    }

    private static int[] palette(ClipWork work) {
        int[] colours = new int[ClipWork.MOST_OBJECTS + 1];
        work.objects().forEach(o -> colours[o] = work.colour(o));
        return colours;
    }
}

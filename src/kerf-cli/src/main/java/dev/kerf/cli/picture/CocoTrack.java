package dev.kerf.cli.picture;

import dev.kerf.file.AtomicFile;
import dev.kerf.image.video.FrameSource.Frame;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.Instances;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Writes the objects of a video as COCO results, an array with an element for each frame and object, one a line:
 *
 * <pre>{@code
 * {"image_id":12,"category_id":1,"time":0.48,"score":0.93,"area":420,"bbox":[8,4,20,30],"segmentation":{"size":[48,64],"counts":"…"}}
 * }</pre>
 *
 * <p>{@code image_id} is the frame, counted from 0, {@code category_id} the object's number, {@code time} seconds from the
 * first frame; {@code bbox} is 0, 0, 0, 0 around nothing. {@link CocoDataset.Results} and pycocotools' loadRes read it. Elements go
 * to the disk as they come; the file appears when {@link #finish} is called, whole or not at all.
 */
final class CocoTrack implements AutoCloseable {
    private final AtomicFile file;
    private final Writer out;
    private boolean first = true;

    /**
     * A file of no elements yet.
     *
     * @throws dev.kerf.error.BadFileException if it can't be written there
     */
    CocoTrack(Path file) {
        this.file = new AtomicFile(file);
        try {
            out = new OutputStreamWriter(this.file.out(), StandardCharsets.UTF_8);
            out.write('[');
        } catch (IOException e) {
            this.file.close();
            throw this.file.failed(e);
        }
    }

    /**
     * Adds what there is in one frame; the instances' categories are the objects' numbers.
     *
     * @throws dev.kerf.error.BadFileException if it can't be written
     */
    void write(Frame frame, Instances objects) {
        try {
            for (Json element : objects.toCocoResults(frame.index(), frame.time()).items()) {
                out.write(first ? "\n" : ",\n");
                first = false;
                out.write(element.toString());
            }
        } catch (IOException e) {
            throw file.failed(e);
        }
    }

    /**
     * Completes the file and puts it in its place.
     *
     * @throws dev.kerf.error.BadFileException if it can't be written
     */
    void finish() {
        try {
            out.write(first ? "]\n" : "\n]\n");
            out.flush();
        } catch (IOException e) {
            throw file.failed(e);
        }
        file.commit();
    }

    /** Without {@link #finish} before it: leaves no file behind. */
    @Override
    public void close() {
        file.close();
    }
}

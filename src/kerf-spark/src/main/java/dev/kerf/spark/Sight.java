package dev.kerf.spark;

import dev.kerf.image.Image;
import dev.kerf.model.sam2.Prompt;
import java.nio.file.Path;
import java.util.List;

/**
 * An image before the network.
 *
 * @param path    as the input has it
 * @param bytes   of the file
 * @param image   decoded; null if it failed, or is read by windows
 * @param streamed the local file that is read by windows; null for what is decoded
 * @param owned   whether that file is a copy to be deleted
 * @param prompts of the row
 * @param nanos   that reading and decoding took
 * @param error   why there is no image; null if there is one
 */
record Sight(String path, long bytes, Image image, Path streamed, boolean owned, List<Prompt> prompts, long nanos,
        String error) {
    boolean failed() {
        return error != null;
    }
}

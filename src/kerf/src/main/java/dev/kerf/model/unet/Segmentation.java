package dev.kerf.model.unet;

import dev.kerf.mask.LabelMap;
import dev.kerf.tensor.HostTensor;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a network says of an image.
 *
 * @param labels     the class of each pixel, of the image's size
 * @param logits     F32 (K, H, W), if asked for
 * @param classNames names of the classes, by label
 * @param tiles      how many pieces the image was cut into; 1 if it was taken whole
 */
public record Segmentation(LabelMap labels, @Nullable HostTensor logits, List<String> classNames, int tiles) {}

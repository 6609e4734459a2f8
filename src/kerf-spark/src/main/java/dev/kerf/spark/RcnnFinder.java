package dev.kerf.spark;

import dev.kerf.image.Image;
import dev.kerf.mask.LabelMap;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.Panoptic.Segment;
import dev.kerf.model.maskrcnn.DetectOptions;
import dev.kerf.model.maskrcnn.MaskRcnn;
import dev.kerf.weights.Weights;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntFunction;

/** Mask R-CNN and Panoptic FPN. */
final class RcnnFinder implements Network {
    private final MaskRcnn net;
    private final Weights weights;
    private final boolean panoptic;
    private final DetectOptions options;
    private final IntFunction<String> names;

    RcnnFinder(MaskRcnn net, Weights weights, Task task, Settings settings) {
        this.net = net;
        this.weights = weights;
        this.panoptic = task == Task.PANOPTIC;
        this.options = settings.detecting();
        if (panoptic) {
            net.requirePanoptic();
        }
        List<Integer> numbers = new ArrayList<>(net.categories());
        numbers.addAll(net.stuffCategories());
        List<String> named = settings.named(numbers.stream().map(net::className).toList());
        Map<Integer, String> byNumber = new HashMap<>();
        for (int i = 0; i < named.size(); i++) {
            byNumber.put(numbers.get(i), named.get(i));
        }
        this.names = category -> byNumber.getOrDefault(category, net.className(category));
    }

    @Override
    public List<Answer> find(List<Sight> images) {
        List<Image> pictures = images.stream().map(Sight::image).toList();
        if (panoptic) {
            return pictures.stream().map(p -> segments(net.panoptic(p, options, Panoptic.Merge.DEFAULT))).toList();
        }
        return net.detect(pictures, options).stream().map(found -> Answer.things(found, names)).toList();
    }

    /** Ids are numbered from 1 without gaps, the surest thing first. */
    private Answer segments(Panoptic picture) {
        int most = picture.segments().stream().mapToInt(Segment::id).max().orElse(0);
        Integer[] categories = new Integer[most];
        Arrays.fill(categories, 0);
        picture.segments().forEach(s -> categories[s.id() - 1] = s.category());
        return Answer.segments(LabelMap.of(picture.width(), picture.height(), picture.ids()), List.of(categories), names);
    }

    @Override
    public void close() {
        net.close();
        weights.close();
    }
}

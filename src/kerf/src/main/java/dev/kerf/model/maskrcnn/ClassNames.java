package dev.kerf.model.maskrcnn;

import dev.kerf.error.BadWeightsException;
import dev.kerf.json.Json;
import dev.kerf.weights.Weights;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What a network's classes are: by column of the class scores their category numbers, by category their names. COCO's 80
 * classes have the ids 1 … 90 with gaps; torchvision's columns are those ids, Detectron2's count the classes without gaps.
 * Labels of a semantic branch count from 1, 0 being all things.
 */
final class ClassNames {
    private static final String KEY = "kerf.classes";
    private static final int COCO_COLUMNS = 91;

    /** COCO's 80 classes of things in the order of their ids (cocodataset.org, instances_val2017.json). */
    private static final List<String> COCO = List.of(
            "person", "bicycle", "car", "motorcycle", "airplane", "bus", "train", "truck", "boat", "traffic light",
            "fire hydrant", "stop sign", "parking meter", "bench", "bird", "cat", "dog", "horse", "sheep", "cow",
            "elephant", "bear", "zebra", "giraffe", "backpack", "umbrella", "handbag", "tie", "suitcase", "frisbee",
            "skis", "snowboard", "sports ball", "kite", "baseball bat", "baseball glove", "skateboard", "surfboard",
            "tennis racket", "bottle", "wine glass", "cup", "fork", "knife", "spoon", "bowl", "banana", "apple",
            "sandwich", "orange", "broccoli", "carrot", "hot dog", "pizza", "donut", "cake", "chair", "couch",
            "potted plant", "bed", "dining table", "toilet", "tv", "laptop", "mouse", "remote", "keyboard", "cell phone",
            "microwave", "oven", "toaster", "sink", "refrigerator", "book", "clock", "vase", "scissors", "teddy bear",
            "hair drier", "toothbrush");

    /** The ids among 1 … 90 that no class has. */
    private static final List<Integer> COCO_GAPS = List.of(12, 26, 29, 30, 45, 66, 68, 69, 71, 83);

    /** COCO's 53 classes of stuff as its panoptic task merges them, by id (panoptic_coco_categories.json). */
    private static final int[] COCO_STUFF_IDS = {
        92, 93, 95, 100, 107, 109, 112, 118, 119, 122, 125, 128, 130, 133, 138, 141, 144, 145, 147, 148, 149, 151, 154, 155,
        156, 159, 161, 166, 168, 171, 175, 176, 177, 178, 180, 181, 184, 185, 186, 187, 188, 189, 190, 191, 192, 193, 194, 195,
        196, 197, 198, 199, 200};

    private static final List<String> COCO_STUFF = List.of(
            "banner", "blanket", "bridge", "cardboard", "counter", "curtain", "door-stuff", "floor-wood", "flower", "fruit",
            "gravel", "house", "light", "mirror-stuff", "net", "pillow", "platform", "playingfield", "railroad", "river",
            "road", "roof", "sand", "sea", "shelf", "snow", "stairs", "tent", "towel", "wall-brick", "wall-stone", "wall-tile",
            "wall-wood", "water-other", "window-blind", "window-other", "tree-merged", "fence-merged", "ceiling-merged",
            "sky-other-merged", "cabinet-merged", "table-merged", "floor-other-merged", "pavement-merged", "mountain-merged",
            "grass-merged", "dirt-merged", "paper-merged", "food-other-merged", "building-other-merged", "rock-merged",
            "wall-other-merged", "rug-merged");

    private final int[] categories;
    private final Map<Integer, String> names;
    private final Map<Integer, String> stuffNames = new TreeMap<>();
    private final int[] stuff;

    /**
     * @param columns    of the class scores: their categories
     * @param semantics  labels of the semantic branch, the first of which means things; 0 for none
     */
    private ClassNames(int[] columns, Map<Integer, String> names, int semantics) {
        this.categories = columns;
        this.names = names;
        this.stuff = new int[semantics];
        boolean coco = semantics == COCO_STUFF.size() + 1;
        int next = names.isEmpty() ? 0 : Collections.max(names.keySet());
        for (int label = 0; label < semantics; label++) {
            stuff[label] = label == 0 ? -1 : coco ? COCO_STUFF_IDS[label - 1] : next + label;
            if (label > 0) {
                stuffNames.put(stuff[label], coco ? COCO_STUFF.get(label - 1) : "stuff " + label);
            }
        }
    }

    /**
     * The file's own names ({@code kerf.classes} in its metadata: a JSON list, one for each class of things) or COCO's.
     *
     * @throws BadWeightsException if the file names more or fewer classes than it has
     */
    static ClassNames of(Weights weights, RcnnConfig config) {
        int things = config.classes() - 1;
        int first = config.detectron() ? 0 : 1;
        String text = weights.metadata().get(KEY);
        if (text != null) {
            List<String> own = Json.parse(text).items().stream().map(Json::asString).toList();
            if (own.size() != things) {
                throw new BadWeightsException(weights.source() + ": metadata " + KEY + " names " + own.size()
                        + " classes, the network tells " + things + " apart");
            }
            return numbered(config, first, own);
        }
        int[] coco = IntStream.rangeClosed(1, COCO_COLUMNS - 1).filter(i -> !COCO_GAPS.contains(i)).toArray();
        if (config.detectron() && things == COCO.size()) {
            return new ClassNames(coco, byId(coco), config.semantics());
        }
        if (!config.detectron() && config.classes() == COCO_COLUMNS) {
            return new ClassNames(IntStream.range(0, COCO_COLUMNS).toArray(), byId(coco), config.semantics());
        }
        return numbered(config, first,
                IntStream.range(first, first + things).mapToObj(i -> "class " + i).toList());
    }

    private static ClassNames numbered(RcnnConfig config, int first, List<String> names) {
        Map<Integer, String> byCategory = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
            byCategory.put(first + i, names.get(i));
        }
        return new ClassNames(IntStream.range(0, config.classes()).toArray(), byCategory, config.semantics());
    }

    private static Map<Integer, String> byId(int[] ids) {
        Map<Integer, String> byCategory = new TreeMap<>();
        for (int i = 0; i < ids.length; i++) {
            byCategory.put(ids[i], COCO.get(i));
        }
        return byCategory;
    }

    /** The category of a column of the class scores. */
    int category(int column) {
        return categories[column];
    }

    String name(int category) {
        return names.getOrDefault(category, stuffNames.getOrDefault(category, "class " + category));
    }

    /** The category of a label of the semantic branch; -1 for things. */
    int stuff(int label) {
        return stuff[label];
    }

    List<Integer> stuffCategories() {
        return List.copyOf(stuffNames.keySet());
    }

    List<Integer> categories() {
        return List.copyOf(names.keySet());
    }
}

package dev.kerf.model.maskrcnn;

import dev.kerf.error.BadWeightsException;
import dev.kerf.json.Json;
import dev.kerf.weights.Weights;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * What a network's classes are: by column of the class scores their category numbers, by category their names. COCO's 80
 * classes have the ids 1 … 90 with gaps; torchvision's columns are those ids, Detectron2's count the classes without gaps.
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

    private final int[] categories;
    private final Map<Integer, String> names;

    private ClassNames(int[] categories, Map<Integer, String> names) {
        this.categories = categories;
        this.names = names;
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
            return numbered(config.classes(), first, own);
        }
        int[] coco = IntStream.rangeClosed(1, COCO_COLUMNS - 1).filter(i -> !COCO_GAPS.contains(i)).toArray();
        if (config.detectron() && things == COCO.size()) {
            return new ClassNames(coco, byId(coco));
        }
        if (!config.detectron() && config.classes() == COCO_COLUMNS) {
            return new ClassNames(IntStream.range(0, COCO_COLUMNS).toArray(), byId(coco));
        }
        return numbered(config.classes(), first,
                IntStream.range(first, first + things).mapToObj(i -> "class " + i).toList());
    }

    private static ClassNames numbered(int columns, int first, List<String> names) {
        Map<Integer, String> byCategory = new TreeMap<>();
        for (int i = 0; i < names.size(); i++) {
            byCategory.put(first + i, names.get(i));
        }
        return new ClassNames(IntStream.range(0, columns).toArray(), byCategory);
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
        return names.getOrDefault(category, "class " + category);
    }

    List<Integer> categories() {
        return List.copyOf(names.keySet());
    }
}

package dev.kerf.model.onnx;

import dev.kerf.graph.onnx.OnnxModel;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What YOLO's exporter says of a model beside its graph: {@code task}, {@code names}, {@code imgsz}, {@code args}, {@code end2end},
 * each as Python prints it.
 *
 * @param segments whether it is a model for instances with masks
 * @param names    of its classes; none where it doesn't say
 * @param height   rows that it was exported for; 0 where it doesn't say
 * @param width    columns likewise
 * @param chosen   whether the boxes that it gives are suppressed already
 */
record YoloMetadata(boolean segments, List<String> names, int height, int width, boolean chosen) {
    private static final Pattern NAME = Pattern.compile("\\d+\\s*:\\s*(?:'((?:[^'\\\\]|\\\\.)*)'|\"((?:[^\"\\\\]|\\\\.)*)\")");
    private static final Pattern SIZE = Pattern.compile("\\D*(\\d{1,5})\\D+(\\d{1,5})\\D*");
    private static final Pattern CHOSEN = Pattern.compile("['\"]nms['\"]\\s*:\\s*True");

    static YoloMetadata of(OnnxModel model) {
        Map<String, String> said = model.metadata();
        List<String> names = new ArrayList<>();
        Matcher m = NAME.matcher(said.getOrDefault("names", ""));
        while (m.find()) {
            names.add((m.group(1) != null ? m.group(1) : m.group(2)).replaceAll("\\\\(.)", "$1"));
        }
        List<OnnxModel.Slot> out = model.outputs();
        boolean pair = out.size() > 1 && out.get(0).extents().size() == 3 && out.get(1).extents().size() == 4;
        boolean unnamed = !said.containsKey("task") && said.containsKey("names") && said.containsKey("stride");
        Matcher size = SIZE.matcher(said.getOrDefault("imgsz", ""));
        boolean sized = size.matches();
        return new YoloMetadata("segment".equals(said.get("task")) || unnamed && pair, names,
                sized ? Integer.parseInt(size.group(1)) : 0, sized ? Integer.parseInt(size.group(2)) : 0,
                CHOSEN.matcher(said.getOrDefault("args", "")).find() || "True".equals(said.get("end2end")));
    }
}

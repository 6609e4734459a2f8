package dev.kerf.cli.weights;

import dev.kerf.cli.console.Text;
import dev.kerf.cli.option.PictureSize;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.Graph;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.json.Json;
import dev.kerf.tensor.Shape;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is in an ONNX model beside its tensors: operators, inputs, outputs, and whether a graph can be recorded of it.
 *
 * @param model   the file
 * @param size    for extents of a picture that are open; null for none
 * @param trouble why no graph can be recorded, or none for this size; null where one can
 * @param flops   of the graph; NaN without one
 * @param shapes  of the inputs that it was recorded for
 */
record ModelInspection(OnnxModel model, PictureSize size, String trouble, double flops, Map<String, Shape> shapes) {
    static ModelInspection of(OnnxModel model, PictureSize size) {
        Map<String, Shape> shapes = new LinkedHashMap<>();
        try {
            for (OnnxModel.Slot s : model.inputs()) {
                shapes.put(s.name(), shape(s, size));
            }
            Graph graph = model.graph(shapes);
            return new ModelInspection(model, size, null, GraphFlops.of(graph), shapes);
        } catch (KerfException e) {
            return new ModelInspection(model, size, e.getMessage(), Double.NaN, shapes);
        }
    }

    /** Open extents: one picture, of the size that was given. */
    private static Shape shape(OnnxModel.Slot s, PictureSize size) {
        int rank = s.extents().size();
        long[] dims = new long[rank];
        for (int i = 0; i < rank; i++) {
            dims[i] = s.extent(i);
            if (dims[i] < 0 && i == 0) {
                dims[i] = 1;
            }
        }
        boolean last = rank == 4 && dims[1] < 0 && dims[2] < 0 && dims[3] > 0;
        int row = last ? 1 : rank - 2;
        for (int i = 1; i < rank; i++) {
            if (dims[i] < 0 && (size == null || i != row && i != row + 1)) {
                throw new BadInputException("input " + s + " is open; --size says for which picture it is to be looked at");
            }
            dims[i] = dims[i] < 0 ? (i == row ? size.height() : size.width()) : dims[i];
        }
        return Shape.of(dims);
    }

    void print(PrintWriter out) {
        List<String> counts = new ArrayList<>();
        model.operators().forEach((name, count) -> counts.add(count + " " + Text.line(name)));
        out.println("ONNX, opset " + model.opset() + ": " + String.join(", ", counts));
        model.inputs().forEach(s -> out.println("input  " + Text.line(s.toString())));
        model.outputs().forEach(s -> out.println("output " + Text.line(s.toString())));
        if (!model.unsupported().isEmpty()) {
            out.println("not supported: " + Text.line(String.join(", ", model.unsupported())));
        }
        if (trouble == null) {
            out.println(Text.fixed(flops / 1e9, 3) + " GFLOP for " + shapes + ": runs by 'kerf segment' or as a graph");
        } else {
            out.println(Text.line(trouble));
        }
    }

    Json json() {
        Json operators = Json.object();
        model.operators().forEach(operators::put);
        return Json.object().put("opset", model.opset()).put("operators", operators)
                .put("inputs", model.inputs().stream().map(OnnxModel.Slot::toString).toList())
                .put("outputs", model.outputs().stream().map(OnnxModel.Slot::toString).toList())
                .put("unsupported", model.unsupported()).put("trouble", trouble)
                .put("flops", Double.isNaN(flops) ? null : flops);
    }
}

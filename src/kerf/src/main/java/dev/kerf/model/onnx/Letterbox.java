package dev.kerf.model.onnx;

import dev.kerf.graph.Graph.Value;
import dev.kerf.graph.GraphBuilder;
import dev.kerf.graph.MoveOp;
import dev.kerf.graph.SpatialOp.Interpolation;
import dev.kerf.model.nn.PictureInput;
import java.util.List;

/**
 * Where a picture lies in what a network sees: in the middle of a grey sheet, as large as it fits without becoming wider or higher.
 *
 * @param width       of the picture
 * @param height      of the picture
 * @param sheetWidth  columns that the network sees
 * @param sheetHeight rows that it sees
 * @param left        column of the sheet that the picture begins at
 * @param top         row of the sheet that it begins at
 * @param innerWidth  columns of the sheet that it covers
 * @param innerHeight rows of the sheet that it covers
 */
record Letterbox(int width, int height, int sheetWidth, int sheetHeight, int left, int top, int innerWidth,
        int innerHeight) {
    /** The grey around a picture, of 255: what YOLO is trained with. */
    private static final double GREY = 114;

    /** A picture that is the whole sheet. */
    static Letterbox whole(int width, int height) {
        return new Letterbox(width, height, width, height, 0, 0, width, height);
    }

    /** A picture on a sheet. */
    static Letterbox of(int width, int height, int sheetWidth, int sheetHeight) {
        double scale = Math.min((double) sheetWidth / width, (double) sheetHeight / height);
        int w = Math.clamp((int) Math.rint(width * scale), 1, sheetWidth);
        int h = Math.clamp((int) Math.rint(height * scale), 1, sheetHeight);
        return new Letterbox(width, height, sheetWidth, sheetHeight, (sheetWidth - w) / 2, (sheetHeight - h) / 2, w, h);
    }

    /** Planes (1, C, height, width) of 0 … 1 on the sheet; filtered bilinearly between the nearest samples alone, as in training. */
    Value record(GraphBuilder g, Value planes) {
        Value x = PictureInput.resized(g, planes, innerHeight, innerWidth, Interpolation.BILINEAR, false);
        return innerWidth == sheetWidth && innerHeight == sheetHeight
                ? x
                : g.apply(new MoveOp.Pad(List.of(0L, 0L, (long) top, (long) left),
                        List.of(0L, 0L, (long) sheetHeight - innerHeight - top, (long) sheetWidth - innerWidth - left),
                        MoveOp.PadMode.CONSTANT, GREY / 255), x);
    }

    /** A column of the sheet as one of the picture, within it. */
    double pictureX(double x) {
        return Math.clamp((x - left) * width / innerWidth, 0, width);
    }

    /** A row of the sheet as one of the picture, within it. */
    double pictureY(double y) {
        return Math.clamp((y - top) * height / innerHeight, 0, height);
    }
}

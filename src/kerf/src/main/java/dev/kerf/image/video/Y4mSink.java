package dev.kerf.image.video;

import dev.kerf.image.Image;
import dev.kerf.image.video.FrameSource.Frame;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** Writes Y4M, 4:4:4 with 8 bits, BT.601 in limited range: the inverse of {@link YuvToRgb}, whose rounding costs up to 2. */
final class Y4mSink implements FrameEncoder {
    private static final byte[] FRAME = "FRAME\n".getBytes(StandardCharsets.US_ASCII);

    private final OutputStream out;
    private final byte[] planes;

    Y4mSink(OutputStream out, int width, int height, FrameSource.Rate rate) throws IOException {
        this.out = out;
        planes = new byte[Math.multiplyExact(3, Math.multiplyExact(width, height))];
        out.write((Y4mReader.MAGIC + " W" + width + " H" + height + " F" + rate.frames() + ":" + rate.seconds()
                + " Ip A1:1 C444 XCOLORRANGE=LIMITED\n").getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void write(Image rgb, Frame frame) throws IOException {
        int n = planes.length / 3;
        for (int i = 0; i < n; i++) {
            float r = rgb.data().get(ValueLayout.JAVA_BYTE, 3L * i) & 0xFF;
            float g = rgb.data().get(ValueLayout.JAVA_BYTE, 3L * i + 1) & 0xFF;
            float b = rgb.data().get(ValueLayout.JAVA_BYTE, 3L * i + 2) & 0xFF;
            float y = 0.299f * r + 0.587f * g + 0.114f * b;
            planes[i] = (byte) Math.round(16 + y * 219 / 255);
            planes[n + i] = (byte) Math.round(128 + (b - y) / 1.772f * 224 / 255);
            planes[2 * n + i] = (byte) Math.round(128 + (r - y) / 1.402f * 224 / 255);
        }
        out.write(FRAME);
        out.write(planes);
    }

    @Override
    public void finish() throws IOException {
        out.flush();
    }

    @Override
    public void close() {
        // The stream is the file's, which closes it.
    }
}

package dev.kerf.spark;

import java.util.List;
import org.apache.spark.sql.Encoder;
import org.apache.spark.sql.Encoders;

/**
 * What came of an image: a row of results.
 *
 * <pre>{@code
 * Dataset<SegmentResult> results = KerfSpark.segment(images, KerfOptions.of(Task.SEGMENT));
 * results.filter((FilterFunction<SegmentResult>) r -> r.getError() == null).count();
 * spark.read().parquet("results").as(SegmentResult.encoder());                         // what the job wrote
 * }</pre>
 */
public final class SegmentResult {
    private String path;
    private long bytes;
    private int width;
    private int height;
    private byte[] labels;
    private List<FoundObject> objects;
    private String model;
    private String modelSha256;
    private String device;
    private int tiles;
    private double decodeMs;
    private double networkMs;
    private double encodeMs;
    private String png;
    private String error;

    /** Empty: filled by Spark's encoder. */
    public SegmentResult() {}

    /** The encoder of data sets of results. */
    public static Encoder<SegmentResult> encoder() {
        return Encoders.bean(SegmentResult.class);
    }

    /** The image, as the input has it. */
    public String getPath() { return path; }

    /** For Spark's encoder. */
    public void setPath(String value) { path = value; }

    /** Size of its file; 0 if it couldn't be read. */
    public long getBytes() { return bytes; }

    /** For Spark's encoder. */
    public void setBytes(long value) { bytes = value; }

    /** Columns; 0 of an image that failed. */
    public int getWidth() { return width; }

    /** For Spark's encoder. */
    public void setWidth(int value) { width = value; }

    /** Rows; 0 of an image that failed. */
    public int getHeight() { return height; }

    /** For Spark's encoder. */
    public void setHeight(int value) { height = value; }

    /** A PNG whose numbers are the labels (palette, or 16 bits of grey past 255): classes, ids of segments, or for things their places in the list of objects from 1, the first of those that overlap. Null unless asked for. */
    public byte[] getLabels() {
        return labels;
    }

    /** For Spark's encoder. */
    public void setLabels(byte[] value) { labels = value; }

    /** Its objects; null unless something of them is asked for. */
    public List<FoundObject> getObjects() { return objects; }

    /** For Spark's encoder. */
    public void setObjects(List<FoundObject> value) { objects = value; }

    /** Name of the network's file. */
    public String getModel() { return model; }

    /** For Spark's encoder. */
    public void setModel(String value) { model = value; }

    /** SHA-256 of that file, in hexadecimal. */
    public String getModelSha256() { return modelSha256; }

    /** For Spark's encoder. */
    public void setModelSha256(String value) { modelSha256 = value; }

    /** The device that it was computed on, such as {@code cuda:1}. */
    public String getDevice() { return device; }

    /** For Spark's encoder. */
    public void setDevice(String value) { device = value; }

    /** How many pieces it was taken in. */
    public int getTiles() { return tiles; }

    /** For Spark's encoder. */
    public void setTiles(int value) { tiles = value; }

    /** Milliseconds for reading and decoding. */
    public double getDecodeMs() { return decodeMs; }

    /** For Spark's encoder. */
    public void setDecodeMs(double value) { decodeMs = value; }

    /** Milliseconds for the network: of a batch an equal share. */
    public double getNetworkMs() { return networkMs; }

    /** For Spark's encoder. */
    public void setNetworkMs(double value) { networkMs = value; }

    /** Milliseconds for labels, objects and the PNG's file. */
    public double getEncodeMs() { return encodeMs; }

    /** For Spark's encoder. */
    public void setEncodeMs(double value) { encodeMs = value; }

    /** Where the PNG is; null unless asked for. */
    public String getPng() { return png; }

    /** For Spark's encoder. */
    public void setPng(String value) { png = value; }

    /** Why there is no result, in one line; null if there is one. */
    public String getError() { return error; }

    /** For Spark's encoder. */
    public void setError(String value) { error = value; }
}

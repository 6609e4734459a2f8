package dev.kerf.spark;

import java.util.List;

/**
 * An object of an image: a class's pixels, a connected part of them, a thing, a segment, or what a prompt showed.
 *
 * <pre>{@code
 * RunLength mask = RunLength.ofCocoString(result.getWidth(), result.getHeight(), object.getRle());
 * }</pre>
 */
public final class FoundObject {
    private int category;
    private String className;
    private Double score;
    private String rle;
    private List<List<Integer>> polygons;
    private Long area;
    private List<Double> bbox;
    private Double centroidX;
    private Double centroidY;

    /** Empty: filled by Spark's encoder. */
    public FoundObject() {}

    /** Number of its class; of prompts their place in the row. */
    public int getCategory() { return category; }

    /** For Spark's encoder. */
    public void setCategory(int value) { category = value; }

    /** Name of its class. */
    public String getClassName() { return className; }

    /** For Spark's encoder. */
    public void setClassName(String value) { className = value; }

    /** How sure the network is; null of labels. */
    public Double getScore() { return score; }

    /** For Spark's encoder. */
    public void setScore(Double value) { score = value; }

    /** Run lengths of its pixels, compressed as COCO has them, of the image's size; null unless asked for. */
    public String getRle() {
        return rle;
    }

    /** For Spark's encoder. */
    public void setRle(String value) { rle = value; }

    /** Outlines: x and y of the corners in turn, holes reached by cuts; null unless asked for. */
    public List<List<Integer>> getPolygons() {
        return polygons;
    }

    /** For Spark's encoder. */
    public void setPolygons(List<List<Integer>> value) { polygons = value; }

    /** Pixels; null unless measures are asked for. */
    public Long getArea() { return area; }

    /** For Spark's encoder. */
    public void setArea(Long value) { area = value; }

    /** Left, top, width and height in pixels, of detectors as they give them; null unless measures are asked for. */
    public List<Double> getBbox() {
        return bbox;
    }

    /** For Spark's encoder. */
    public void setBbox(List<Double> value) { bbox = value; }

    /** Mean column of its pixels, the first being 0; null unless measures are asked for, NaN of no pixels. */
    public Double getCentroidX() {
        return centroidX;
    }

    /** For Spark's encoder. */
    public void setCentroidX(Double value) { centroidX = value; }

    /** Mean row of its pixels, the first being 0; as the column. */
    public Double getCentroidY() { return centroidY; }

    /** For Spark's encoder. */
    public void setCentroidY(Double value) { centroidY = value; }
}

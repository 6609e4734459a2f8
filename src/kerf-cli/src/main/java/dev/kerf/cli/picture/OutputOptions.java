package dev.kerf.cli.picture;

import dev.kerf.error.BadInputException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import picocli.CommandLine.Option;

/** What becomes of the labels. */
final class OutputOptions {
    /** Files that can be made of each image. */
    enum Format {
        /** NAME-labels.png: an indexed palette. */
        LABELS,
        /** NAME-rle.json: COCO annotations with run lengths. */
        RLE,
        /** NAME-polygons.json: COCO annotations with outlines. */
        POLYGONS,
        /** NAME-logits.npy. */
        NPY,
        /** NAME-logits.safetensors. */
        SAFETENSORS,
        /** NAME-matte.png: grey, white where all of a pixel belongs. */
        MATTE,
        /** NAME-labels.nii.gz, of volumes. */
        NIFTI,
        /** NAME-labels.dcm, of DICOM: a segmentation. */
        SEG,
        /** NAME.geojson, outlines of rasters. */
        GEOJSON
    }

    @Option(names = "--out", paramLabel = "DIR", defaultValue = ".", description = "Where files go; made if it isn't there. By default the current directory.")
    Path directory;

    @Option(names = "--overlay", negatable = true, defaultValue = "true", fallbackValue = "true", description = "Also draws the labels over the image, NAME-overlay.png; on by default.")
    boolean overlay;

    @Option(names = "--legend", negatable = true, defaultValue = "true", fallbackValue = "true", description = "The overlay says which colour is which class and how much of the image it covers; on by default.")
    boolean legend;

    @Option(names = "--video", paramLabel = "ENDING", converter = VideoEnding.class, description = "Of videos and cameras the overlays become one video, NAME-overlay.ENDING (gif, y4m, or mp4 and others through ffmpeg), rather than a PNG a frame.")
    String video;

    @Option(names = "--format", split = ",", paramLabel = "FORMAT", defaultValue = "labels", description = "One or more of labels (a PNG), rle and polygons (COCO JSON), npy and safetensors (logits; of an ONNX model its output as it is, and no overlay if nothing else is asked for), matte (a grey PNG, if an ONNX model gives one); of volumes labels are nifti (.nii.gz) or seg (a DICOM segmentation), by default what the volume is; of rasters labels are GeoTIFF, and geojson has their outlines.")
    private List<Format> formats;

    @Option(names = "--quiet", description = "Writes nothing on the terminal but errors.")
    boolean quiet;

    @Option(names = "--json", description = "Writes one JSON document on standard output.")
    boolean json;

    /** What the formats are called on the command line. */
    Set<String> names() {
        return formats.stream().map(f -> f.name().toLowerCase(Locale.ROOT)).collect(Collectors.toCollection(TreeSet::new));
    }

    /**
     * Refuses what there is of volumes and rasters alone.
     *
     * @throws BadInputException if that is asked for
     */
    void checkPictures() {
        if (formats.contains(Format.NIFTI) || formats.contains(Format.SEG)) {
            throw new BadInputException("--format nifti and seg are for volumes, and there are none (NIfTI, DICOM)");
        } else if (formats.contains(Format.GEOJSON)) {
            throw new BadInputException("--format geojson: is for rasters; --annotations qupath has outlines of pictures");
        }
    }

    Set<Format> formats() {
        return EnumSet.copyOf(formats);
    }

    /** Whether tensors alone are wanted, nothing to be looked at. */
    boolean tensorsAlone() {
        return EnumSet.of(Format.NPY, Format.SAFETENSORS).containsAll(formats);
    }

    boolean needsLogits() {
        return formats.contains(Format.NPY) || formats.contains(Format.SAFETENSORS);
    }
}

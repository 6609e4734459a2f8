package dev.kerf.formats;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A format of annotations. */
public enum AnnotationFormat {
    /**
     * What Ultralytics' YOLO is trained with to segment: {@code NAME.txt} for each picture, a line an object (its class's number, then
     * x and y of its outline's corners as shares of width and height), and {@code data.yaml} with the names of classes.
     */
    YOLO {
        @Override
        public List<Path> files(Path directory, String stem) {
            return List.of(directory.resolve(stem + ".txt"));
        }

        @Override
        public List<Path> shared(Path directory) {
            return List.of(directory.resolve("data.yaml"));
        }

        @Override
        public AnnotationWriter writer(Path directory, List<String> labels) {
            return new YoloWriter(directory, labels);
        }

        @Override
        public AnnotationSet read(Path path, PictureSizes sizes) {
            return Yolo.read(path, sizes);
        }
    },
    /** {@code NAME.geojson} for each picture: features that QuPath takes for annotations, in pixels, with classification and score. */
    QUPATH {
        @Override
        public List<Path> files(Path directory, String stem) {
            return List.of(directory.resolve(stem + ".geojson"));
        }

        @Override
        public List<Path> shared(Path directory) {
            return List.of();
        }

        @Override
        public AnnotationWriter writer(Path directory, List<String> labels) {
            return new QuPathWriter(directory);
        }

        @Override
        public AnnotationSet read(Path path, PictureSizes sizes) {
            return QuPath.read(path, sizes);
        }
    },
    /** {@code cvat.xml}: "CVAT for images 1.1", a mask for each object. Tracks of "CVAT for video 1.1" are read, too. */
    CVAT {
        @Override
        public List<Path> files(Path directory, String stem) {
            return List.of();
        }

        @Override
        public List<Path> shared(Path directory) {
            return List.of(directory.resolve("cvat.xml"));
        }

        @Override
        public AnnotationWriter writer(Path directory, List<String> labels) {
            return new CvatWriter(shared(directory).getFirst(), labels);
        }

        @Override
        public AnnotationSet read(Path path, PictureSizes sizes) {
            return Cvat.read(path);
        }
    },
    /**
     * {@code label-studio.json}: Label Studio's tasks, the masks as its brush keeps them, to be imported as predictions; and
     * {@code label-studio.xml}, the labelling interface that they want.
     */
    LABEL_STUDIO {
        @Override
        public List<Path> files(Path directory, String stem) {
            return List.of();
        }

        @Override
        public List<Path> shared(Path directory) {
            return List.of(directory.resolve("label-studio.json"), directory.resolve("label-studio.xml"));
        }

        @Override
        public AnnotationWriter writer(Path directory, List<String> labels) {
            return new LabelStudioWriter(shared(directory), labels);
        }

        @Override
        public AnnotationSet read(Path path, PictureSizes sizes) {
            return LabelStudio.read(path, sizes);
        }
    },
    /**
     * {@code NAME_gtFine_labelIds.png} for each picture, with Cityscapes' colours as its palette, and
     * {@code NAME_gtFine_instanceIds.png} of 16 bits, as cityscapesscripts makes them.
     */
    CITYSCAPES {
        @Override
        public List<Path> files(Path directory, String stem) {
            return List.of(directory.resolve(CityscapesWriter.name(stem) + "_gtFine_labelIds.png"),
                    directory.resolve(CityscapesWriter.name(stem) + "_gtFine_instanceIds.png"));
        }

        @Override
        public List<Path> shared(Path directory) {
            return List.of();
        }

        @Override
        public AnnotationWriter writer(Path directory, List<String> labels) {
            return new CityscapesWriter(directory, labels);
        }

        @Override
        public AnnotationSet read(Path path, PictureSizes sizes) {
            return Cityscapes.read(path);
        }
    };

    /**
     * The format that a file or directory seems to be of: by its ending, its beginning or the names of the files in it. A directory of
     * pictures without anything else that one of the formats has is of none.
     *
     * @throws BadFileException if it can't be read
     */
    public static Optional<AnnotationFormat> detect(Path path) {
        return Detection.of(path);
    }

    /** The files of one picture, by what they are called after. */
    public abstract List<Path> files(Path directory, String stem);

    /** The files of all pictures. */
    public abstract List<Path> shared(Path directory);

    /**
     * Begins files in a directory.
     *
     * @param directory that must exist
     * @param labels    the classes, in their order
     * @throws BadFileException  if none can be written there
     * @throws BadInputException if the format has none of the classes
     */
    public abstract AnnotationWriter writer(Path directory, List<String> labels);

    /**
     * Reads a file or a directory of files.
     *
     * @param sizes of pictures, for YOLO and QuPath, whose files don't give them
     * @throws BadFileException  if it can't be read or isn't of this format; the message names the place
     * @throws BadInputException if a picture's size isn't known
     */
    public abstract AnnotationSet read(Path path, PictureSizes sizes);
}

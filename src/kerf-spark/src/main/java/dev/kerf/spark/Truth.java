package dev.kerf.spark;

import dev.kerf.backend.Backends;
import dev.kerf.backend.CpuOptions;
import dev.kerf.backend.Device;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.mask.CocoDataset;
import dev.kerf.mask.CocoPanoptic;
import dev.kerf.mask.Instances.Instance;
import dev.kerf.mask.Panoptic;
import dev.kerf.mask.Rectangle;
import dev.kerf.mask.RunLength;
import dev.kerf.metrics.AveragePrecision;
import dev.kerf.metrics.AveragePrecision.Detection;
import dev.kerf.metrics.AveragePrecision.GroundTruth;
import dev.kerf.metrics.Overlaps;
import dev.kerf.metrics.PanopticQuality;
import dev.kerf.metrics.Tally;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Row;
import scala.jdk.javaapi.CollectionConverters;

/**
 * A truth in COCO's formats, once in an executor, and how results are counted against it.
 */
final class Truth {
    private static final ConcurrentMap<Long, Truth> TRUTHS = new ConcurrentHashMap<>();

    private final CocoDataset things;
    private final CocoPanoptic segments;
    private final java.nio.file.Path pngs;
    /** Images by the names of their files. */
    private final Map<String, Long> images = new HashMap<>();

    private Truth(byte[] document, String name) {
        Json json = Json.parse(document, name);
        for (Json image : json.at("images").items()) {
            String file = image.find("file_name").map(Json::asString).orElse("");
            if (images.put(stem(file), image.at("id").asLong()) != null) {
                throw image.error("another image is called '" + stem(file) + "', too: results are told by files' names");
            }
        }
        boolean panoptic = isPanoptic(json);
        things = panoptic ? null : CocoDataset.of(json);
        try {
            pngs = panoptic ? Files.createTempDirectory("kerf-truth") : null;
        } catch (IOException e) {
            throw new BadInputException("no folder for the truth's PNGs can be made: " + e, e);
        }
        segments = panoptic ? CocoPanoptic.of(json, pngs) : null;
        if (panoptic) {
            // What has no picture isn't part of the truth.
            images.values().retainAll(Set.copyOf(segments.images()));
        }
    }

    /** Parses it where this JVM hasn't yet. */
    static Truth of(long id, byte[] document, String name) {
        return TRUTHS.computeIfAbsent(id, _ -> new Truth(document, name));
    }

    static boolean isPanoptic(Json json) {
        return json.at("annotations").items().stream().findFirst().map(a -> a.find("segments_info").isPresent()).orElse(false);
    }

    /** The name of a file without folders and ending. */
    static String stem(String path) {
        String name = path.substring(path.lastIndexOf('/') + 1);
        int dot = name.lastIndexOf('.');
        return dot <= 0 ? name : name.substring(0, dot);
    }

    /** The number of the image that a result is of; null if the truth has none of that name. */
    Long image(String path) {
        return images.get(stem(path));
    }

    /** The images' names. */
    Set<String> names() {
        return images.keySet();
    }

    /** Counts detections of a partition. */
    static final class Detections implements AutoCloseable {
        private final Truth truth;
        private final Device device = cpu();
        private final Overlaps overlaps = new Overlaps(device);
        private final AveragePrecision precision = AveragePrecision.masks(overlaps);
        private final Tally<AveragePrecision.Matches> tally = Tally.detections(AveragePrecision.Measure.MASKS);
        private final boolean without;

        /** @param without images in which nothing was found */
        Detections(Truth truth, boolean without) {
            this.truth = truth;
            this.without = without;
        }

        /** An image in which nothing was found. */
        void addNothing(String name) {
            add(truth.images.get(name), List.of());
        }

        private void add(long image, List<Detection> found) {
            if (!found.isEmpty() || !without) {
                tally.add(Long.toString(image),
                        precision.match(truth.things.annotations(image).stream().map(GroundTruth::of).toList(), found));
            }
        }

        void add(Row row) {
            Long image = truth.image(row.getAs("path"));
            if (image == null) {
                return;
            }
            int width = row.getAs("width");
            int height = row.getAs("height");
            List<Detection> found = new ArrayList<>();
            for (Row object : objects(row)) {
                String rle = object.getAs("rle");
                List<Double> box = list(object.getAs("bbox"));
                Double score = object.getAs("score");
                if (rle == null || box == null || score == null) {
                    throw new BadInputException(
                            row.getAs("path") + ": results of detect are needed that were made with --outputs "
                                    + "rle,measures");
                }
                found.add(Detection.of(new Instance(object.<Integer>getAs("category"), score,
                        new Rectangle(box.get(0), box.get(1), box.get(2), box.get(3)),
                        RunLength.ofCocoString(width, height, rle))));
            }
            add(image, found);
        }

        byte[] bytes() {
            return tally.toBytes();
        }

        @Override
        public void close() {
            overlaps.close();
            device.close();
        }
    }

    /** Counts panoptic pictures of a partition. */
    static final class Segments implements AutoCloseable {
        private final Truth truth;
        private final String folder;
        private final Configuration hadoop;
        private final Device device = cpu();
        private final PanopticQuality quality;
        private final Tally<PanopticQuality.Matches> tally;

        /** @param folder of the truth's PNGs */
        Segments(Truth truth, String folder, Configuration hadoop) {
            this.truth = truth;
            this.folder = folder;
            this.hadoop = hadoop;
            this.quality = new PanopticQuality(device, truth.segments.categories().values());
            this.tally = Tally.panoptic(truth.segments.categories().values());
        }

        void add(Row row) throws IOException {
            Long image = truth.image(row.getAs("path"));
            if (image == null) {
                return;
            }
            byte[] labels = row.getAs("labels");
            if (labels == null || row.getAs("objects") == null) {
                throw new BadInputException(
                        row.getAs("path") + ": results of panoptic are needed that were made with --outputs "
                                + "labels,measures");
            }
            Map<Integer, Integer> categories = new LinkedHashMap<>();
            for (Row object : objects(row)) {
                // Objects of a panoptic picture are in the order of their ids, which begin at 1.
                categories.put(categories.size() + 1, object.<Integer>getAs("category"));
            }
            Panoptic found = Panoptic.of(row.<Integer>getAs("width"), row.<Integer>getAs("height"),
                    EvaluateJob.labels(labels).toArray(),
                    categories);
            tally.add(Long.toString(image), quality.count(picture(image), found));
        }

        private Panoptic picture(long image) throws IOException {
            java.nio.file.Path file = truth.segments.file(image);
            Path at = new Path(folder, file.getFileName().toString());
            java.nio.file.Path part = Files.createTempFile(truth.pngs, "part", ".png");
            try (InputStream in = at.getFileSystem(hadoop).open(at)) {
                Files.copy(in, part, StandardCopyOption.REPLACE_EXISTING);
                Files.move(part, file, StandardCopyOption.REPLACE_EXISTING);
                return truth.segments.picture(image);
            } finally {
                Files.deleteIfExists(part);
                Files.deleteIfExists(file);
            }
        }

        byte[] bytes() {
            return tally.toBytes();
        }

        @Override
        public void close() {
            quality.close();
            device.close();
        }
    }

    private static Device cpu() {
        return Backends.open("cpu", CpuOptions.of().threads(1));
    }

    private static List<Row> objects(Row row) {
        List<Row> objects = list(row.getAs("objects"));
        return objects == null ? List.of() : objects;
    }

    private static <T> List<T> list(scala.collection.Seq<T> values) {
        return values == null ? null : CollectionConverters.asJava(values);
    }
}

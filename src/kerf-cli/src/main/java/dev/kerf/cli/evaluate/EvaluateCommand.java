package dev.kerf.cli.evaluate;

import dev.kerf.backend.Device;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.evaluate.AnnotationEvaluation.Sides;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.ReportFile;
import dev.kerf.cli.volume.VolumeLabels;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import dev.kerf.metrics.BoundaryIou;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kerf evaluate}: how well what was predicted agrees with the truth. */
@Command(name = "evaluate", mixinStandardHelpOptions = true, sortOptions = false, description = {
    "Compares what was predicted with the truth: labels in two directories (IoU, Dice, precision, "
            + "recall, accuracy), COCO detections (average precision and recall), COCO panoptic pictures "
            + "(panoptic quality), or annotations of YOLO, QuPath, CVAT, Label Studio or Cityscapes with each other, with "
            + "labels or with a COCO truth."}, footer = {"",
                "Label files belong together by name: x-labels.png or x-logits.npy belongs to x.png or "
                        + "x-truth.png. Labels are pictures with a palette or in grey, NIfTI volumes, .npy of integers, or logits in "
                        + ".npy or .safetensors.",
                "With two classes, a mask of which all pixels are 0 or 255 means 0 and 1, unless 255 is ignored or mapped.",
                "Scores are of all pixels pooled; those under 'image' are means over the images in which a class occurs.",
                "Scores of COCO files are those of pycocotools and panopticapi; -1 where there is no truth to measure by.",
                "Exit codes: 0 done, 1 failed, 2 usage, 3 some images failed and the rest are compared."})
public final class EvaluateCommand implements Callable<Integer> {
    private final Console console;

    @Spec
    private CommandSpec spec;

    @Option(names = "--predicted", paramLabel = "PATH", required = true, description = "What was predicted: a directory of labels or logits, a NIfTI volume of labels, a JSON file of COCO results, one of "
            + "COCO panoptic, or annotations.")
    private Path predicted;

    @Option(names = "--truth", paramLabel = "PATH", required = true, description = "The truth: a directory of labels, a JSON file in COCO's instance or panoptic format, or annotations.")
    private Path truth;

    @Mixin
    private LabelEvaluation labels;

    @Mixin
    private InstanceEvaluation instances;

    @Mixin
    private ObjectEvaluation objects;

    @Option(names = "--boundary", paramLabel = "RATIO", arity = "0..1", fallbackValue = ""
            + BoundaryIou.RATIO, description = "Also Boundary IoU of labels; of COCO masks and panoptic segments, the smaller of IoU and Boundary IoU. Boundaries "
                    + "reach RATIO of the image's diagonal, by default ${FALLBACK-VALUE}.")
    private Double boundary;

    @Mixin
    private PanopticEvaluation panoptic;

    @Mixin
    private AnnotationEvaluation annotations;

    @Option(names = "--json", description = "Writes one JSON document on standard output.")
    private boolean json;

    @Option(names = "--report", paramLabel = "FILE", description = "Writes the JSON document to a file too.")
    private Path file;

    @Mixin
    private DeviceOptions device;

    public EvaluateCommand(Console console) {
        this.console = console;
    }

    @Override
    public Integer call() {
        labels.check(spec);
        if (file != null) {
            Claims.spare("--report", file, predicted, truth);
        }
        if (boundary != null && !(boundary > 0 && boundary <= 1)) {
            throw usage("--boundary " + boundary + ": expected a share of the diagonal, more than 0 and at most 1");
        }
        if (boundary != null && instances.ofBoxes()) {
            throw usage("boxes have no boundaries; leave out --boundary or --iou-type bbox");
        }
        if (annotations.concerns(predicted, truth)) {
            try (ReportFile report = new ReportFile(this.file)) {
                return annotated(report);
            }
        }
        refuse(annotations.given(), "what isn't of an annotation program");
        if (VolumeLabels.isVolume(predicted) && VolumeLabels.isVolume(truth)) {
            try (ReportFile report = new ReportFile(this.file)) {
                return directories(predicted, truth, report);
            }
        }
        boolean someDirectory = Files.isDirectory(truth) || Files.isDirectory(predicted);
        boolean someFile = Files.isRegularFile(truth) || Files.isRegularFile(predicted);
        if (someFile && someDirectory) {
            Path file = Files.isRegularFile(truth) ? truth : predicted;
            throw new BadInputException(file + " is a file and " + (file == truth ? predicted : truth)
                    + " a directory; give two directories of labels or two JSON files");
        }
        try (ReportFile report = new ReportFile(this.file)) {
            return someFile ? files(report) : directories(predicted, truth, report);
        }
    }

    private int directories(Path predicted, Path truth, ReportFile to) {
        refuse(instances.given() == null ? panoptic.given() : instances.given(), "labels");
        if (objects.given() != null) {
            return objects(predicted, truth, to);
        }
        try (Device opened = device.open()) {
            EvaluateReport report = labels.run(predicted, truth, boundary, opened, console);
            if (report.images() == 0) {
                return ExitCode.FAILED;
            }
            write(report.table(), report.json(), to);
            return report.failures() == 0 ? ExitCode.OK : ExitCode.SOME_FAILED;
        }
    }

    /** Numbers of objects rather than of classes. */
    private int objects(Path predicted, Path truth, ReportFile to) {
        String other = labels.given() != null ? labels.given() : boundary != null ? "--boundary" : null;
        if (other != null) {
            throw usage(other + " is about classes, " + objects.given() + " about objects");
        }
        ObjectEvaluation.Report report = objects.run(labels.pairs(predicted, truth, console), console);
        if (report.compared() == 0) {
            return ExitCode.FAILED;
        }
        write(report.table(), report.json(), to);
        return report.failures() == 0 ? ExitCode.OK : ExitCode.SOME_FAILED;
    }

    /** Annotations: as labels where the other side has labels or it is asked for, else as COCO's files. */
    private int annotated(ReportFile to) {
        Sides sides = annotations.read(predicted, truth, console);
        boolean beside = sides.predicted().isEmpty() && Files.isDirectory(predicted)
                || sides.truth().isEmpty() && Files.isDirectory(truth);
        if (beside || annotations.semantic() || objects.given() != null) {
            try (Scratch left = new Scratch(); Scratch right = new Scratch()) {
                labels.name(annotations.paint(sides, labels.classes(), objects.given() != null, left.path(), right.path()));
                return directories(sides.predicted().isPresent() ? left.path() : predicted,
                        sides.truth().isPresent() ? right.path() : truth, to);
            }
        }
        refuse(labels.given() == null ? panoptic.given() : labels.given(), "objects; --semantic compares classes");
        if (sides.predicted().isEmpty()) {
            throw new BadInputException(predicted + ": COCO's results have numbers of classes alone, " + truth
                    + " names; write what is predicted with --annotations");
        }
        Json real = sides.truth().map(AnnotatedCoco::truth).orElseGet(() -> Json.read(truth));
        InstanceReport report = instances.run(real, AnnotatedCoco.results(sides.predicted().get(), real, console), boundary,
                labels.allowsMissing(), device, console);
        write(report.table(), report.json(), to);
        return ExitCode.OK;
    }

    /** COCO's files; the truth says whether of instances or panoptic. */
    private int files(ReportFile to) {
        refuse(labels.given() == null ? objects.given() : labels.given(), "COCO files");
        Json real = Json.read(truth);
        Json found = Json.read(predicted);
        List<Json> records = real.at("annotations").items();
        boolean segments = records.isEmpty()
                ? found.isObject()
                : records.getFirst().find("segments_info").isPresent();
        if (segments) {
            refuse(instances.given(), "panoptic pictures");
            try (Device opened = device.open()) {
                PanopticReport report = panoptic.run(truth, real, predicted, found, labels.allowsMissing(), boundary,
                        opened, console);
                write(report.table(), report.json(), to);
            }
            return ExitCode.OK;
        }
        refuse(panoptic.given(), "detections");
        InstanceReport report = instances.run(real, found, boundary, labels.allowsMissing(), device, console);
        write(report.table(), report.json(), to);
        return ExitCode.OK;
    }

    /** Options that do nothing would be taken for ones that did. */
    private void refuse(String option, String what) {
        if (option != null) {
            throw usage(option + " means nothing for " + what);
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(spec.commandLine(), message);
    }

    private void write(List<String> table, Json document, ReportFile to) {
        if (json) {
            console.out().print(document.pretty());
        } else {
            table.forEach(console.out()::println);
        }
        to.write(document.pretty());
    }
}

package dev.kerf.cli.picture;

import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.console.Task;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.picture.Measurements.Thing;
import dev.kerf.cli.picture.OutputOptions.Format;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.image.Image;
import dev.kerf.image.PixelFormat;
import dev.kerf.json.Json;
import dev.kerf.mask.LabelMap;
import dev.kerf.model.onnx.OnnxNetwork;
import dev.kerf.model.onnx.OnnxNetwork.Result;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.tensor.HostTensor;
import dev.kerf.weights.Safetensors;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * {@code kerf segment} with an ONNX model.
 *
 * @param console    where it says what it does
 * @param network    how the model is given pictures and what its result means
 * @param output     which files are made
 * @param measure    what is measured
 * @param annotation what is written for other programs
 * @param live       how much of videos is looked at
 * @param jobs       how many images are worked on at once
 * @param precision  how numbers are stored and multiplied
 * @param classes    names of classes; none for the model's
 * @param background name or number of the class without colour; none for one of that name
 */
record NetworkRun(Console console, NetworkOptions network, OutputOptions output, MeasureOptions measure,
        AnnotationOptions annotation, LiveOptions live, JobOptions jobs, Precision precision,
        List<String> classes, String background) {
    /** Names of the classes that annotations have, which the first result tells. */
    private static final String LABELS = "labels";

    /** Returns the exit code; {@code first} is the first image. */
    int run(Path file, DeviceOptions options, List<Input> inputs, Task<UNetInput> first) {
        try (OnnxModel model = OnnxModel.open(file);
                Device device = options.open();
                OnnxNetwork net = OnnxNetwork.load(device, model, network.of(model, precision));
                OutputDirectory _ = new OutputDirectory(output.directory);
                Measurements measured = measure.open(device);
                AnnotationFiles annotations = annotation.in(output.directory);
                Jobs many = jobs.open(file, file.getFileName().toString(), device.info(), ClipRun.stills(inputs),
                        output.directory)) {
            Claims claims = ImageInputs.claims(inputs, file, i -> files(List.of(), -1, output.formats(), annotations).of(i));
            measured.claim(claims);
            annotations.claim(claims);
            ImageReport report = new ImageReport(console, output.quiet, output.json, device.info(),
                    file.getFileName().toString());
            int code = new ClipRun<>(work(model, net, measured, annotations), report, live, claims,
                    i -> files(List.of(), -1, output.formats(), annotations).of(i), output.directory, output.video, many)
                    .run(inputs, first);
            if (code != ExitCode.FAILED) {
                annotations.finish();
                measured.write(console, output.quiet || output.json);
            }
            return code;
        }
    }

    private SegmentFiles files(List<String> names, int uncoloured, Set<Format> formats, AnnotationFiles annotations) {
        return new SegmentFiles(output.directory, formats, output.overlay && !output.tensorsAlone(), output.legend, names,
                uncoloured, annotations);
    }

    private ClipRun.Work<UNetInput, Result> work(OnnxModel model, OnnxNetwork net, Measurements measured,
            AnnotationFiles annotations) {
        return new ClipRun.Work<>() {
            /** Of the model's result, for a pixel of the picture; known once there was one. */
            private final AtomicLong raw = new AtomicLong();

            @Override
            public long bytesPerPixel() {
                return ClipRun.Work.super.bytesPerPixel() + raw.get();
            }

            @Override
            public UNetInput read(Input input) {
                return UNetInput.read(input);
            }

            @Override
            public UNetInput look(Sight sight) {
                return new UNetInput.Shot(sight);
            }

            @Override
            public Result find(UNetInput picture) {
                Result found = switch (picture) {
                    case UNetInput.Pixels p -> net.run(p.view(), output.needsLogits(), !output.tensorsAlone());
                    case UNetInput.Shot f -> net.run(f.sight().picture(), output.needsLogits(), !output.tensorsAlone());
                    case UNetInput.Planes p -> net.run(p.tensor(), output.needsLogits(), !output.tensorsAlone());
                };
                if (found.raw() != null) {
                    raw.accumulateAndGet(found.raw().data().byteSize() / ((long) picture.width() * picture.height()),
                            Math::max);
                }
                return found;
            }

            @Override
            public ImageRun.Written write(Input input, UNetInput picture, Result result) {
                return NetworkRun.this.write(model, measured, annotations, input, picture, result);
            }

            @Override
            public List<Path> collected(Input input) {
                return annotations.of(input.name());
            }

            @Override
            public void collect(Input input, Json kept) {
                kept.find(LABELS).ifPresent(l -> annotations.begin(l.items().stream().map(Json::asString).toList()));
                annotations.collect(kept, input.name());
                measured.collect(kept);
            }
        };
    }

    private ImageRun.Written write(OnnxModel model, Measurements measured, AnnotationFiles annotations, Input input,
            UNetInput picture, Result result) {
        List<Path> made = new ArrayList<>();
        Json kept = Json.object();
        Set<Format> formats = EnumSet.copyOf(output.formats());
        SegmentFiles all = files(List.of(), -1, formats, annotations);
        HostTensor raw = result.raw();
        if (formats.remove(Format.NPY) && raw != null) {
            made.add(all.file(input, Format.NPY));
            raw.writeNpy(made.getLast());
        }
        if (formats.remove(Format.SAFETENSORS) && raw != null) {
            made.add(all.file(input, Format.SAFETENSORS));
            Safetensors.write(made.getLast(), Map.of("logits", raw), Map.of("image", input.file().toString()));
        }
        if (formats.remove(Format.MATTE)) {
            if (result.matte() == null) {
                throw new BadInputException("--format matte: the network's result is none; --result matte takes it as one");
            }
            made.add(all.file(input, Format.MATTE));
            grey(result.matte()).writePng(made.getLast());
        }
        if (result.found() != null) {
            var things = new ThingFiles(files(List.of(), -1, formats, annotations), things(model, result.classes()));
            kept.put(LABELS, things.classes());
            made.addAll(things.write(input, picture, result.found(), formats, kept));
            measured.things(kept, input.title(), Thing.of(result.found()), measured.spacing(input.file()),
                    Measurements.intensities(picture), things::name);
            return new ImageRun.Written(picture.width(), picture.height(), InstanceFiles.line(result.found(), things::name),
                    InstanceFiles.details(1, result.found(), things::name), made, kept);
        }
        LabelMap labels = result.labels();
        if (labels == null) {
            return new ImageRun.Written(picture.width(), picture.height(), raw == null ? "" : raw.toString(),
                    Json.object().put("output", raw == null ? null : raw.toString()), made);
        }
        List<String> names = names(model, result, labels, classes);
        int nothing = SegmentCommand.background(background, names);
        measured.classes(kept, input, picture, labels, nothing, names::get);
        SegmentFiles files = files(names, nothing, formats, annotations);
        kept.put(LABELS, files.coloured());
        ImageRun.Written seen = files.write(input, picture,
                new Segmentation(labels, null, names, 1), kept);
        made.addAll(seen.outputs());
        return new ImageRun.Written(seen.width(), seen.height(), seen.line(), seen.details(), made, kept);
    }

    /** Names of the classes of instances. */
    private List<String> things(OnnxModel model, int count) {
        List<String> said = NetworkOptions.names(model);
        if (classes == null) {
            return count == 0 ? said : NetworkOptions.names(model, count);
        }
        if (classes.size() < count) {
            throw new BadInputException("--classes gives " + classes.size() + " names, the network tells " + count
                    + " classes apart");
        }
        return classes;
    }

    /**
     * Names of classes of labels.
     *
     * @param classes that were given; null for the model's
     */
    static List<String> names(OnnxModel model, Result result, LabelMap labels, List<String> classes) {
        int count = result.classes() == 0 ? labels.max() + 1 : result.classes();
        if (classes == null) {
            return result.matte() != null ? List.of("background", "foreground") : NetworkOptions.names(model, count);
        }
        if (classes.size() < count) {
            throw new BadInputException("--classes gives " + classes.size() + " names, the network tells " + count
                    + " classes apart");
        }
        return classes;
    }

    /** Shares (height, width) of 0 … 1 as 8 bits. */
    static Image grey(HostTensor matte) {
        int width = matte.shape().size(1);
        Image out = Image.blank(width, matte.shape().size(0), PixelFormat.GRAY8);
        for (int i = 0; i < matte.elements(); i++) {
            out.setSample(i % width, i / width, 0, (int) Math.round(matte.getDouble(i) * 255));
        }
        return out;
    }
}

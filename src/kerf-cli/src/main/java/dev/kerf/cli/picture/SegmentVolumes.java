package dev.kerf.cli.picture;

import dev.kerf.Kerf;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.option.Claims;
import dev.kerf.cli.option.DeviceOptions;
import dev.kerf.cli.option.ModelCommands;
import dev.kerf.cli.option.OutputDirectory;
import dev.kerf.cli.picture.OutputOptions.Format;
import dev.kerf.cli.volume.SliceNetwork;
import dev.kerf.cli.volume.VolumeInputs;
import dev.kerf.cli.volume.VolumeInputs.Input;
import dev.kerf.cli.volume.VolumeMeasures;
import dev.kerf.cli.volume.VolumeOptions;
import dev.kerf.cli.volume.VolumeOutputs;
import dev.kerf.cli.volume.VolumeOutputs.Kind;
import dev.kerf.cli.volume.VolumeRun;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.onnx.OnnxModel;
import dev.kerf.mask.LabelMap;
import dev.kerf.measure.ObjectRules;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Volume;
import dev.kerf.medical.VolumeObjects;
import dev.kerf.medical.Window;
import dev.kerf.model.ModelOptions;
import dev.kerf.model.onnx.OnnxNetwork;
import dev.kerf.model.onnx.OnnxNetwork.Result;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.UNet;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * {@code kerf segment} of volumes: which network, and what the options for pictures mean for slices.
 *
 * @param console    where it says what it does
 * @param volume     how volumes are cut and shown
 * @param output     where files go, and which
 * @param measure    what is measured
 * @param network    how an ONNX model is given pictures
 * @param precision  how numbers are stored and multiplied
 * @param how        how a U-Net takes pictures
 * @param classes    names of classes; null for the network's
 * @param background name or number of the class that is nothing; null for one of that name
 */
record SegmentVolumes(Console console, VolumeOptions volume, OutputOptions output, MeasureOptions measure,
        NetworkOptions network,
        Precision precision, SegmentOptions how, List<String> classes, String background) {
    /** Returns the exit code. */
    int run(List<String> arguments, boolean recursive, Path weights, DeviceOptions options) {
        Set<Kind> kinds = EnumSet.noneOf(Kind.class);
        for (Format format : output.formats()) {
            switch (format) {
                case LABELS -> {
                    // What the volume itself is, if nothing more is said.
                }
                case NIFTI -> kinds.add(Kind.NIFTI);
                case SEG -> kinds.add(Kind.SEG);
                default -> throw new BadInputException("--format " + format.toString().toLowerCase(Locale.ROOT)
                        + ": is for pictures; of volumes there are labels, nifti and seg");
            }
        }
        ObjectRules rules = measure.ofClasses();
        List<Input> inputs = VolumeInputs.of(arguments, recursive, output.directory, console.notes(output.quiet));
        boolean flat = volume.perSlice() || measure.file() != null && inputs.stream().allMatch(SegmentVolumes::isFlat);
        if (!flat && !rules.equals(rules.open(0).close(0).fillHoles(0).split(ObjectRules.NO_SPLIT))) {
            throw new BadInputException(
                    "--open, --close, --fill-holes and --split are for pictures; --per-slice measures slices as such");
        }
        List<Path> read = new ArrayList<>(inputs.stream().flatMap(i -> i.files().stream()).toList());
        if (weights != null) {
            read.add(weights);
        }
        Claims claims = new Claims(read);
        VolumeOutputs outputs = volume.outputs(output.directory, kinds,
                names -> SegmentCommand.background(background, names));
        VolumeRun.claim(inputs, outputs, claims);
        if (weights != null && OnnxModel.looksLike(weights)) {
            if (how.tile() > 0 || how.scale() != 1) {
                throw new BadInputException(
                        "--tile and --scale are for U-Nets: an ONNX model takes an image whole, of --input-size");
            }
            try (OnnxModel model = OnnxModel.open(weights);
                    Device device = options.open();
                    OnnxNetwork net = OnnxNetwork.load(device, model, network.of(model, precision))) {
                return run(inputs, outputs, claims, flat, rules, device, onnx(model, net, device, weights));
            }
        }
        try (Weights source = weights == null ? Kerf.embeddedWeights() : ModelCommands.open(weights, UNet.KIND);
                Device device = options.open();
                UNet net = UNet.load(device, source, ModelOptions.of().precision(precision))) {
            if (weights == null && !output.quiet) {
                console.note("no --weights: using the embedded network " + net.name() + " (classes "
                        + String.join(", ", net.classNames()) + ")");
            }
            return run(inputs, outputs, claims, flat, rules, device, unet(net, device));
        }
    }

    /** What can't be opened fails when its turn comes. */
    private static boolean isFlat(Input input) {
        try (Volume v = input.open().get()) {
            return v.grid().slices() == 1;
        } catch (KerfException e) {
            return true;
        }
    }

    private int run(List<Input> inputs, VolumeOutputs outputs, Claims claims, boolean flat, ObjectRules rules, Device device,
            SliceNetwork net) {
        try (OutputDirectory _ = new OutputDirectory(output.directory);
                Measurements slices = flat ? measure.open(device) : MeasureOptions.none(device);
                VolumeMeasures measures = new VolumeMeasures(
                        new VolumeMeasures.Wanted(measure.file(), joined(rules), rules.minArea(),
                                rules.maxArea(), measure.spacing(), flat ? slices::slice : null))) {
            if (measure.file() != null) {
                claims.take("the table of measures", List.of(measure.file()), "--measure");
            }
            int code = new VolumeRun(console, volume, outputs, measures, output.quiet, output.json).run(inputs, net);
            if (code != ExitCode.FAILED) {
                slices.write(console, output.quiet || output.json);
                measures.write(console, output.quiet || output.json);
            }
            return code;
        }
    }

    private static int joined(ObjectRules rules) {
        return switch (rules.connectivity()) {
            case 4 -> VolumeObjects.FACES;
            case 8 -> VolumeObjects.CORNERS;
            default -> VolumeObjects.WHOLE;
        };
    }

    private SliceNetwork unet(UNet net, Device device) {
        List<String> names = classes == null ? net.classNames() : classes;
        if (names.size() != net.classNames().size()) {
            throw new BadInputException("--classes gives " + names.size() + " names, the network tells "
                    + net.classNames().size() + " classes apart: " + String.join(", ", net.classNames()));
        }
        return new SliceNetwork() {
            @Override
            public String name() {
                return net.name();
            }

            @Override
            public Device.Info device() {
                return device.info();
            }

            @Override
            public Found find(Slice slice, Optional<Window> window) {
                LabelMap labels = (window.isPresent()
                        ? net.segment(slice.toImage(window.get()), how)
                        : net.segment(slice.toTensor(net.inputChannels()), how)).labels();
                return new Found(labels, names);
            }
        };
    }

    private SliceNetwork onnx(OnnxModel model, OnnxNetwork net, Device device, Path file) {
        return new SliceNetwork() {
            @Override
            public String name() {
                return file.getFileName().toString();
            }

            @Override
            public Device.Info device() {
                return device.info();
            }

            @Override
            public Found find(Slice slice, Optional<Window> window) {
                Result result = window.isPresent()
                        ? net.run(slice.toImage(window.get()), false, true)
                        : net.run(slice.toTensor(slice.channels()), false, true);
                if (result.labels() == null) {
                    throw new BadInputException(
                            "--weights " + file + ": the network finds things; volumes take one that gives a label for"
                                    + " each pixel");
                }
                return new Found(result.labels(), NetworkRun.names(model, result, result.labels(), classes));
            }
        };
    }
}

package dev.kerf.cli.bench;

import dev.kerf.backend.Backend;
import dev.kerf.backend.Backends;
import dev.kerf.backend.Device;
import dev.kerf.backend.Precision;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadInputException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * What runs graphs: a device of Kerf or a {@link Peer}.
 *
 * @param id         as reports name it: {@code opencl:0}, {@code onnxruntime}
 * @param peer       whether it is a peer
 * @param host       whether the number of threads is its own to choose: it computes on the host's processors by itself
 * @param kind       of processor
 * @param precisions that it takes
 */
record Engine(String id, boolean peer, boolean host, Device.Info.Kind kind, List<Precision> precisions) {
    private static final String ALL = "all";

    /**
     * Those asked for, in that order.
     *
     * @param names {@code all}: the first device of each back end that starts, those left out that are taken only by name
     * @param left  told what {@code all} left out, and why
     * @throws BackendUnavailableException if one that was named can't start
     * @throws BadInputException           if there is none of that name
     */
    static List<Engine> of(List<String> names, Consumer<String> left) {
        List<Engine> engines = new ArrayList<>();
        for (String name : names) {
            if (!name.equals(ALL)) {
                engines.add(of(name));
                continue;
            }
            for (Backend b : Backends.all()) {
                try {
                    if (b.priority() >= 0) {
                        b.devices().stream().findFirst().map(Engine::of).ifPresent(engines::add);
                    }
                } catch (BackendUnavailableException e) {
                    left.accept(b.name() + ": " + e.getMessage());
                }
            }
        }
        return engines.stream().distinct().toList();
    }

    /**
     * The peers of those names.
     *
     * @param names  {@code all}: those that are here
     * @param python interpreter that PyTorch is asked for
     * @param left   told that {@code all} left out PyTorch, and why
     */
    static List<Engine> peers(List<String> names, Path python, Consumer<String> left) {
        return names.stream().flatMap(n -> switch (n) {
            case Torch.NAME -> Torch.engines(python, _ -> {}).stream();
            case ALL -> {
                List<String> absent = new ArrayList<>();
                List<Engine> torch = Torch.engines(python, absent::add);
                absent.forEach(left);
                yield Stream.concat(Peer.all().stream().map(Engine::of), absent.isEmpty() ? torch.stream() : Stream.of());
            }
            default -> Stream.of(of(Peer.named(n)));
        }).distinct().toList();
    }

    private static Engine of(Peer p) {
        return new Engine(p.name(), true, true, Device.Info.Kind.CPU, List.of(Precision.FLOAT32));
    }

    /** The one that is taken where none is named: a GPU if there is one, otherwise the CPU. */
    static Engine best() {
        try (Device device = Backends.best()) {
            return of(device.info());
        }
    }

    private static Engine of(String id) {
        int colon = id.indexOf(':');
        String ordinal = colon < 0 ? "0" : id.substring(colon + 1);
        return Backends.named(colon < 0 ? id : id.substring(0, colon)).devices().stream()
                .filter(d -> Integer.toString(d.ordinal()).equals(ordinal)).findFirst().map(Engine::of)
                .orElseThrow(() -> new BadInputException("there is no device '" + id + "'; 'kerf devices' lists them"));
    }

    private static Engine of(Device.Info d) {
        return new Engine(d.id(), false, d.backend().equals("cpu"), d.kind(),
                Arrays.stream(Precision.values()).filter(d::takes).toList());
    }

    /** Its back end's name, or the peer's. */
    String backend() {
        return id.replaceFirst(":\\d+$", "");
    }
}

package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.backend.gpu.KernelCall;
import dev.kerf.backend.gpu.Target;
import dev.kerf.backend.gpu.kernel.Manifest;
import dev.kerf.graph.Graph.Node;
import dev.kerf.graph.plan.MemoryPlan;
import dev.kerf.tensor.DType;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Where launches find their scratch memory. Where memory is bytes, it is part of the planned buffers. Where memory is
 * typed, each place of a node has a buffer of the widest type that the node's kernels read or write it as; nodes share
 * them, and operands that a launch doesn't have get memory of their type too.
 */
final class ScratchMemory {
    /** A place in the scratch memory of a node. */
    private record Place(int node, long offset) {}

    /** One of the buffers of a type. */
    private record Room(DType dtype, int number) {}

    private final Map<Place, Room> rooms = new HashMap<>();
    private final Map<Room, Long> sizes = new LinkedHashMap<>();
    private final Map<Room, Driver.Buffer> typed = new HashMap<>();
    private final Map<DType, Driver.Buffer> absent = new HashMap<>();
    private final Target target;
    private Allocation allocation;

    /** What the calls of a graph's nodes ask for. */
    ScratchMemory(Target target, Map<Integer, List<KernelCall>> calls) {
        this.target = target;
        if (target.facts().typedMemory()) {
            calls.forEach(this::take);
        }
    }

    private void take(int node, List<KernelCall> calls) {
        Map<Long, DType> types = new TreeMap<>();
        Map<Long, Long> bytes = new HashMap<>();
        for (KernelCall call : calls) {
            for (Manifest.Argument a : call.kernel().arguments()) {
                if (call.operand(a.name()) instanceof KernelCall.Binding.Scratch s) {
                    types.merge(s.offset(), dtype(call, a), (x, y) -> y.bytes() > x.bytes() ? y : x);
                    bytes.merge(s.offset(), s.bytes(), Math::max);
                }
            }
        }
        Map<DType, Integer> used = new HashMap<>();
        types.forEach((offset, dtype) -> {
            Room room = new Room(dtype, used.merge(dtype, 1, Integer::sum));
            rooms.put(new Place(node, offset), room);
            sizes.merge(room, bytes.get(offset), Math::max);
        });
    }

    /** Allocates what isn't part of the planned buffers. */
    void allocate(Allocation allocation) {
        this.allocation = allocation;
        sizes.forEach((room, bytes) -> typed.put(room, allocation.of(Math.max(1, bytes), room.dtype())));
    }

    /** How memory is allocated. */
    interface Allocation {
        /** Memory for elements of a dtype. */
        Driver.Buffer of(long bytes, DType elements);
    }

    /** Where an argument finds its scratch memory. */
    Location locate(Node node, KernelCall call, Manifest.Argument a, KernelCall.Binding.Scratch s, MemoryPlan plan,
            List<Driver.Buffer> buffers) {
        Room room = rooms.get(new Place(node.id(), s.offset()));
        if (room != null) {
            return new Location(typed.get(room), null, 0, 0, "");
        }
        MemoryPlan.Place place = plan.scratch(node);
        return new Location(buffers.get(place.buffer()), null,
                (place.offsetBytes() + s.offset()) / call.bytes(call.type(a)), 0, "");
    }

    /** What stands for an operand that a launch doesn't have; null where any buffer does. */
    Driver.Buffer absent(KernelCall call, Manifest.Argument a) {
        return target.facts().typedMemory()
                ? absent.computeIfAbsent(dtype(call, a), d -> allocation.of(d.bytes(), d))
                : null;
    }

    private static DType dtype(KernelCall call, Manifest.Argument a) {
        String type = call.type(a);
        return switch (type) {
            case "uchar" -> DType.U8;
            case "char" -> DType.I8;
            case "ushort" -> DType.U16;
            case "short" -> DType.I16;
            case "int" -> DType.I32;
            case "uint" -> DType.U32;
            case "long" -> DType.I64;
            case "float", "real" -> DType.F32;
            default -> throw new IllegalArgumentException("no element type " + type);
        };
    }
}

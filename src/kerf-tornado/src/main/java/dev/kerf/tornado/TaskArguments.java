package dev.kerf.tornado;

import dev.kerf.backend.gpu.kernel.Manifest;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.ByteArray;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.LongArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/**
 * The arguments of one launch, by the names that the kernel's manifest gives them. Sizes and offsets go to the kernel
 * in an array, so that one compiled kernel serves launches of all shapes; attributes, parameters and real numbers are
 * baked into its code.
 */
public final class TaskArguments {
    private final String id;
    private final KernelContext context;
    private final Manifest manifest;
    private final Map<String, String> definitions;
    private final List<Object> values;
    private final IntArray[] scalars = new IntArray[1];

    /**
     * @param id          of the task
     * @param context     of its plan
     * @param manifest    the kernel's
     * @param definitions attributes and parameters
     * @param values      arguments in the manifest's order; buffers as {@link TornadoBuffer}, numbers boxed
     */
    TaskArguments(
            String id, KernelContext context, Manifest manifest, Map<String, String> definitions, List<Object> values) {
        this.id = id;
        this.context = context;
        this.manifest = manifest;
        this.definitions = definitions;
        this.values = values;
    }

    /** The task's name within its graph. */
    public String id() {
        return id;
    }

    /** Where a kernel asks which work-item it is. */
    public KernelContext context() {
        return context;
    }

    /**
     * Integer arguments, in this order; 64-bit ones are offsets, which TornadoVM counts in 32 bits.
     *
     * @throws IllegalStateException if it is called twice for a task
     */
    public IntArray scalars(String... names) {
        if (scalars[0] != null) {
            throw new IllegalStateException("the scalars of " + manifest.name() + " were made already");
        }
        scalars[0] = new IntArray(Math.max(1, names.length));
        for (int i = 0; i < names.length; i++) {
            scalars[0].set(i, Math.toIntExact(((Number) value(names[i])).longValue()));
        }
        return scalars[0];
    }

    /** The same with other numbers. */
    TaskArguments with(List<Object> changed) {
        List<Object> numbers = new ArrayList<>(changed);
        for (int i = 0; i < numbers.size(); i++) {
            if (values.get(i) instanceof TornadoBuffer) {
                numbers.set(i, values.get(i));
            }
        }
        return new TaskArguments(id, context, manifest, definitions, numbers);
    }

    /** The buffer of an argument. */
    TornadoBuffer buffer(String name) {
        return (TornadoBuffer) value(name);
    }

    /** What {@link #scalars} made; null if it wasn't called. */
    IntArray made() {
        return scalars[0];
    }

    /** A real argument, baked into the code. */
    public float real(String name) {
        return (Float) value(name);
    }

    /** A numeric attribute or parameter, baked into the code. */
    public int definition(String name) {
        String text = definitions.get(name);
        if (text == null) {
            throw new IllegalStateException(manifest.name() + " has no definition " + name + "; there are " + definitions);
        }
        return Integer.parseInt(text);
    }

    /**
     * An attribute that names a C type, such as {@code uchar}: for where the sign matters, which a buffer doesn't know.
     */
    public String type(String name) {
        return definitions.get(name);
    }

    /** What the buffer of an argument holds. */
    public Element element(String name) {
        return buffer(name).element();
    }

    /** A buffer of floats; one that must not be touched if this launch has none. */
    public FloatArray floats(String name) {
        return (FloatArray) array(name, Element.FLOAT);
    }

    /** A buffer of ints, likewise. */
    public IntArray ints(String name) {
        return (IntArray) array(name, Element.INT);
    }

    /** A buffer of bytes, likewise. */
    public ByteArray bytes(String name) {
        return (ByteArray) array(name, Element.BYTE);
    }

    /** A buffer of 16-bit integers, likewise. */
    public ShortArray shorts(String name) {
        return (ShortArray) array(name, Element.SHORT);
    }

    /** A buffer of 64-bit integers, likewise. */
    public LongArray longs(String name) {
        return (LongArray) array(name, Element.LONG);
    }

    private TornadoNativeArray array(String name, Element element) {
        TornadoBuffer buffer = buffer(name);
        if (buffer.element() != element) {
            throw new IllegalArgumentException(
                    manifest.name() + ": " + name + " holds " + buffer.element() + ", not " + element);
        }
        return buffer.array();
    }

    private Object value(String name) {
        int i = manifest.index(name);
        if (i < 0) {
            throw new IllegalStateException(manifest.name() + " has no argument " + name);
        }
        return values.get(i);
    }
}

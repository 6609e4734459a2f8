package dev.kerf.backend.cpu;

import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.backend.cpu.kernel.Operand;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.TensorType;
import dev.kerf.trace.Trace;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;

/** A tensor in a Java array: the caller's own, or a slot of an executable. */
final class CpuTensor implements DeviceTensor.State {
    /** What messages call the memory that callers give. */
    private static final String COPIED = "what is copied from or to a tensor";

    private static final Sequence[] NONE = {};

    private final CpuDevice device;
    private final Operand operand;
    private final CpuExecutable owner;
    private final String name;
    private final AtomicInteger copies = new AtomicInteger();
    private volatile Sequence[] readers = NONE;
    private volatile boolean closed;
    private MemorySegment segment;
    private Object segmentArray;

    /** A zeroed tensor of the caller's. */
    CpuTensor(CpuDevice device, TensorType type) {
        this.device = device;
        this.operand = new Operand(type, null);
        this.owner = null;
        this.name = type.toString();
        operand.place(device.array(type.dtype(), type.shape().elements()), 0, (int) Operand.itemElements(type));
    }

    /** A slot of an executable, which owns the memory. */
    CpuTensor(CpuDevice device, Operand operand, CpuExecutable owner, String name) {
        this.device = device;
        this.operand = operand;
        this.owner = owner;
        this.name = "'" + name + "' " + operand.type();
    }

    @Override
    public TensorType type() {
        return operand.type();
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public String layout() {
        return (type().shape().rank() == 4 ? "NCHW " : "dense ") + type().dtype();
    }

    Operand operand() {
        return operand;
    }

    /** The executable whose slot it is; null if it is the caller's. */
    CpuExecutable owner() {
        return owner;
    }

    Sequence[] readers() {
        return readers;
    }

    synchronized void addReader(Sequence s) {
        Sequence[] more = Arrays.copyOf(readers, readers.length + 1);
        more[readers.length] = s;
        readers = more;
    }

    synchronized void removeReader(Sequence s) {
        int i = Arrays.asList(readers).indexOf(s);
        if (i >= 0) {
            Sequence[] fewer = Arrays.copyOf(readers, readers.length - 1);
            System.arraycopy(readers, i + 1, fewer, i, fewer.length - i);
            readers = fewer;
        }
    }

    void requireOpen() {
        if (closed) {
            throw new ClosedException("the tensor " + name + " is closed");
        }
    }

    @Override
    public boolean ready() {
        requireOpen();
        return copies.get() == 0 && (owner == null || owner.sequence().idle());
    }

    /** Waits for everything submitted that writes it, and, before it is written, for everything that reads it. */
    private void settle(boolean write) {
        requireOpen();
        while (copies.get() > 0) {
            LockSupport.parkNanos(this, 50_000);
        }
        if (owner != null) {
            owner.sequence().await(owner.sequence().last());
        }
        Sequence[] all = readers;
        for (int i = 0; write && i < all.length; i++) {
            all[i].await(all[i].last());
        }
    }

    @Override
    public void upload(MemorySegment source) {
        checkSize(source);
        settle(true);
        copy(source, true);
    }

    @Override
    public void download(MemorySegment target) {
        checkSize(target);
        KerfException.writable(target, COPIED);
        settle(false);
        copy(target, false);
    }

    @Override
    public void upload(HostView source) {
        checkView(source);
        settle(true);
        Object event = Trace.transfer();
        StridedCopy.run(source, segment(), operand, true);
        traced(event, true);
    }

    @Override
    public void download(HostView target) {
        checkView(target);
        KerfException.writable(target.memory(), COPIED);
        settle(false);
        Object event = Trace.transfer();
        StridedCopy.run(target, segment(), operand, false);
        traced(event, false);
    }

    @Override
    public void upload(Device.Stream stream, MemorySegment source) {
        enqueue(stream, source, true);
    }

    @Override
    public void download(Device.Stream stream, MemorySegment target) {
        KerfException.writable(target, COPIED);
        enqueue(stream, target, false);
    }

    private void enqueue(Device.Stream stream, MemorySegment memory, boolean upload) {
        requireOpen();
        checkSize(memory);
        if (!memory.isNative()) {
            throw new BadInputException("a copy in a stream needs native memory, this is on the Java heap");
        }
        if (!(stream instanceof CpuStream s) || s.device() != device) {
            throw new BadInputException("the stream belongs to another device");
        }
        if (!memory.isAccessibleBy(s.thread())) {
            throw new BadInputException("a copy in a stream runs on another thread: allocate the memory in a shared arena"
                    + " (Arena.ofShared), not in a confined one");
        }
        copies.incrementAndGet();
        try {
            s.submitCopy(this, memory, upload);
        } catch (RuntimeException e) {
            copies.decrementAndGet();
            throw e;
        }
    }

    /** A copy that {@link #upload(Device.Stream, MemorySegment)} or its counterpart put in a stream. */
    void copyFromStream(MemorySegment memory, boolean upload) {
        try {
            copy(memory, upload);
        } finally {
            copies.decrementAndGet();
        }
    }

    private void traced(Object event, boolean upload) {
        if (event != null) {
            Trace.transferred(event, device.info().id(), upload, type().bytes());
        }
    }

    private void copy(MemorySegment memory, boolean upload) {
        Object event = Trace.transfer();
        copyItems(memory, upload);
        traced(event, upload);
    }

    private void copyItems(MemorySegment memory, boolean upload) {
        int size = ArrayKind.of(type().dtype()).elementBytes();
        long item = Operand.itemElements(type()) * size;
        int items = operand.dense() || item == 0 ? 1 : type().shape().size(0);
        long bytes = items == 1 ? memory.byteSize() : item;
        MemorySegment own = segment();
        for (int i = 0; i < items; i++) {
            long at = (operand.offset() + (long) i * operand.batchStride()) * size;
            if (upload) {
                MemorySegment.copy(memory, i * item, own, at, bytes);
            } else {
                MemorySegment.copy(own, at, memory, i * item, bytes);
            }
        }
    }

    private synchronized MemorySegment segment() {
        Object array = operand.array();
        if (array == null) {
            throw new BadInputException("the tensor " + name + " has no memory: its state is not bound yet");
        }
        if (array != segmentArray) {
            segment = ArrayKind.segment(array);
            segmentArray = array;
        }
        return segment;
    }

    private void checkSize(MemorySegment memory) {
        KerfException.usable(memory, COPIED);
        if (memory.byteSize() != type().bytes()) {
            throw new BadInputException("the tensor " + name + " takes " + type().bytes() + " bytes, the memory has "
                    + memory.byteSize());
        }
    }

    private void checkView(HostView view) {
        if (view.dtype() != type().dtype() || !view.shape().equals(type().shape())) {
            throw new BadInputException("the tensor " + name + " can't be copied from or to a view of " + view.dtype()
                    + view.shape());
        }
    }

    @Override
    public void reset() {
        settle(true);
        segment().asSlice((long) operand.offset() * ArrayKind.of(type().dtype()).elementBytes(), type().bytes())
                .fill((byte) 0);
    }

    @Override
    public void close() {
        if (owner != null) {
            return;
        }
        synchronized (this) {
            if (closed) {
                return;
            }
            settle(true);
            closed = true;
        }
        device.forget(this);
        device.account(-type().bytes());
        operand.place(null, 0, 0);
        segment = null;
        segmentArray = null;
    }

    /** Its executable was closed. */
    void closeSlot() {
        closed = true;
        segment = null;
        segmentArray = null;
    }
}

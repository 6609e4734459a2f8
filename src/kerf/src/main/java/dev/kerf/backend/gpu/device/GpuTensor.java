package dev.kerf.backend.gpu.device;

import dev.kerf.backend.Device;
import dev.kerf.backend.DeviceTensor;
import dev.kerf.backend.DeviceTensor.HostView;
import dev.kerf.backend.gpu.Driver;
import dev.kerf.error.BadInputException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.KerfException;
import dev.kerf.graph.TensorType;
import dev.kerf.trace.Trace;
import java.lang.foreign.MemorySegment;

/** A dense row-major tensor: a buffer, or part of one. */
final class GpuTensor implements DeviceTensor.State {
    /** What messages call the memory that callers give. */
    private static final String COPIED = "what is copied from or to a tensor";

    private final GpuDevice device;
    private final TensorType type;
    private final Driver.Buffer buffer;
    private final long offsetBytes;
    private final GpuExecutable owner;
    private final Ticket transfers;
    private final Access access = new Access();
    private volatile boolean closed;

    /**
     * @param owner       the executable whose slot this is; null for a tensor of the caller's, which owns its buffer
     * @param offsetBytes where it begins in the buffer
     */
    GpuTensor(GpuDevice device, TensorType type, Driver.Buffer buffer, long offsetBytes, GpuExecutable owner) {
        this.device = device;
        this.type = type;
        this.buffer = buffer;
        this.offsetBytes = offsetBytes;
        this.owner = owner;
        this.transfers = new Ticket(device.driver());
    }

    @Override
    public TensorType type() {
        return type;
    }

    @Override
    public Device device() {
        return device;
    }

    @Override
    public String layout() {
        return (type.shape().rank() == 4 ? "NCHW " : "row-major ") + type.dtype();
    }

    Driver.Buffer buffer() {
        checkOpen();
        return buffer;
    }

    long offsetBytes() {
        return offsetBytes;
    }

    Access access() {
        return access;
    }

    @Override
    public boolean ready() {
        checkOpen();
        synchronized (device.monitor()) {
            return access.writer() == null || access.writer().passed();
        }
    }

    private void traced(Object event, boolean upload) {
        if (event != null) {
            Trace.transferred(event, device.info().id(), upload, type.bytes());
        }
    }

    @Override
    public void upload(MemorySegment source) {
        checkSize(source);
        Transfers queued = uploading();
        Object event = Trace.transfer();
        queued.upload(source, this);
        traced(event, true);
    }

    private Transfers uploading() {
        if (device.transfers().waits()) {
            awaitAll();
        }
        return device.transfers();
    }

    /** What is put into the queue from now on may overwrite it. */
    void beforeUpload(Driver.Queue queue) {
        synchronized (device.monitor()) {
            access.beforeWrite(queue);
        }
    }

    /** What was put into the queue so far has written it. */
    void uploaded(Driver.Queue queue) {
        synchronized (device.monitor()) {
            transfers.signal(queue);
            queue.flush();
            access.written(transfers);
        }
    }

    @Override
    public void upload(HostView source) {
        checkView(source);
        Transfers queued = uploading();
        Object event = Trace.transfer();
        queued.upload(source, this);
        traced(event, true);
    }

    @Override
    public void upload(Device.Stream stream, MemorySegment source) {
        checkSize(source);
        Driver.Queue queue = device.queueOf(stream, source);
        Object event = Trace.transfer();
        synchronized (device.monitor()) {
            access.beforeWrite(queue);
            queue.upload(buffer(), offsetBytes, source, 0, type.bytes());
            transfers.signal(queue);
            access.written(transfers);
            ((GpuStream) stream).submitted();
        }
        traced(event, true);
    }

    @Override
    public void download(MemorySegment target) {
        checkSize(target);
        KerfException.writable(target, COPIED);
        awaitWriter();
        Object event = Trace.transfer();
        device.transfers().download(buffer(), offsetBytes, target);
        traced(event, false);
    }

    @Override
    public void download(HostView target) {
        checkView(target);
        KerfException.writable(target.memory(), COPIED);
        awaitWriter();
        Object event = Trace.transfer();
        device.transfers().download(buffer(), offsetBytes, target);
        traced(event, false);
    }

    @Override
    public void download(Device.Stream stream, MemorySegment target) {
        checkSize(target);
        KerfException.writable(target, COPIED);
        Driver.Queue queue = device.queueOf(stream, target);
        Object event = Trace.transfer();
        synchronized (device.monitor()) {
            access.beforeRead(queue);
            queue.download(buffer(), offsetBytes, target, 0, type.bytes());
            transfers.before(queue);
            transfers.signal(queue);
            access.read(transfers);
            ((GpuStream) stream).submitted();
        }
        traced(event, false);
    }

    @Override
    public void reset() {
        checkOpen();
        awaitAll();
        device.transfers().zero(buffer(), offsetBytes, type.bytes());
    }

    /** Waits on the host for everything submitted that reads or writes it. */
    void awaitAll() {
        awaitWriter();
        for (Ticket reader = pendingReader(); reader != null; reader = pendingReader()) {
            reader.await();
        }
    }

    private Ticket pendingReader() {
        synchronized (device.monitor()) {
            return access.pendingReader();
        }
    }

    private void awaitWriter() {
        checkOpen();
        Ticket writer;
        synchronized (device.monitor()) {
            writer = access.writer();
        }
        if (writer != null) {
            writer.await();
        }
    }

    private void checkSize(MemorySegment memory) {
        KerfException.usable(memory, COPIED);
        checkOpen();
        if (memory.byteSize() != type.bytes()) {
            throw new BadInputException(
                    "a tensor " + type + " has " + type.bytes() + " bytes, the memory " + memory.byteSize());
        }
    }

    private void checkView(HostView view) {
        checkOpen();
        if (view.dtype() != type.dtype() || !view.shape().equals(type.shape())) {
            throw new BadInputException("a tensor " + type + " can't be copied from or to " + view.dtype() + view.shape());
        }
    }

    private void checkOpen() {
        if (closed) {
            throw new ClosedException("the tensor " + type + " is closed");
        }
    }

    @Override
    public void close() {
        if (owner == null) {
            free();
        }
    }

    /** Frees it, also when it is a slot. */
    void free() {
        synchronized (device.monitor()) {
            if (closed) {
                return;
            }
        }
        awaitAll();
        synchronized (device.monitor()) {
            if (closed) {
                return;
            }
            closed = true;
            transfers.close();
        }
        device.forget(this);
        if (owner == null) {
            buffer.close();
        }
    }

    @Override
    public String toString() {
        return type + " on " + device.info().id();
    }
}

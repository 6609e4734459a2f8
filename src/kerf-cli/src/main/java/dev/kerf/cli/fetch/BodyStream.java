package dev.kerf.cli.fetch;

import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpResponse.BodySubscriber;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.Flow;

/**
 * The body of an answer as a stream, all of it that arrived: where a connection breaks off, the JDK's own stream throws away what
 * hasn't been read yet, this one gives it first and fails then. One thread reads; any may close.
 */
final class BodyStream extends InputStream implements BodySubscriber<InputStream> {
    private final Deque<ByteBuffer> arrived = new ArrayDeque<>();
    private Flow.Subscription subscription;
    private boolean ended;
    private Throwable failure;

    @Override
    public CompletionStage<InputStream> getBody() { return CompletableFuture.completedStage(this); }

    @Override
    public synchronized void onSubscribe(Flow.Subscription s) {
        if (ended) {
            s.cancel();
        } else {
            subscription = s;
            s.request(1);
        }
    }

    @Override
    public synchronized void onNext(List<ByteBuffer> buffers) {
        buffers.stream().filter(ByteBuffer::hasRemaining).forEach(arrived::add);
        if (arrived.isEmpty()) {
            subscription.request(1);
        }
        notifyAll();
    }

    @Override
    public synchronized void onError(Throwable t) {
        failure = t;
        onComplete();
    }

    @Override
    public synchronized void onComplete() {
        ended = true;
        notifyAll();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public synchronized int read(byte[] to, int offset, int length) throws IOException {
        Objects.checkFromIndexSize(offset, length, to.length);
        if (length == 0) {
            return 0;
        }
        while (arrived.isEmpty() && !ended) {
            try {
                wait();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IOException("interrupted", e);
            }
        }
        ByteBuffer next = arrived.peek();
        if (next == null) {
            if (failure != null) {
                throw new IOException(failure.getMessage(), failure);
            }
            return -1;
        }
        int n = Math.min(length, next.remaining());
        next.get(to, offset, n);
        if (!next.hasRemaining()) {
            arrived.remove();
            if (arrived.isEmpty() && !ended) {
                subscription.request(1);
            }
        }
        return n;
    }

    /** Ends a read that waits, with an exception. */
    @Override
    public synchronized void close() {
        if (!ended) {
            if (subscription != null) {
                subscription.cancel();
            }
            onError(new IOException("closed"));
        }
        arrived.clear();
    }
}

package dev.kerf.serve;

import dev.kerf.image.Image;
import dev.kerf.image.ImageInfo;
import dev.kerf.serve.look.Answer;
import dev.kerf.serve.look.Looked;
import dev.kerf.serve.look.Pointer;
import dev.kerf.tensor.HostTensor;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A picture in memory: its pixels, what was made of them by looking, and the logits of the latest answers. It is made by the
 * {@link ImageStore}, which counts its bytes and users.
 */
final class Held {
    /** Answers whose logits are kept, so that a prompt may refine them. */
    private static final int ANSWERS = 16;

    private final Original original;
    /** Held while pixels are read or looked at: that is done once, however many ask for it. */
    private final ReentrantLock making = new ReentrantLock();
    private volatile Image pixels;
    private volatile Looked looked;
    private volatile long sinceNanos;
    private final LinkedHashMap<String, HostTensor> answers = new LinkedHashMap<>();
    private long answered;
    /** Threads that use it now; guarded by the store. */
    int users;

    Held(Original original) {
        this.original = original;
    }

    Original original() {
        return original;
    }

    /** The picture, read when it is first asked for. */
    Image pixels() {
        making.lock();
        try {
            if (pixels == null) {
                ImageInfo.checkMemory(original.name() + ": decoding it", 4L * original.width() * original.height());
                pixels = original.read();
            }
            return pixels;
        } finally {
            making.unlock();
        }
    }

    /** Looks at the picture if nobody has. */
    Looked look(Pointer pointer) {
        making.lock();
        try {
            if (looked == null) {
                Image picture = pixels();
                sinceNanos = System.nanoTime();
                try {
                    looked = pointer.look(picture);
                } finally {
                    sinceNanos = 0;
                }
            }
            return looked;
        } finally {
            making.unlock();
        }
    }

    /** Takes what looking gave before, in place of looking. */
    void restore(Pointer pointer, Map<String, HostTensor> features) {
        making.lock();
        try {
            if (looked == null) {
                looked = pointer.restore(original.width(), original.height(), features);
            }
        } finally {
            making.unlock();
        }
    }

    /** Whether it was looked at. */
    boolean ready() {
        return looked != null;
    }

    /** Nanoseconds since it began to be looked at; 0 while it isn't. */
    long lookingFor() {
        long since = sinceNanos;
        return since == 0 ? 0 : System.nanoTime() - since;
    }

    /** Keeps what could refine a later prompt; returns its name, none if there is nothing to keep. */
    Optional<String> keep(Answer answer) {
        synchronized (answers) {
            return answer.lowRes().map(logits -> {
                String name = original.id().substring(0, 8) + "-" + ++answered;
                answers.put(name, logits);
                if (answers.size() > ANSWERS) {
                    answers.pollFirstEntry();
                }
                return name;
            });
        }
    }

    /** Logits of an earlier answer, if they are still kept. */
    Optional<HostTensor> kept(String name) {
        synchronized (answers) {
            return Optional.ofNullable(answers.get(name));
        }
    }

    /** Bytes that it takes. */
    long bytes() {
        Image image = pixels;
        Looked features = looked;
        long sum = (image == null ? 0 : image.rowStride() * image.height()) + (features == null ? 0 : features.bytes());
        synchronized (answers) {
            for (HostTensor logits : answers.values()) {
                sum += logits.data().byteSize();
            }
        }
        return sum;
    }

    /** Frees it; nobody may use it any more. */
    void close() {
        if (looked != null) {
            looked.close();
            looked = null;
        }
        pixels = null;
        synchronized (answers) {
            answers.clear();
        }
    }
}

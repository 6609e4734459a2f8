package dev.kerf.check.soak;

import dev.kerf.backend.Device;
import dev.kerf.weights.Weights;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A kind of network that a soak loads, again and again.
 *
 * @param <M>    the loaded network, which many threads may ask
 * @param name   what the report calls it
 * @param share  how often it is asked beside the others, at least 1
 * @param inputs how many inputs there are: more than plans that it keeps, so that they evict each other
 * @param open   opens its weights
 * @param load   loads it
 * @param ask    a hash of everything in the answer to one of the inputs
 * @param close  closes it
 */
record Network<M>(
        String name, int share, int inputs, Supplier<Weights> open, BiFunction<Device, Weights, M> load, Answer<M> ask,
        Consumer<M> close) {
    /** What a network answers. */
    interface Answer<M> {
        long to(M net, int input);
    }

    /** A network on a device; closing it closes its weights too. */
    interface Loaded extends AutoCloseable {
        long ask(int input);

        @Override
        void close();
    }

    Loaded on(Device device) {
        Weights weights = open.get();
        M net;
        try {
            net = load.apply(device, weights);
        } catch (RuntimeException e) {
            weights.close();
            throw e;
        }
        return new Loaded() {
            @Override
            public long ask(int input) {
                return ask.to(net, input);
            }

            @Override
            public void close() {
                try (weights) {
                    close.accept(net);
                }
            }
        };
    }
}

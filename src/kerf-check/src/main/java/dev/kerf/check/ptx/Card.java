package dev.kerf.check.ptx;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.json.Json;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;

/**
 * What a GPU has, as NVIDIA's table of compute capabilities and its data sheets say; what they don't say as others measured it:
 * {@code kernels/README.md} names the sources.
 *
 * @param name            of the card
 * @param major           compute capability, before the point
 * @param minor           compute capability, after the point
 * @param multiprocessors how many
 * @param threads         most threads of one multiprocessor
 * @param blocks          most blocks of one
 * @param registers       32-bit registers of one
 * @param shared          bytes of shared memory of one
 * @param largest         most shared memory of a block
 * @param rates           how fast it is
 */
public record Card(
        String name, int major, int minor, int multiprocessors, int threads, int blocks, int registers, int shared,
        int largest, Rates rates) {
    /**
     * How fast a card is.
     *
     * @param clock         cycles a second, boosted
     * @param fp32          float multiply-adds of a multiprocessor in a cycle
     * @param int32         operations on whole numbers and comparisons, likewise
     * @param sfu           roots, exponentials and conversions, likewise
     * @param tensor        multiply-adds of float16 with float32 sums on tensor cores by {@code mma.sync}, likewise: on Hopper 63 %
     *                      of what it reaches by {@code wgmma}
     * @param memory        bytes of its memory a second
     * @param l2            bytes of the second cache level a second
     * @param memoryLatency cycles from a request to memory to its answer
     * @param sharedLatency likewise to shared memory
     * @param launch        seconds that a launch takes by itself
     */
    public record Rates(
            double clock, double fp32, double int32, double sfu, double tensor, double memory, double l2, double memoryLatency,
            double sharedLatency, double launch) {
        private static Rates of(Json c) {
            return new Rates(c.at("clock_mhz").asDouble() * 1e6, c.at("fp32").asDouble(), c.at("int32").asDouble(),
                    c.at("sfu").asDouble(), c.at("tensor").asDouble(), c.at("memory_gbs").asDouble() * 1e9,
                    c.at("l2_gbs").asDouble() * 1e9, c.at("memory_latency").asDouble(), c.at("shared_latency").asDouble(),
                    c.at("launch_us").asDouble() * 1e-6);
        }
    }

    /** What a block takes of shared memory besides its own. */
    private static final int RESERVED = 1024;

    /**
     * A card by its short name, such as {@code h100}.
     *
     * @throws BadInputException if it isn't known, naming those that are
     */
    public static Card of(String key) {
        try (InputStream in = Card.class.getResourceAsStream("cards.json")) {
            Json all = Json.parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), "cards.json");
            Json c = all.find(key).orElseThrow(() -> new BadInputException("no card '" + key + "' is known, only "
                    + all.members().keySet()));
            return new Card(c.at("name").asString(), number(c, "major"), number(c, "minor"), number(c, "multiprocessors"),
                    number(c, "threads"), number(c, "blocks"), number(c, "registers"), number(c, "shared"),
                    number(c, "largest"), Rates.of(c));
        } catch (IOException e) {
            throw new BadFileException("cards.json can't be read (" + e + ")", e);
        }
    }

    private static int number(Json c, String name) {
        return Math.toIntExact(c.at(name).asLong());
    }

    /**
     * How many blocks a multiprocessor holds at a time.
     *
     * @param items        threads of a block
     * @param sharedBytes  its shared memory
     * @param registersOne registers of a thread; 0 if they aren't known, which leaves them out
     */
    public int resident(int items, int sharedBytes, int registersOne) {
        int warps = (items + 31) / 32;
        int most = Math.min(blocks, threads / (warps * 32));
        boolean apart = major >= 8;
        int taken = sharedBytes + (apart ? RESERVED : 0);
        most = taken == 0 ? most : Math.min(most, shared / taken);
        if (registersOne > 0) {
            int warp = (registersOne * 32 + 255) / 256 * 256; // registers are given out by 256 to a warp
            most = Math.min(most, registers / warp / warps);
        }
        return most;
    }

    /** How often all multiprocessors are filled until so many blocks have run; 0 if none fits. */
    public long waves(long groups, int items, int sharedBytes, int registersOne) {
        long together = (long) multiprocessors * resident(items, sharedBytes, registersOne);
        return together == 0 ? 0 : (groups + together - 1) / together;
    }
}

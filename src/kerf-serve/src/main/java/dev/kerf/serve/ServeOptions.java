package dev.kerf.serve;

import dev.kerf.error.BadInputException;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.Base64;

/**
 * Where a {@link Server} listens, what it may read and write, and what it holds to.
 *
 * <pre>{@code
 * ServeOptions.of(Path.of("photos"))                                    // 127.0.0.1, any port, a random token
 * ServeOptions.of(Path.of("photos")).at("0.0.0.0", 8080, "a token of yours of 16 characters or more")
 * }</pre>
 *
 * @param host   address to listen at
 * @param port   0 for any that is free
 * @param token  what every request has to bring
 * @param folder whose pictures may be opened by their path
 * @param work   where pictures that are sent and what was made of them are kept; made when it is needed
 * @param limits of size, memory and time
 */
public record ServeOptions(String host, int port, String token, Path folder, Path work, Limits limits) {
    /** The address of this machine that no other can reach. */
    public static final String LOOPBACK = "127.0.0.1";
    /** Characters of a token at least, where other machines can reach the server. */
    public static final int SHORTEST_TOKEN = 16;

    /**
     * What one request and all of them may take.
     *
     * @param uploadBytes of a picture that is sent
     * @param jsonBytes   of a request in JSON
     * @param pixels      of a picture
     * @param memory      bytes that pictures, their features and what refines masks take together
     * @param disk        bytes that pictures that were sent take together
     * @param waiting     requests that wait for the network; more are answered 429
     * @param answer      time that a prompt may take
     * @param task        time that everything, a segmentation or a detection may take
     */
    public record Limits(long uploadBytes, long jsonBytes, long pixels, long memory, long disk, int waiting, Duration answer,
            Duration task) {
        /** Checks the ranges. */
        public Limits {
            if (uploadBytes < 1 || jsonBytes < 1 || pixels < 1 || memory < 1 || disk < 0 || waiting < 1) {
                throw new BadInputException("limits of a server must be above 0: " + uploadBytes + " and " + jsonBytes
                        + " bytes, " + pixels + " pixels, " + memory + " bytes of memory, " + disk + " of disk, " + waiting
                        + " waiting");
            }
            if (!answer.isPositive() || !task.isPositive()) {
                throw new BadInputException("limits of " + answer + " and " + task + ": more than no time");
            }
        }

        /**
         * Pictures of 64 MiB and 64 million pixels, 1 GiB of memory, 4 GiB of disk, 32 requests waiting, a minute for a
         * prompt and half an hour for a task.
         */
        public static Limits of() {
            return new Limits(64L << 20, 16L << 20, 64_000_000, 1L << 30, 4L << 30, 32, Duration.ofMinutes(1),
                    Duration.ofMinutes(30));
        }

        /** These with other memory. */
        public Limits memory(long bytes) {
            return new Limits(uploadBytes, jsonBytes, pixels, bytes, disk, waiting, answer, task);
        }

        /** These with another length of the queue. */
        public Limits waiting(int requests) {
            return new Limits(uploadBytes, jsonBytes, pixels, memory, disk, requests, answer, task);
        }

        /** These for pictures of another size. */
        public Limits pictures(long bytes, long most) {
            return new Limits(bytes, jsonBytes, most, memory, disk, waiting, answer, task);
        }

        /** These with another time for a prompt. */
        public Limits answer(Duration time) {
            return new Limits(uploadBytes, jsonBytes, pixels, memory, disk, waiting, time, task);
        }
    }

    /**
     * Checks what doesn't depend on this machine.
     *
     * @throws BadInputException if there is no such port, or if the token is too easily guessed for a server that other
     *                           machines reach
     */
    public ServeOptions {
        if (port < 0 || port > 65535) {
            throw new BadInputException("port " + port + ": 0 for any, or up to 65535");
        }
        if (!token.matches("[A-Za-z0-9_-]+")) {
            throw new BadInputException("a token is of letters, digits, '-' and '_' alone: it stands in an address");
        }
        if (!isLoopback(host) && token.length() < SHORTEST_TOKEN) {
            throw new BadInputException("at " + host + " other machines reach the server: its token takes "
                    + SHORTEST_TOKEN + " characters or more");
        }
    }

    /** A server for this machine alone, at any port and with a random token; work is kept in {@code .kerf} in the folder. */
    public static ServeOptions of(Path folder) {
        return new ServeOptions(LOOPBACK, 0, randomToken(), folder, folder.resolve(".kerf"), Limits.of());
    }

    /** This at another address. */
    public ServeOptions at(String address, int at, String with) {
        return new ServeOptions(address, at, with, folder, work, limits);
    }

    /** This keeping work elsewhere. */
    public ServeOptions work(Path directory) {
        return new ServeOptions(host, port, token, folder, directory, limits);
    }

    /** This with other limits. */
    public ServeOptions limits(Limits other) {
        return new ServeOptions(host, port, token, folder, work, other);
    }

    /** 144 random bits. */
    public static String randomToken() {
        byte[] bits = new byte[18];
        new SecureRandom().nextBytes(bits);
        return Base64.getUrlEncoder().withoutPadding().encodeToString(bits);
    }

    /** Whether an address of this kind is reached from this machine alone. */
    public static boolean isLoopback(String host) {
        return host.equals("localhost") || host.equals("::1") || host.matches("127\\.\\d+\\.\\d+\\.\\d+");
    }

    /** Everything but the token. */
    @Override
    public String toString() {
        return host + ":" + port + ", folder " + folder + ", work " + work + ", " + limits;
    }
}

package dev.kerf.image.video;

import dev.kerf.error.BadFileException;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A run of the {@code ffmpeg} command, connected by pipes. What it says on standard error is read beside, the last line kept. */
final class Ffmpeg implements AutoCloseable {
    private static final int LONGEST_LINE = 500;
    /** Seconds to wait for a process that should be ending. */
    private static final int PATIENCE = 2;

    private final String name;
    /** What isn't to be repeated, and what is said instead. */
    private final String secret;
    private final Process process;
    private final Thread listener;
    private volatile String said = "";

    private Ffmpeg(String name, String secret, Process process) {
        this.name = name;
        this.secret = secret;
        this.process = process;
        listener = Thread.ofVirtual().start(this::listen);
    }

    /**
     * Finds the command and starts it.
     *
     * @param name      the file that it is for, for messages
     * @param path      directories to look in, as in the environment's PATH
     * @param arguments after {@code ffmpeg -v error}
     * @throws BadFileException if there is no such command, or it can't be started
     */
    static Ffmpeg start(String name, String path, List<String> arguments) {
        return start(name, name, path, arguments);
    }

    /** As the other, of an address that messages don't repeat: they have the name instead. */
    static Ffmpeg start(String name, String secret, String path, List<String> arguments) {
        List<String> command = new ArrayList<>(List.of(find(name, path).toString(), "-hide_banner", "-v", "error"));
        command.addAll(arguments);
        try {
            return new Ffmpeg(name, secret, new ProcessBuilder(command).start());
        } catch (IOException e) {
            throw new BadFileException(name + ": ffmpeg can't be started: " + e.getMessage(), e);
        }
    }

    private static Path find(String name, String path) {
        for (String directory : path.split(File.pathSeparator)) {
            try {
                for (String file : List.of("ffmpeg", "ffmpeg.exe")) {
                    Path command = Path.of(directory, file);
                    if (!directory.isEmpty() && Files.isExecutable(command) && Files.isRegularFile(command)) {
                        return command;
                    }
                }
            } catch (InvalidPathException e) {
                // A PATH may hold anything; what is no directory holds no command.
                continue;
            }
        }
        throw new BadFileException(name + ": this kind of video needs ffmpeg, which isn't on the PATH; install it, or use a"
                + " folder of images, an animated GIF or Y4M");
    }

    /** What it writes. */
    InputStream output() {
        return process.getInputStream();
    }

    /** What it reads. */
    OutputStream input() {
        return process.getOutputStream();
    }

    private void listen() {
        try (BufferedReader lines = new BufferedReader(
                new InputStreamReader(process.getErrorStream(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (!line.isBlank()) {
                    String safe = line.strip().replace(secret, name);
                    said = safe.substring(0, Math.min(LONGEST_LINE, safe.length()));
                }
            }
        } catch (IOException e) {
            said = said.isEmpty() ? "standard error can't be read: " + e.getMessage() : said;
        }
    }

    /**
     * Waits for its end.
     *
     * @throws BadFileException if it failed; with its exit code and the last line that it said
     */
    void await() {
        try {
            int code = process.waitFor();
            listener.join();
            if (code != 0) {
                throw new BadFileException(name + ": ffmpeg failed with exit code " + code + ": "
                        + (said.isEmpty() ? "it gave no reason" : said));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new BadFileException(name + ": interrupted while ffmpeg was at work", e);
        }
    }

    /**
     * Called when what it wrote makes no sense: where that is because it failed, its own words say more.
     *
     * @throws BadFileException if it failed
     */
    void explain() {
        try {
            if (process.waitFor(PATIENCE, TimeUnit.SECONDS)) {
                await();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Ends it where it hasn't ended, and waits for that. */
    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(PATIENCE, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}

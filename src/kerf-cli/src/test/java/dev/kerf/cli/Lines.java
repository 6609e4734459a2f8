package dev.kerf.cli;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;

/** Each line of standard input is a call of the command, one after another in this process; what it says ends with {@link #END}. */
public final class Lines {
    /** A line that begins so has the exit code of the call before. */
    public static final String END = "\u0000ended with ";

    private Lines() {}

    /** Until standard input ends. */
    public static void main(String[] args) throws IOException {
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            int code = Main.run(line.split(" +"), System.out, System.out);
            System.out.println("\n" + END + code);
        }
    }
}

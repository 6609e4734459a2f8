package dev.kerf.cli.console;

import java.util.Objects;
import picocli.CommandLine.IVersionProvider;

/** The version that the jar's manifest states; run from classes, what the property {@code kerf.version} does. */
public final class Version implements IVersionProvider {
    public static String text() {
        return Objects.requireNonNullElseGet(Version.class.getPackage().getImplementationVersion(),
                () -> System.getProperty("kerf.version", "(unpackaged)"));
    }

    @Override
    public String[] getVersion() { return new String[] {"kerf " + text(), "Java " + Runtime.version()}; }
}

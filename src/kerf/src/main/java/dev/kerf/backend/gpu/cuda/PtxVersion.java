package dev.kerf.backend.gpu.cuda;

import java.nio.charset.StandardCharsets;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The version in PTX's head, {@code .version MAJOR.MINOR}. A driver refuses PTX of a later version than its own, even
 * where nothing in it needs that version; kernels of Kerf need what their architecture needs and no more.
 */
final class PtxVersion {
    private static final Pattern VERSION = Pattern.compile("(?m)^\\.version (\\d+)\\.(\\d+)");
    private static final Pattern TARGET = Pattern.compile("(?m)^\\.target sm_(\\d+)(a?)");
    private static final Pattern USED_BYTES = Pattern.compile("(?m)^\\s*\\.pragma \"used_bytes_mask[^\n]*\n");

    private static final int FIRST_LINE = 32;

    private PtxVersion() {}

    /** PTX without hints to checking tools that alone would ask for a later version: which bytes of a load are used. */
    static String plain(String ptx) {
        return USED_BYTES.matcher(ptx).replaceAll("");
    }

    /**
     * PTX that a driver takes: its version lowered to the driver's, if it is later, but not below what the target
     * needs.
     *
     * @param driver CUDA version of the driver, 12060 for 12.6
     */
    static String lowered(String ptx, int driver) {
        int wanted = Math.max(ofDriver(driver), ofTarget(ptx));
        return of(ptx) <= wanted ? ptx : VERSION.matcher(ptx).replaceFirst(".version " + wanted / 10 + "." + wanted % 10);
    }

    /** The version in the first line of a module, times ten; 0 of what has none. */
    static int of(byte[] module) {
        return of(new String(module, 0, Math.min(module.length, FIRST_LINE), StandardCharsets.US_ASCII));
    }

    /** The version of PTX, times ten; 0 of what has none. */
    static int of(String ptx) {
        Matcher m = VERSION.matcher(ptx);
        return m.find() ? Integer.parseInt(m.group(1)) * 10 + Integer.parseInt(m.group(2)) : 0;
    }

    /** The latest version that a driver knows, times ten (PTX ISA, release notes). */
    static int ofDriver(int driver) {
        int major = driver / 1000;
        int minor = driver % 1000 / 10;
        return switch (major) {
            case 10 -> minor == 0 ? 63 : minor == 1 ? 64 : 65;
            case 11 -> 70 + Math.min(minor, 8);
            // 12.6 brought no version of its own.
            case 12 -> 80 + Math.min(minor <= 5 ? minor : minor - 1, 8);
            default -> major < 10 ? 63 : (major - 4) * 10 + minor;
        };
    }

    /** The first version that knows the PTX's target, times ten (PTX ISA, table of .target and versions). */
    private static int ofTarget(String ptx) {
        Matcher m = TARGET.matcher(ptx);
        if (!m.find()) {
            return 63;
        }
        int target = Integer.parseInt(m.group(1));
        if (!m.group(2).isEmpty()) {
            return target == 90 ? 80 : 86;
        }
        return target <= 75
                ? 63
                : target <= 80
                        ? 70
                        : target <= 86
                                ? 71
                                : target <= 87
                                        ? 74
                                        : target <= 90
                                                ? 78
                                                : target <= 101 ? 86 : target <= 120 ? 87 : 88;
    }
}

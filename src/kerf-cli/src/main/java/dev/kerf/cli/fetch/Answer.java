package dev.kerf.cli.fetch;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What the head of an answer says of its body (RFC 9110, sections 8.6, 14.4 and 15.3.7).
 *
 * @param status of HTTP
 * @param start  where the body begins in the file; -1 where that isn't said, or makes no sense
 * @param total  bytes of the whole file; -1 where it isn't said
 */
record Answer(int status, long start, long total) {
    private static final Pattern RANGE = Pattern.compile("bytes (\\d{1,18})-(\\d{1,18})/(\\d{1,18}|\\*)");

    /** @throws IOException if the head contradicts itself or can't be read */
    static Answer of(HttpResponse<?> response) throws IOException {
        String coding = header(response, "Content-Encoding");
        if (!coding.isEmpty() && !coding.equalsIgnoreCase("identity")) {
            throw new IOException("the server packs what it sends (Content-Encoding: " + coding + ")");
        }
        if (response.statusCode() == 206) {
            String range = header(response, "Content-Range");
            Matcher m = RANGE.matcher(range);
            long total = m.matches() && !m.group(3).equals("*") ? Long.parseLong(m.group(3)) : -1;
            boolean sound = m.matches() && Long.parseLong(m.group(1)) <= Long.parseLong(m.group(2))
                    && (total < 0 || Long.parseLong(m.group(2)) < total);
            return new Answer(206, sound ? Long.parseLong(m.group(1)) : -1, total);
        }
        String length = header(response, "Content-Length");
        if (!length.matches("\\d{0,18}")) {
            throw new IOException("the server sends a length that is none (Content-Length: " + length + ")");
        }
        return new Answer(response.statusCode(), 0, length.isEmpty() ? -1 : Long.parseLong(length));
    }

    private static String header(HttpResponse<?> response, String name) {
        String value = response.headers().firstValue(name).orElse("").strip();
        return value.length() <= 80 ? value : value.substring(0, 80) + " …";
    }

    /** Whether the same request may be answered otherwise in a while. */
    boolean isOverload() {
        return status == 408 || status == 429 || status >= 500;
    }

    /** What else there is to say of a refusal, or "". */
    String reason() {
        return switch (status) {
            case 403 -> " (forbidden)";
            case 404 -> " (not found)";
            case 301, 302, 303, 307, 308 -> " (a redirection in circles, to nowhere, or away from http and https)";
            default -> "";
        };
    }
}

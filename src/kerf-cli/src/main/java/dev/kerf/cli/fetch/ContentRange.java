package dev.kerf.cli.fetch;

import java.net.http.HttpResponse;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The header of a partial answer (RFC 9110, section 14.4). */
final class ContentRange {
    private static final Pattern FORM = Pattern.compile("bytes (\\d{1,18})-\\d{1,18}/(?:\\d{1,18}|\\*)");

    private ContentRange() {
    }

    /** Where the answer begins in the file; -1 where it doesn't say so. */
    static long start(HttpResponse<?> response) {
        Matcher m = FORM.matcher(response.headers().firstValue("Content-Range").orElse(""));
        return m.matches() ? Long.parseLong(m.group(1)) : -1;
    }
}

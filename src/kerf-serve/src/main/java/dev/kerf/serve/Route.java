package dev.kerf.serve;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * What is answered at an address.
 *
 * @param method of HTTP
 * @param path   its steps; those in braces vary, as {@code /api/images/{id}}
 * @param work   answers
 */
record Route(String method, String path, Work work) {
    /** Answers a call. */
    interface Work {
        void answer(Call call) throws IOException;
    }

    /** What stands at the places that vary, if a path is of this form. */
    Optional<Map<String, String>> match(String asked) {
        String[] own = path.split("/", -1);
        String[] steps = asked.split("/", -1);
        if (own.length != steps.length) {
            return Optional.empty();
        }
        Map<String, String> found = new HashMap<>();
        for (int i = 0; i < own.length; i++) {
            if (own[i].startsWith("{")) {
                found.put(own[i].substring(1, own[i].length() - 1), steps[i]);
            } else if (!own[i].equals(steps[i])) {
                return Optional.empty();
            }
        }
        return Optional.of(found);
    }
}

package dev.kerf.serve;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.List;
import java.util.function.Predicate;

/**
 * Who may come in. A request says the token, as the first step of its path or in {@code Authorization: Bearer}; its
 * {@code Host} is an address, or a name of this machine, so that no page of another site can reach the server by a name that
 * it lets point here; and a browser's {@code Origin} is the server's own.
 */
final class Gate {
    private static final String BEARER = "Bearer ";

    private final String host;
    private final String token;

    Gate(String host, String token) {
        this.host = host;
        this.token = token;
    }

    /** Sets what a browser is to hold to, whatever is answered. */
    static void protect(Headers answer) {
        answer.set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; "
                + "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'");
        answer.set("X-Content-Type-Options", "nosniff");
        answer.set("Referrer-Policy", "no-referrer");
        answer.set("Cross-Origin-Resource-Policy", "same-origin");
        answer.set("Cross-Origin-Opener-Policy", "same-origin");
    }

    /**
     * Checks where a request comes from, and returns its path without the token.
     *
     * @param open whether a path is answered without a token
     * @throws Refusal 400, 401 or 403
     */
    String pass(HttpExchange e, Predicate<String> open) {
        Headers headers = e.getRequestHeaders();
        String asked = only(headers, "Host");
        if (asked == null || !isOurs(asked)) {
            throw new Refusal(403, "the Host header names another server than this one");
        }
        String origin = only(headers, "Origin");
        if (origin != null && !origin.equals("http://" + asked) && !origin.equals("https://" + asked)) {
            throw new Refusal(403, "pages of other sites may not ask this server");
        }
        String site = only(headers, "Sec-Fetch-Site");
        if (site != null && !site.equals("same-origin") && !site.equals("none")) {
            throw new Refusal(403, "pages of other sites may not ask this server");
        }
        String path = e.getRequestURI().getRawPath();
        if (path == null || !path.startsWith("/")) {
            throw new Refusal(400, "the address has no path");
        }
        int end = path.indexOf('/', 1);
        String first = end < 0 ? path.substring(1) : path.substring(1, end);
        if (isToken(first)) {
            return end < 0 ? "" : path.substring(end);
        }
        String said = only(headers, "Authorization");
        boolean known = said != null && said.startsWith(BEARER) && isToken(said.substring(BEARER.length()).strip());
        if (!known && !open.test(path)) {
            throw new Refusal(401, "this takes the token: open the address that 'kerf serve' printed, or send "
                    + "'Authorization: Bearer TOKEN'");
        }
        return path;
    }

    private static String only(Headers headers, String name) {
        List<String> lines = headers.get(name);
        if (lines == null || lines.isEmpty()) {
            return null;
        }
        if (lines.size() > 1) {
            throw new Refusal(400, "there are " + lines.size() + " headers " + name);
        }
        return lines.getFirst();
    }

    /** In a time that doesn't tell how much of it is right. */
    private boolean isToken(String said) {
        return MessageDigest.isEqual(said.getBytes(StandardCharsets.UTF_8), token.getBytes(StandardCharsets.UTF_8));
    }

    /** A name can be made to point anywhere, a number can't; the port may be a tunnel's. */
    private boolean isOurs(String asked) {
        String name = asked.replaceFirst(":\\d{1,5}$", "");
        if (name.equals("localhost") || name.equals("127.0.0.1") || name.equals("[::1]") || name.equalsIgnoreCase(host)) {
            return true;
        }
        return !ServeOptions.isLoopback(host) && name.matches("\\d{1,3}(\\.\\d{1,3}){3}|\\[[0-9a-fA-F:.]+]");
    }
}

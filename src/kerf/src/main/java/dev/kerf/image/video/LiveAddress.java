package dev.kerf.image.video;

import dev.kerf.error.BadInputException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where live frames come from, and how ffmpeg is told.
 *
 * @param scheme {@code cam} or that of a URL
 * @param rest   what follows {@code cam:}, else the whole URL
 */
record LiveAddress(String scheme, String rest) {
    private static final Pattern FORM = Pattern.compile("(?i)(cam|rtsp|rtsps|rtmp|rtmps|srt|udp|rtp|tcp|http|https):(.+)");
    private static final Pattern PASSWORD = Pattern.compile("//[^/?#]*@");
    private static final Pattern QUERY = Pattern.compile("[?#].*");

    /** What each scheme needs: a stream may lead nowhere but to the net. */
    private static final Map<String, List<String>> OPTIONS = Map.of(
            "rtsp", List.of("-rtsp_transport", "tcp"), "rtsps", List.of("-rtsp_transport", "tcp"));
    private static final List<String> SOON = List.of("-fflags", "nobuffer", "-flags", "low_delay", "-analyzeduration",
            "500000");
    private static final List<String> NET = List.of("-protocol_whitelist",
            "rtsp,rtsps,rtp,rtmp,rtmps,srt,udp,tcp,tls,http,https,httpproxy,crypto");

    /** Whether a text is such an address rather than a file's name. */
    static boolean is(String text) {
        Matcher m = FORM.matcher(text);
        return m.matches() && (m.group(1).equalsIgnoreCase("cam") || m.group(2).startsWith("//"));
    }

    /** @throws BadInputException if it is none */
    static LiveAddress of(String text) {
        Matcher m = FORM.matcher(text);
        if (!is(text) || !m.matches()) {
            throw new BadInputException(shown(text)
                    + ": is no camera (cam:0, cam:/dev/video2) and no stream (rtsp://…, rtmp://…, srt://…, udp://…, tcp://…, http://…)");
        }
        String scheme = m.group(1).toLowerCase(Locale.ROOT);
        return new LiveAddress(scheme, scheme.equals("cam") ? m.group(2) : text);
    }

    /** Without who looks, by which password, and whatever stands behind a question mark, to be shown to people. */
    static String shown(String text) {
        return QUERY.matcher(PASSWORD.matcher(text).replaceFirst("//")).replaceFirst("");
    }

    /**
     * The arguments that name the input.
     *
     * @param system the JVM's {@code os.name}
     */
    List<String> arguments(String system) {
        List<String> out = new ArrayList<>(SOON);
        if (!scheme.equals("cam")) {
            out.addAll(NET);
            out.addAll(OPTIONS.getOrDefault(scheme, List.of()));
            out.addAll(List.of("-i", rest));
        } else if (system.startsWith("Mac")) {
            out.addAll(List.of("-f", "avfoundation", "-framerate", "30", "-i", rest + ":none"));
        } else if (system.startsWith("Windows")) {
            out.addAll(List.of("-f", "dshow", "-i", "video=" + rest));
        } else {
            out.addAll(List.of("-f", "v4l2", "-i", rest.matches("\\d{1,4}") ? "/dev/video" + rest : rest));
        }
        return out;
    }
}

package dev.kerf.tornado;

/** What TornadoVM's profiler wrote of a plan's last run: JSON, an object for each run, with an object for each task. */
final class Profile {
    private static final String TIME = "\"TASK_KERNEL_TIME\"";

    private final String log;

    Profile(String log) {
        this.log = log;
    }

    /** Kernel time of a task in the last run; 0 where the log has none. */
    long nanos(String task) {
        int at = log.lastIndexOf("\"" + task + "\"");
        int end = log.indexOf('}', at);
        int time = at < 0 ? -1 : log.indexOf(TIME, at);
        if (time < 0 || time > end) {
            return 0;
        }
        long nanos = 0;
        boolean begun = false;
        for (int i = time + TIME.length(); i < end; i++) {
            int digit = Character.digit(log.charAt(i), 10);
            if (digit >= 0) {
                nanos = nanos * 10 + digit;
                begun = true;
            } else if (begun) {
                break;
            }
        }
        return nanos;
    }
}

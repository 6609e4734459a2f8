package dev.kerf.spark;

import dev.kerf.image.Image;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What the job answered.
 *
 * @param code exit code
 * @param out  standard output
 * @param err  standard error
 */
record JobRun(int code, String out, String err) {
    /** Runs the job with the session that there is. */
    static JobRun of(String... args) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int code = KerfJob.run(args, new PrintWriter(out, true), new PrintWriter(err, true));
        return new JobRun(code, out.toString(), err.toString());
    }

    /** Writes parts of a sample as pictures of their own; returns their files. */
    static List<Path> pictures(Path folder, int count, int side) {
        Image sample = Image.read(Path.of("src/main/samples/tissue-1.png"));
        return Stream.iterate(0, i -> i + 1).limit(count).map(i -> {
            Path file = folder.resolve("part-" + i + ".png");
            sample.crop(7 * i % (sample.width() - side), 11 * i % (sample.height() - side), side, side).writePng(file);
            return file;
        }).toList();
    }
}

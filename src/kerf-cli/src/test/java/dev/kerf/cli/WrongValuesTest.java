package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.ExitCode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

/** Values that make no sense whatever the files hold: exit code 2, before anything is read or written. */
class WrongValuesTest {
    @TempDir
    private Path dir;

    /** By option, for all commands that have it. */
    private static final Map<String, List<String>> WRONG = Map.ofEntries(
            Map.entry("--jobs", List.of("0", "-1", "1025", "x", "99999999999")),
            Map.entry("--threads", List.of("0", "-1", "x", "99999999999")),
            Map.entry("--threads-simulated", List.of("0", "2,-1", "x", "1025")),
            Map.entry("--card", List.of("x", "H100")),
            Map.entry("--device", List.of("-1", "x", "0.5")),
            Map.entry("--page", List.of("0", "-1", "x")),
            Map.entry("--channels", List.of("0", "1,2", "1,2,3,4", "x")),
            Map.entry("--precision", List.of("f8", "x", "f32;f16")),
            Map.entry("--tile", List.of("0", "-8", "x")),
            Map.entry("--scale", List.of("0", "-1", "NaN", "17", "x")),
            Map.entry("--format", List.of("x", "labels,x")),
            Map.entry("--frames", List.of("0", "-1", "x")),
            Map.entry("--annotations", List.of("x", "yolo,x", "")),
            Map.entry("--truth-format", List.of("x", "coco")),
            Map.entry("--predicted-format", List.of("x", "coco")),
            Map.entry("--score", List.of("-0.1", "1.1", "NaN", "x")),
            Map.entry("--bands", List.of("0", "-1", "1,x", "")),
            Map.entry("--range", List.of("x", "1", "2,1", "1%,2", "5%,101%", "NaN,1")),
            Map.entry("--nodata", List.of("x", "")),
            Map.entry("--overview", List.of("-1", "x")),
            Map.entry("--tile-overlap", List.of("-1", "x")),
            Map.entry("--nms", List.of("-0.1", "1.1", "NaN", "x")),
            Map.entry("--most", List.of("0", "-1", "x")),
            Map.entry("--min-size", List.of("0", "2000000000", "9999999999", "x")),
            Map.entry("--max-size", List.of("799", "2000000000", "x")),
            Map.entry("--overlap", List.of("-0.1", "1.1", "NaN", "x")),
            Map.entry("--stuff-area", List.of("-1", "x")),
            Map.entry("--point", List.of("1", "1,2,3", "x,1", "1,NaN", "-1,5", "")),
            Map.entry("--box", List.of("1,2,3", "1,2,3,x", "1,2,3,Infinity", "5,5,5,9", "9,5,5,9", "1,9,5,5", "-1,1,5,5")),
            Map.entry("--points-per-side", List.of("0", "-1", "x")),
            Map.entry("--min-iou", List.of("NaN", "x")),
            Map.entry("--min-stability", List.of("NaN", "x")),
            Map.entry("--crop-layers", List.of("-1", "x")),
            Map.entry("--crop", List.of("0", "15", "-1", "x")),
            Map.entry("--crop-overlap", List.of("-0.1", "1", "NaN", "x")),
            Map.entry("--min-region", List.of("-1", "x")),
            Map.entry("--background", List.of("1,2,3", "x,1", "-1,1")),
            Map.entry("--remove", List.of("x", "-1", "9999999999")),
            Map.entry("cutout --background", List.of("", "purple", "#12345", "#gggggg")),
            Map.entry("--sigma", List.of("0", "-1", "NaN", "10001", "x")),
            Map.entry("--video", List.of("", "a/b", "../gif")),
            Map.entry("--image-size", List.of("0", "-1", "63", "1000", "2147483647", "x", "1e3")),
            Map.entry("--object", List.of("0", "256", "x")),
            Map.entry("--mask", List.of("a.png", "x:a.png", "-1:a.png")),
            Map.entry("--num-classes", List.of("0", "4097", "x")),
            Map.entry("--ignore", List.of("-1", "x")),
            Map.entry("--map", List.of("1=-1", "1", "x=1")),
            Map.entry("--threshold", List.of("NaN", "x")),
            Map.entry("--boundary", List.of("0", "1.1", "NaN", "x")),
            Map.entry("--iou-type", List.of("keypoints")),
            Map.entry("--tolerance", List.of("-1", "NaN", "x")),
            Map.entry("--size", List.of("0x8", "8", "x8", "8x70000")),
            Map.entry("--input-size", List.of("0x8", "8", "x8", "8x70000")),
            Map.entry("--input-scale", List.of("0", "NaN", "x")),
            Map.entry("--mean", List.of("x", "0.5,Infinity", "")),
            Map.entry("--std", List.of("x", "0", "1,-1", "NaN")),
            Map.entry("--result", List.of("x", "CLASSES ")),
            Map.entry("--only", List.of("x")),
            Map.entry("--batch", List.of("0", "1,-1", "x")),
            Map.entry("--network", List.of("x", "unet,x", "")),
            Map.entry("--ops", List.of("x", "matrix,x", "")),
            Map.entry("--runs", List.of("0", "x")),
            Map.entry("--seconds", List.of("0", "x")),
            Map.entry("--warm-up", List.of("0", "-1", "x", "1.5")),
            Map.entry("--callers", List.of("0", "x")),
            Map.entry("--seed", List.of("x")),
            Map.entry("--time", List.of("0s", "1000000h", "x")),
            Map.entry("--backend", List.of("x", "cpu:x", "", "CPU")),
            Map.entry("--part", List.of("x", "")),
            Map.entry("--stages", List.of("x", "down1,x")),
            Map.entry("--sha256", List.of("x", "12")),
            Map.entry("--url", List.of("x", "ftp://x/y", "http://x y/")),
            Map.entry("--mirror", List.of("x", "file:///x")),
            Map.entry("track --overlay", List.of("", "a/b", "../gif")),
            Map.entry("--dtype", List.of("x")),
            Map.entry("--model", List.of("x")),
            Map.entry("--backends", List.of("x", "cpu:x", "", "cpu,x")),
            Map.entry("--peers", List.of("x")),
            Map.entry("--rounds", List.of("0", "-1", "x")),
            Map.entry("--shapes", List.of("x", "from:x@512", "from:unet@0x8")),
            Map.entry("--shape", List.of("x", "C=x", "C=-1", "NOTHING=1")),
            Map.entry("--timeout", List.of("0", "-1", "x")),
            Map.entry("--compile-timeout", List.of("0", "-1", "x")),
            Map.entry("--setting", List.of("x", "nothing=1", "restart=x")),
            Map.entry("--method", List.of("x", "")),
            Map.entry("--budget", List.of("0", "-1s", "101%", "x")),
            Map.entry("--set", List.of("x", "TILE_M=x", "NOTHING=1")),
            Map.entry("bench --budget", List.of("0s", "0", "-1s", "101%", "x")),
            Map.entry("--pairs", List.of("x", "vit-b", "vit-b:x", "vit-b:tiny:small", "")),
            Map.entry("--port", List.of("-1", "65536", "x")),
            Map.entry("--host", List.of("0.0.0.0", "", "192.0.2.1")),
            Map.entry("--token", List.of("", "a/b", "a b", "%41")),
            Map.entry("--memory", List.of("0", "-1", "99999999999", "x")),
            Map.entry("--queue", List.of("0", "-1", "x")),
            Map.entry("--deadline", List.of("0", "-1", "x")),
            Map.entry("--repeats", List.of("0", "-1", "x")),
            Map.entry("--spacing", List.of("0um", "1", "x", "-1mm", "1,2,3,4mm", "1e999mm")),
            Map.entry("--axis", List.of("w", "1", "")),
            Map.entry("--codes", List.of("x", "1=", "1=a:b", "=a:b:c", "1=a:b:c/d", "1=a::c")),
            Map.entry("--window", List.of("1", "1,0", "1,-5", "NaN,1", "1,2,3", "x")),
            Map.entry("--distances", List.of("-1", "NaN", "x")),
            Map.entry("--connectivity", List.of("6", "x", "")),
            Map.entry("--open", List.of("-1", "99999", "x")),
            Map.entry("--close", List.of("-1", "99999", "x")),
            Map.entry("--fill-holes", List.of("-1", "x")),
            Map.entry("--split", List.of("-1", "NaN", "x")),
            Map.entry("--min-area", List.of("0", "x")),
            Map.entry("--max-area", List.of("0", "x")));

    /** Names of classes, which are the network's or the user's, and files. */
    private static final Set<String> ANY = Set.of("--classes", "segment --background", "segment --output", "cutout --output",
            "blur --output", "tune --accept",
            "tune --page");

    private List<String> arguments(String command) throws IOException {
        String file = Files.write(dir.resolve("file"), new byte[0]).toString();
        String out = dir.resolve("out").toString();
        return switch (command) {
            case "segment" -> List.of("segment", file, "--out", out);
            case "detect", "panoptic", "cutout", "blur" -> List.of(command, file, "--weights", file, "--out", out);
            case "sam" -> List.of("sam", file, "--weights", file, "--out", out, "--point", "1,1");
            case "track" -> List.of("track", file, "--weights", file, "--out", out, "--object", "1", "--point", "0:1,1");
            case "evaluate" -> List.of("evaluate", "--predicted", file, "--truth", file);
            case "trace" -> List.of("trace", "--image", file, "--out", out);
            case "diff" -> List.of("diff", file, file);
            case "export" -> List.of("export", "--onnx", out, "--size", "8x8");
            case "bench" -> List.of("bench", "--out", out);
            case "bench sam" -> List.of("bench", "sam", "--out", out);
            case "tune" -> List.of("tune", "conv2d", "--shape", "C=4", "--backend", "ptx", "--out", out);
            case "kernels" -> List.of("kernels", "unet", "--weights", file);
            case "import" -> List.of("weights", "import", file, "-o", out);
            case "inspect" -> List.of("weights", "inspect", file);
            case "fetch" -> List.of("weights", "fetch", "sam2.1-tiny");
            default -> List.of(command);
        };
    }

    @Test
    void everyNumberAndChoiceOfEveryCommand() throws IOException {
        Console nowhere = Console.of(OutputStream.nullOutputStream(), OutputStream.nullOutputStream(), false);
        Set<String> tried = new TreeSet<>();
        List<String> wrong = new ArrayList<>();
        List<CommandLine> commands = new ArrayList<>(Main.commandLine(new String[0], nowhere).getSubcommands().values());
        for (CommandLine command : List.copyOf(commands)) {
            commands.addAll(command.getSubcommands().values());
        }
        for (CommandLine command : new HashSet<>(commands)) {
            for (OptionSpec option : command.getCommandSpec().options()) {
                String name = option.longestName();
                boolean takes = option.arity().max() > 0 && !List.of(option.auxiliaryTypes()).contains(Path.class);
                String called = command.getCommandSpec().qualifiedName().replaceFirst("^kerf (weights )?", "");
                String here = called + " " + name;
                String key = WRONG.containsKey(here) ? here : name;
                if (ANY.contains(name) || ANY.contains(here)) {
                    continue;
                } else if (takes && !WRONG.containsKey(key)) {
                    wrong.add(here + " isn't in the table");
                }
                for (String value : WRONG.getOrDefault(key, List.of())) {
                    List<String> all = new ArrayList<>(arguments(called));
                    List<String> before = Run.files(dir);
                    int at = all.indexOf(name);
                    if (at >= 0 && !name.equals("--point")) {
                        all.set(at + 1, value);
                    } else {
                        all.addAll(List.of(name, value));
                    }
                    Run run = Run.of(all.toArray());
                    // One line, and where to look.
                    boolean said = run.err().matches("kerf: .+\\RTry 'kerf .+\\R") && !run.err().contains("required");
                    if (run.code() != ExitCode.USAGE || !run.out().isEmpty() || !said || !before.equals(Run.files(dir))) {
                        wrong.add(all + " ended with " + run.code() + ": " + run.err() + run.out());
                    }
                    tried.add(key);
                }
            }
        }
        assertEquals(List.of(), wrong);
        assertEquals(new TreeSet<>(WRONG.keySet()), tried, "each of the table was tried");
    }
}

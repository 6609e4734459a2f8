package dev.kerf.cli.tune;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.console.Progress;
import dev.kerf.cli.console.Text;
import dev.kerf.error.BadInputException;
import dev.kerf.file.AtomicFile;
import dev.kerf.tune.compare.Comparison;
import dev.kerf.tune.compare.ComparisonPage;
import dev.kerf.tune.result.Results;
import dev.kerf.tune.search.SearchStrategy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Methods of search held against each other.
 *
 * @param files   measured spaces
 * @param methods whose
 * @param repeats seeds
 */
record Compared(List<Path> files, List<SearchStrategy> methods, int repeats) {
    void run(Console console, Path page, boolean json) {
        Map<String, Results> named = new LinkedHashMap<>();
        for (Path f : files) {
            if (named.put(f.getFileName().toString().replaceAll("\\.json(\\.gz)?$", ""), Results.read(f)) != null) {
                throw new BadInputException("two files have the name " + f.getFileName());
            }
        }
        Comparison comparison;
        try (Progress bar = console.terminal()
                ? Progress.bar(console, files.size() * methods.size(), "methods")
                : Progress.none()) {
            comparison = Comparison.of(named, methods, repeats, _ -> bar.step());
        }
        if (page != null) {
            AtomicFile.write(page, ComparisonPage.html(comparison, repeats).getBytes(StandardCharsets.UTF_8));
        }
        console.out().print(json ? comparison.json(repeats).pretty() + "\n" : text(comparison));
    }

    private String text(Comparison comparison) {
        StringBuilder out = new StringBuilder();
        for (Comparison.SpaceResult s : comparison.spaces()) {
            out.append(s.name()).append(": ").append(s.results().trials().size()).append(" configurations, ")
                    .append(s.baseline().evaluations()).append(" evaluations, ").append(Sets.time(s.baseline().seconds()))
                    .append('\n');
            for (Comparison.MethodResult m : s.methods()) {
                out.append("  ").append(Text.padded(m.method(), 12)).append(' ').append(Text.right(Text.fixed(m.score(), 3), 7))
                        .append(" ± ").append(Text.fixed(m.interval(), 3)).append(m.near().isPresent()
                                ? ", 95 % of the optimum after " + Text.fixed(m.near().getAsDouble(), 0) + " evaluations"
                                : ", 95 % of the optimum not in time")
                        .append('\n');
            }
        }
        out.append("score over all, ").append(repeats).append(" seeds each:\n");
        comparison.scores().forEach((method, score) -> out.append("  ").append(Text.padded(method, 12)).append(' ')
                .append(Text.right(Text.fixed(score, 3), 7)).append('\n'));
        return out.toString();
    }
}

package dev.kerf.cli.option;

import dev.kerf.Kerf;
import dev.kerf.check.UntrainedSam;
import dev.kerf.check.golden.Golden;
import dev.kerf.error.BadInputException;
import dev.kerf.graph.Graph;
import dev.kerf.model.ModelKind;
import dev.kerf.model.sam2.Sam;
import dev.kerf.weights.Weights;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/**
 * A graph of a kind of models, as commands name it: {@code unet}, {@code sam2-encoder}.
 *
 * @param name as above
 * @param kind which has it
 * @param part its name there
 */
public record ModelPart(String name, ModelKind kind, String part) {
    private static final PictureSize SQUARE = new PictureSize(512, 512);
    private static final Map<String, PictureSize> USUAL = Map.of("maskrcnn", new PictureSize(800, 1216), "sam2",
            new PictureSize(1024, 1024), "sam", new PictureSize(1024, 1024), "u2net", new PictureSize(320, 320));

    /** Reads one. */
    public static final class Converter implements ITypeConverter<ModelPart> {
        @Override
        public ModelPart convert(String name) {
            return of(name);
        }
    }

    /**
     * What a command is told to take: all parts of a kind of models, such as {@code sam2}, or one.
     *
     * @param name  as it was given
     * @param parts of that name
     */
    public record Group(String name, List<ModelPart> parts) {
        /** Reads one. */
        public static final class Converter implements ITypeConverter<Group> {
            @Override
            public Group convert(String name) {
                List<ModelPart> its = all().stream().filter(p -> p.kind.name().equals(name)).toList();
                return new Group(name, its.isEmpty() ? List.of(of(name)) : its);
            }
        }
    }

    /**
     * The one of a name.
     *
     * @throws TypeConversionException if there is none; names those that there are
     */
    public static ModelPart of(String name) {
        return all().stream().filter(p -> p.name.equals(name)).findFirst().orElseThrow(() -> new TypeConversionException(
                "'" + name + "': expected one of " + String.join(", ", all().stream().map(ModelPart::name).toList())));
    }

    private static List<ModelPart> all() {
        return Kerf.MODELS.stream().flatMap(k -> k.parts().stream().map(p -> new ModelPart(
                k.parts().size() == 1 ? k.name() : k.name() + "-" + p, k, p))).toList();
    }

    /** How large images of such models usually are. */
    public PictureSize usual() {
        return USUAL.getOrDefault(kind.name(), SQUARE);
    }

    /**
     * Weights, to be closed.
     *
     * @param file whose; null for an untrained network that travels with the program
     * @throws BadInputException if they are of another kind, or none travels
     */
    public Weights open(Path file) {
        if (file != null) {
            return ModelCommands.open(file, kind);
        } else if (kind == Sam.KIND) {
            return UntrainedSam.BASE.weights();
        }
        return Golden.travelling(kind.name() + "-quick").orElseThrow(() -> new BadInputException(
                "no network of kind '" + kind.name() + "' travels with this program; give --weights FILE")).weights();
    }

    /**
     * The graph for images of a size.
     *
     * @param imageSize side of the square that SAM and SAM 2 see images at
     * @throws BadInputException if a size is out of range
     */
    public Graph graph(Weights weights, PictureSize size, int imageSize) {
        return graph(weights, 1, size, imageSize);
    }

    /**
     * The same for several at once.
     *
     * @throws BadInputException also if the part takes one at a time
     */
    public Graph graph(Weights weights, int batch, PictureSize size, int imageSize) {
        return kind.graph(weights, new ModelKind.GraphRequest(part, batch, size.height(), size.width(), imageSize, false));
    }
}

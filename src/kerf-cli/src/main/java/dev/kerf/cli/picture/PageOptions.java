package dev.kerf.cli.picture;

import dev.kerf.cli.picture.ImageInputs.Input;
import dev.kerf.cli.volume.VolumePictures;
import dev.kerf.error.KerfException;
import dev.kerf.image.Image;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Which pages and channels of TIFF files are taken. */
final class PageOptions {
    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    @Option(names = "--page", paramLabel = "N", description = "Takes page N of TIFF files, or slice N of NIfTI and DICOM files, from 1. By default every page is an image of its own.")
    private Integer page;

    @Option(names = "--channels", split = ",", paramLabel = "N", description = "Takes these channels of TIFF files, from 1: one as grey, or three as red, green and blue.")
    private List<Integer> channels = List.of();

    /** Whether pages or channels are chosen. */
    boolean given() {
        return page != null || !channels.isEmpty();
    }

    /** Each page of each file, or those that were asked for. */
    List<Input> of(List<Input> files) {
        check();
        List<Input> out = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (Input f : files) {
            int pages = pages(f);
            int digits = Integer.toString(pages).length();
            for (int p = 0; p < pages; p++) {
                String name = pages == 1 ? f.name() : f.name() + "-page-" + ("%0" + digits + "d").formatted(p + 1);
                out.add(new Input(f.file(), taken.add(name) ? name : ImageInputs.numbered(name, taken),
                        page != null ? page - 1 : p, pages, channels, f.trouble(), f.moment()));
            }
        }
        return out;
    }

    private void check() {
        if (page != null && page < 1 || channels.stream().anyMatch(c -> c < 1) || channels.size() == 2 || channels.size() > 3) {
            throw new ParameterException(spec.commandLine(),
                    "--page and --channels count from 1, and channels are one for grey or three for red, green and blue");
        }
    }

    /** The one image of a file, of which the user is told if there are more. */
    Image read(Input file, Consumer<String> note) {
        check();
        int pages = pages(file);
        if (pages > 1) {
            note.accept(file.file() + ": page 1 of " + pages + "; choose another by --page");
        }
        return new Input(file.file(), file.name(), page != null ? page - 1 : 0, 1, channels, file.trouble(), null).read();
    }

    /** A file that can't be read is one image, which fails when its turn comes. */
    private int pages(Input file) {
        try {
            if (page == null && VolumePictures.is(file.file())) {
                return VolumePictures.pages(file.file());
            }
            return page != null || file.moves() || !ImageInputs.isTiff(file.file())
                    ? 1
                    : channels.isEmpty() ? Image.pages(file.file()) : Image.pictures(file.file());
        } catch (KerfException e) {
            return 1;
        }
    }
}

package dev.kerf.medical.nifti;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.KerfException;
import dev.kerf.file.AtomicFile;
import dev.kerf.medical.Grid;
import dev.kerf.medical.LabelVolume;
import dev.kerf.medical.Volume;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/**
 * Reads and writes NIfTI-1 and NIfTI-2: {@code .nii}, {@code .nii.gz}, and pairs of {@code .hdr} and {@code .img}, in both byte orders,
 * with real numbers of 8 to 64 bits.
 *
 * <pre>{@code
 * try (Volume scan = Nifti.open(Path.of("scan.nii.gz"))) {
 *     Slice middle = scan.read(Axis.Z, 0, scan.grid().slices() / 2);
 * }
 * }</pre>
 *
 * <p>A slice's pixels are the voxels in their order: columns are the first axis that is left, rows the second. Dimensions past the third
 * count as frames.
 */
public final class Nifti {
    /** What names of such files end with. */
    public static final List<String> ENDINGS = List.of(".nii", ".nii.gz", ".hdr", ".img", ".hdr.gz", ".img.gz");

    private Nifti() {}

    /** Whether a file's name ends like those of NIfTI files. */
    public static boolean isNamed(Path file) {
        return !stem(file).equals(file.getFileName().toString());
    }

    /** The file's name without what it ends with; the whole name of other files. */
    public static String stem(Path file) {
        String name = file.getFileName().toString();
        String small = name.toLowerCase(Locale.ROOT);
        String best = "";
        for (String ending : ENDINGS) {
            best = small.endsWith(ending) && small.length() > ending.length() && ending.length() > best.length()
                    ? ending
                    : best;
        }
        return name.substring(0, name.length() - best.length());
    }

    /** Whether a file, which may be named .hdr or .img, is one of a NIfTI pair. */
    public static boolean isPair(Path file) {
        Path head = other(file, ".img", ".hdr");
        if (!Files.isRegularFile(head)) {
            return false;
        }
        NiftiData data = new NiftiData(head);
        try {
            NiftiHeader.of(head.toString(), data.head(NiftiHeader.LONGEST));
            return true;
        } catch (KerfException e) {
            return false;
        } finally {
            data.close();
        }
    }

    /** Whether a file holds the voxels of a pair, whose header is another file. */
    public static boolean isBody(Path file) {
        return !other(file, ".img", ".hdr").equals(file);
    }

    /**
     * Opens a file; of a pair, either.
     *
     * @throws BadFileException if there is none, it is no NIfTI file, it is damaged or truncated, or it has numbers that aren't real
     */
    public static Volume open(Path file) {
        Path head = other(file, ".img", ".hdr");
        NiftiData data = new NiftiData(head);
        try {
            NiftiHeader header = NiftiHeader.of(head.toString(), data.head(NiftiHeader.LONGEST));
            if (!header.isSingle()) {
                Path body = other(head, ".hdr", ".img");
                if (body.equals(head)) {
                    throw new BadFileException(
                            head + ": it says that its voxels lie in a file .img beside it, but isn't named .hdr");
                }
                data.close();
                data = new NiftiData(body);
            }
            return new NiftiVolume(file, header, data);
        } catch (KerfException e) {
            data.close();
            throw e;
        }
    }

    /** The other file of a pair, packed or not; the same where the name doesn't end so. */
    private static Path other(Path file, String from, String to) {
        String name = file.getFileName().toString();
        String small = name.toLowerCase(Locale.ROOT);
        String packed = small.endsWith(".gz") ? ".gz" : "";
        if (!small.endsWith(from + packed)) {
            return file;
        }
        String stem = name.substring(0, name.length() - from.length() - packed.length());
        Path first = file.resolveSibling(stem + to + packed);
        Path second = file.resolveSibling(stem + to + (packed.isEmpty() ? ".gz" : ""));
        return Files.exists(first) || !Files.exists(second) ? first : second;
    }

    /**
     * Writes labels in the place of a volume. Of a NIfTI volume every byte that says where its voxels lie is kept (extents, sizes, qform,
     * sform, units), and so are version and byte order; texts are not. Of others it is NIfTI-1 with an sform.
     *
     * @param file packed by gzip if its name ends with {@code .gz}
     * @throws BadInputException if the labels aren't of such a volume, or its slices aren't evenly spaced, which NIfTI can't say
     * @throws BadFileException  if the file can't be written there
     */
    public static void write(LabelVolume labels, Volume of, Path file) {
        Grid grid = labels.grid();
        if (!grid.equals(of.grid())) {
            throw new BadInputException("labels of " + grid + " for a volume of " + of.grid());
        }
        checkRegular(of);
        NiftiType type = labels.max() < 256 ? NiftiType.UINT8 : NiftiType.UINT16;
        NiftiHeader like = of instanceof NiftiVolume n ? n.header() : NiftiHeader.of(grid);
        ByteBuffer header = like.ofLabels(type);
        boolean packed = file.toString().toLowerCase(Locale.ROOT).endsWith(".gz");
        AtomicFile.write(file, raw -> {
            OutputStream out = packed ? new GZIPOutputStream(raw, 1 << 16) : raw;
            out.write(header.array());
            for (int f = 0; f < grid.frames(); f++) {
                for (int k = 0; k < grid.slices(); k++) {
                    out.write(bytes(labels.get(f, k), type, header));
                }
            }
            if (out instanceof GZIPOutputStream gzip) {
                gzip.finish();
            }
        });
    }

    /**
     * Refuses a volume that NIfTI can't say the place of.
     *
     * @throws BadInputException if its slices aren't evenly spaced
     */
    public static void checkRegular(Volume of) {
        if (!of.isRegular()) {
            throw new BadInputException(
                    of.title() + ": NIfTI can't say where slices lie that aren't evenly spaced; " + of.remarks().getFirst());
        }
    }

    private static byte[] bytes(int[] labels, NiftiType type, ByteBuffer like) {
        ByteBuffer b = ByteBuffer.allocate(labels.length * type.bytes()).order(like.order());
        for (int label : labels) {
            if (type == NiftiType.UINT8) {
                b.put((byte) label);
            } else {
                b.putShort((short) label);
            }
        }
        return b.array();
    }
}

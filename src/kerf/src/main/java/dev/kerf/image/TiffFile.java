package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.file.MappedFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * A TIFF file that stays where it is: its pages are read by windows, however large they are. Classic and BigTIFF, of either byte order.
 *
 * <pre>{@code
 * try (TiffFile file = TiffFile.open(Path.of("slide.svs"), 64 << 20)) {
 *     for (int i = 0; i < file.pages(); i++) {
 *         System.out.println(file.page(i).width() + " x " + file.page(i).height());
 *     }
 * }
 * }</pre>
 *
 * <p>May be used by many threads.
 */
public final class TiffFile implements AutoCloseable {
    private final MappedFile file;
    private final TiffChunkCache cache;
    private final List<Page> pages = new ArrayList<>();

    /**
     * A directory, whose layout isn't looked at yet.
     *
     * @param parent number of the page that it belongs to (tag SubIFDs); -1 for none
     */
    private record Page(TiffDirectory tags, int parent) {}

    private TiffFile(MappedFile file, long keep) {
        this.file = file;
        this.cache = new TiffChunkCache(keep);
        Set<Long> seen = new HashSet<>();
        for (TiffDirectory d : TiffDirectory.of(file.bytes(), Integer.MAX_VALUE)) {
            if (d.isDamaged()) {
                throw new BadFileException(
                        file.path() + ": TIFF: truncated or damaged: tags of a page lie behind the file's end "
                                + "or on those of another");
            }
            int parent = pages.size();
            pages.add(new Page(d, -1));
            d.children(seen).forEach(c -> pages.add(new Page(c, parent)));
        }
        if (pages.isEmpty()) {
            throw new BadFileException(file.path() + ": TIFF: truncated or damaged: there is no page in it");
        }
    }

    /**
     * Opens a file.
     *
     * @param keep bytes of unpacked strips and tiles that are kept at most for windows beside those that were read
     * @throws BadFileException if it is no TIFF file, or can't be read
     */
    public static TiffFile open(Path path, long keep) {
        MappedFile file = MappedFile.open(path);
        try {
            return new TiffFile(file, keep);
        } catch (RuntimeException e) {
            file.close();
            throw e;
        }
    }

    /** How many pages there are, those of other pages among them (tag SubIFDs), each behind the page that it belongs to. */
    public int pages() {
        return pages.size();
    }

    /** Number of the page that a page belongs to; -1 for those that stand for themselves. */
    public int parent(int page) {
        return get(page).parent;
    }

    /**
     * A page, from 0.
     *
     * @throws BadFileException  if its layout makes no sense or can't be read
     * @throws BadInputException if there is none of that number
     */
    public TiffPage page(int page) {
        return new TiffPage(file.path().toString(), get(page).tags, 0, this);
    }

    private Page get(int page) {
        if (page < 0 || page >= pages.size()) {
            throw new BadInputException(file.path() + ": there is no page " + page + " from 0; it has " + pages.size());
        }
        return pages.get(page);
    }

    /** Has so many bytes of unpacked strips and tiles kept at most from the next one on. */
    public void keep(long bytes) {
        cache.keep(bytes);
    }

    /** Bytes of unpacked strips and tiles that are held. */
    public long held() {
        return cache.held();
    }

    TiffChunkCache cache() {
        return cache;
    }

    /** Refuses a file that is closed or became shorter. */
    void requireOpen() {
        file.bytes();
    }

    @Override
    public void close() {
        file.close();
    }
}

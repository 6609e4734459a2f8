package dev.kerf.image;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.ImageInfo.FileType;
import dev.kerf.tensor.DType;
import dev.kerf.tensor.HostTensor;
import dev.kerf.tensor.Shape;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What the numbers of a TIFF file mean as pictures: its pages, their colours, palettes and alpha, and the range of numbers
 * that have none of their own.
 */
final class TiffDecoder implements ImageDecoder {
    static final int WHITE_IS_ZERO = 0;
    private static final int GREY = 1;
    private static final int RGB = 2;
    private static final int PALETTE = 3;
    private static final int YCC = 6;
    /** Bits of NewSubfileType: a smaller version of another page, a transparency mask of one. */
    private static final int NO_PAGE = 1 | 4;
    /** ImageJ describes stacks of more than 4 GiB, and some others, by one directory and the number of pages. */
    private static final Pattern IMAGES = Pattern.compile("(?m)^images=(\\d{1,9})$");

    private final String name;
    private final MemorySegment file;

    TiffDecoder(String name, byte[] file) {
        this.name = name;
        this.file = MemorySegment.ofArray(file);
    }

    /**
     * The pages of full size, which aren't looked at yet.
     *
     * @param tags  their directories
     * @param count at least one
     * @param step  bytes from one page to the next where one directory is for all; 0 otherwise
     */
    private record Stack(List<TiffDirectory> tags, int count, long step) {}

    private Stack stack() {
        List<TiffDirectory> all = TiffDirectory.of(file, Integer.MAX_VALUE);
        List<TiffDirectory> full = new ArrayList<>();
        for (TiffDirectory d : all) {
            if (d.isDamaged()) {
                throw new BadFileException(name + ": TIFF: truncated or damaged: tags of a page lie behind the file's end "
                        + "or on those of another");
            }
            if ((d.first(254, 0) & NO_PAGE) == 0 || all.size() == 1) {
                full.add(d);
            }
        }
        if (full.isEmpty()) {
            throw new BadFileException(name + ": TIFF: truncated or damaged: there is no page in it");
        }
        Matcher images = IMAGES.matcher(full.getFirst().text(270));
        if (full.size() == 1 && full.getFirst().text(270).startsWith("ImageJ=") && images.find()) {
            long bytes = new TiffPage(name, full.getFirst(), 0).plainBytes();
            long room = bytes == 0 ? 1 : (file.byteSize() - full.getFirst().first(273, 0)) / bytes;
            return new Stack(full, Math.clamp(room, 1, Math.max(1, Integer.parseInt(images.group(1)))), bytes);
        }
        return new Stack(full, full.size(), 0);
    }

    private TiffPage page(Stack stack, int index) {
        if (index < 0 || index >= stack.count) {
            throw new BadInputException(name + ": there is no page " + (index + 1) + "; it has " + stack.count);
        }
        return new TiffPage(name, stack.tags.get(stack.step > 0 ? 0 : index), index * stack.step);
    }

    /** Pages of full size, at least one. */
    int pages() {
        return stack().count;
    }

    /** One of them. */
    TiffPage page(int index) {
        return page(stack(), index);
    }

    @Override
    public ImageInfo info() {
        return new Meaning(page(0), List.of()).info();
    }

    @Override
    public Image decode(boolean indices) {
        return decode(0, indices);
    }

    Image decode(int page, boolean indices) {
        return new Meaning(page(page), List.of()).decode(indices);
    }

    /** Labels of one band that may be past 16 bits, as (height, width) of I32; null where {@link #decode} gives them. */
    @Nullable
    HostTensor labels() {
        return new Meaning(page(0), List.of()).labels();
    }

    /**
     * A picture of chosen channels, as grey or as red, green and blue.
     *
     * @param picture  counted from 0: a page, or a group of pages that are channels of one another
     * @param channels one or three, counted from 1: samples of the page, or pages of the group
     */
    Image decode(int picture, int... channels) {
        Stack stack = stack();
        Group group = group(stack);
        List<Plane> planes = new ArrayList<>();
        for (int c : channels) {
            TiffPage page = page(stack, group.page(picture, 0));
            int all = group.channels > 1 ? group.channels : page.bands();
            if (c < 1 || c > all || channels.length != 1 && channels.length != 3) {
                throw new BadInputException(name + ": channels " + Arrays.toString(channels) + ": one or three of 1 to " + all
                        + " can be taken");
            }
            planes.add(group.channels > 1 ? new Plane(page(stack, group.page(picture, c - 1)), 0) : new Plane(page, c - 1));
        }
        return new Meaning(planes.getFirst().page, planes).decode(false);
    }

    /** How many pictures {@link #decode(int, int...)} can make. */
    int pictures() {
        Stack stack = stack();
        return stack.count / group(stack).channels;
    }

    private Group group(Stack stack) {
        return Group.of(page(stack, 0), stack.count);
    }

    /** One channel of a page. */
    private record Plane(TiffPage page, int band) {}

    /**
     * Pages that are channels of one picture, as ImageJ and OME describe stacks.
     *
     * @param channels of a picture that are pages of their own; 1 where each page is a picture
     * @param step     pages from one channel to the next
     */
    private record Group(int channels, int step) {
        private static final Pattern SIZES = Pattern.compile("\\bSize([CZT])=\"(\\d{1,6})\"");
        private static final Pattern ORDER = Pattern.compile("\\bDimensionOrder=\"XY([CZT]{3})\"");
        private static final Pattern CHANNELS = Pattern.compile("(?m)^channels=(\\d{1,6})$");

        static Group of(TiffPage first, int pages) {
            String text = first.tags().text(270);
            Matcher ofImageJ = CHANNELS.matcher(text);
            Matcher order = ORDER.matcher(text);
            int channels = 1;
            int step = 1;
            if (text.startsWith("ImageJ=") && ofImageJ.find()) {
                channels = Integer.parseInt(ofImageJ.group(1));
            } else if (text.contains("<OME") && order.find()) {
                Map<String, Integer> sizes = new HashMap<>();
                SIZES.matcher(text).results().forEach(r -> sizes.putIfAbsent(r.group(1), Integer.parseInt(r.group(2))));
                channels = sizes.getOrDefault("C", 1);
                for (int i = 0; i < order.group(1).indexOf('C'); i++) {
                    step *= Math.max(1, sizes.getOrDefault(order.group(1).substring(i, i + 1), 1));
                }
            }
            boolean fits = channels > 1 && step > 0 && pages % ((long) channels * step) == 0 && first.bands() == 1;
            return fits ? new Group(channels, step) : new Group(1, 1);
        }

        int page(int picture, int channel) {
            return picture / step * step * channels + picture % step + channel * step;
        }
    }

    /** How a page's samples become grey or colours. */
    private final class Meaning {
        private final TiffPage page;
        private final List<Plane> chosen;
        private final int bands;
        private final int photometric;
        private final int colours;
        private final boolean alpha;
        private final boolean associated;
        private final int[] palette;
        private final int orientation;

        /** All of a page, or planes that were chosen, one or three, of it and others like it. */
        Meaning(TiffPage page, List<Plane> chosen) {
            this.page = page;
            this.chosen = chosen;
            bands = chosen.isEmpty() ? page.bands() : chosen.size();
            photometric = chosen.isEmpty() ? (int) page.tags().first(262, 1) : bands == 3 ? RGB : GREY;
            colours = photometric == RGB || photometric == YCC ? 3 : 1;
            long[] extra = page.tags().numbers(338);
            boolean known = photometric <= PALETTE && photometric >= 0
                    || photometric == YCC && TiffCodec.of(page.tags().first(259, 1)) == TiffCodec.JPEG;
            int more = bands - colours;
            if (!known || more < 0) {
                throw page.bad("its pixels are of kind " + photometric + " with " + page.bands() + " samples; grey, palettes "
                        + "and RGB can be read");
            } else if (more > 1 || more == 1 && colours == 1 && (extra.length == 0 || extra[0] == 0)) {
                throw page.bad("it has " + page.bands() + " channels; say which to take (kerf: --channels)");
            }
            alpha = more == 1;
            associated = alpha && extra.length > 0 && extra[0] == 1;
            orientation = Orientation.of(page.tags());
            palette = photometric == PALETTE ? colourMap() : null;
        }

        /** Colours 0xRRGGBB. TIFF's have 16 bits; writers store a byte v as 257 v, 256 v or, wrongly, v. */
        private int[] colourMap() {
            long[] map = page.tags().numbers(320);
            int n = 1 << page.bits();
            if (page.type() != DType.U8 || map.length < 3 * n || alpha) {
                throw page.bad("its palette has " + map.length / 3 + " colours for pixels of " + page.bits() + " bits");
            }
            boolean bytes = Arrays.stream(map).allMatch(v -> v < 256);
            int[] out = new int[n];
            for (int i = 0; i < 3 * n; i++) {
                out[i % n] |= (int) (bytes ? map[i] : map[i] >> 8) << 16 - 8 * (i / n);
            }
            return out;
        }

        private boolean isGreyPalette() {
            return Arrays.stream(palette).allMatch(c -> (c >> 16) == (c & 0xFF) && (c >> 8 & 0xFF) == (c & 0xFF));
        }

        private boolean plain() {
            return page.type() == DType.U8 || page.type() == DType.U16;
        }

        ImageInfo info() {
            int channels = palette == null ? bands : isGreyPalette() ? 1 : 3;
            PixelFormat format = PixelFormat.of(channels, page.type() == DType.U8 ? 8 : 16);
            return new ImageInfo(FileType.TIFF, page.width(), page.height(), format, 1).oriented(orientation);
        }

        Image decode(boolean indices) {
            ImageInfo info = info();
            page.check(info);
            HostTensor numbers = chosen.isEmpty() ? page.window(0, 0, page.width(), page.height()) : planes();
            Image out = !plain()
                    ? ranged(numbers, info.format(), indices)
                    : palette != null && !indices ? coloured(numbers, info.format()) : samples(numbers, info.format(), indices);
            return Orientation.apply(orientation, out);
        }

        private HostTensor planes() {
            HostTensor out = HostTensor.zeros(page.type(), Shape.of(page.height(), page.width(), bands));
            for (int c = 0; c < bands; c++) {
                Plane p = chosen.get(c);
                if (p.page.width() != page.width() || p.page.height() != page.height() || p.page.type() != page.type()) {
                    throw page.bad("its channels are of different sizes or kinds");
                }
                HostTensor all = p.page.window(0, 0, page.width(), page.height());
                int bytes = page.type().bytes();
                for (long i = 0; i < (long) page.width() * page.height(); i++) {
                    MemorySegment.copy(all.data(), (i * p.page.bands() + p.band) * bytes, out.data(), (i * bands + c) * bytes,
                            bytes);
                }
            }
            return out;
        }

        private Image coloured(HostTensor numbers, PixelFormat format) {
            Image out = Image.blank(page.width(), page.height(), format);
            for (int i = 0; i < numbers.elements(); i++) {
                int colour = palette[(int) numbers.getLong(i)];
                for (int c = 0; c < format.channels(); c++) {
                    out.setSample(i % page.width(), i / page.width(), c, colour >> 16 - 8 * c & 0xFF);
                }
            }
            return out;
        }

        /** Whole numbers over the range of their bits; labels stay as they are. */
        private Image samples(HostTensor numbers, PixelFormat format, boolean indices) {
            PixelFormat shape = palette == null ? format : PixelFormat.GRAY8;
            Image out = new Image(page.width(), page.height(), shape, (long) page.width() * shape.pixelBytes(), numbers.data());
            int top = (1 << page.bits()) - 1;
            boolean invert = photometric == WHITE_IS_ZERO;
            if (!invert && !associated && (top == shape.max() || indices)) {
                return out;
            }
            int n = shape.channels();
            for (long i = 0; i < numbers.elements(); i++) {
                int c = (int) (i % n);
                int x = (int) (i / n % page.width());
                int y = (int) (i / n / page.width());
                int v = out.sample(x, y, c);
                boolean colour = c < colours;
                v = invert && colour ? top - v : v;
                v = indices || top == shape.max() ? v : (int) (((long) v * shape.max() + top / 2) / top);
                out.setSample(x, y, c, v);
                if (associated && !colour) {
                    straighten(out, x, y);
                }
            }
            return out;
        }

        /** Divides premultiplied colours by their alpha. */
        private void straighten(Image out, int x, int y) {
            int max = out.format().max();
            int a = out.sample(x, y, colours);
            for (int c = 0; c < colours; c++) {
                int v = out.sample(x, y, c);
                out.setSample(x, y, c, a == 0 ? 0 : (int) Math.min(max, ((long) v * max + a / 2) / a));
            }
        }

        @Nullable
        HostTensor labels() {
            if (plain() || bands > 1) {
                return null;
            }
            page.check(info());
            HostTensor numbers = page.window(0, 0, page.width(), page.height());
            TiffRange.of(page, numbers).labels(page, Integer.MAX_VALUE);
            HostTensor out = HostTensor.zeros(DType.I32, Shape.of(page.height(), page.width()));
            for (long i = 0; i < numbers.elements(); i++) {
                out.setDouble(i, numbers.getLong(i));
            }
            // Four bytes are turned as those of a colour are.
            Image turned = Orientation.apply(orientation,
                    new Image(page.width(), page.height(), PixelFormat.RGBA8, 4L * page.width(), out.data()));
            return new HostTensor(DType.I32, Shape.of(turned.height(), turned.width()), turned.data());
        }

        /**
         * Numbers without a range of their own: whole ones of 0 to 65535 stay, floats of 0 to 1 are scaled to that, all
         * others stretched to it from the least to the greatest. Labels stay or are refused.
         */
        private Image ranged(HostTensor numbers, PixelFormat format, boolean indices) {
            TiffRange range = TiffRange.of(page, numbers);
            if (indices) {
                range.labels(page, 65535);
            }
            double low = range.low();
            double high = range.high();
            boolean stays = indices || !page.type().floating() && low >= 0 && high <= 65535;
            boolean unit = page.type().floating() && low >= 0 && high <= 1;
            double from = stays || unit ? 0 : low;
            double scale = stays ? 1 : unit ? 65535 : high > low ? 65535 / (high - low) : 0;
            Image out = Image.blank(page.width(), page.height(), format);
            for (long i = 0; i < numbers.elements(); i++) {
                int at = (int) (i / bands);
                out.setSample(at % page.width(), at / page.width(), (int) (i % bands),
                        (int) Math.round((numbers.getDouble(i) - from) * scale));
            }
            if (associated) {
                for (int i = 0; i < page.width() * page.height(); i++) {
                    straighten(out, i % page.width(), i / page.width());
                }
            }
            return out;
        }
    }
}

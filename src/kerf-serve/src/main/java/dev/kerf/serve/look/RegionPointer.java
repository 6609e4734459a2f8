package dev.kerf.serve.look;

import dev.kerf.error.BadInputException;
import dev.kerf.image.Image;
import dev.kerf.model.sam2.Prompt;
import dev.kerf.model.unet.SegmentOptions;
import dev.kerf.model.unet.Segmentation;
import dev.kerf.model.unet.UNet;
import dev.kerf.tensor.HostTensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

/**
 * What stands in for SAM where there are no weights of it: a click selects the connected region of a U-Net's class that it
 * falls into, a cell of a tissue, say.
 *
 * <ul>
 * <li>Points add their regions, and points beside the thing take theirs away.
 * <li>A box selects the regions that have most of their pixels in it.
 * <li>Of three candidates the second has its holes filled, and the third is everything of these classes.
 * </ul>
 *
 * @param net loaded, and closed by whoever did
 */
public record RegionPointer(UNet net) implements Pointer {
    @Override
    public String name() {
        return "regions of " + net.name();
    }

    @Override
    public boolean promptable() {
        return false;
    }

    @Override
    public Looked restore(int width, int height, Map<String, HostTensor> features) {
        throw new BadInputException("regions of a segmentation aren't kept: that takes weights of SAM");
    }

    @Override
    public Looked look(Image picture) {
        Segmentation found = net.segment(picture, SegmentOptions.of());
        return new OfRegions(Regions.of(found.labels()), found.classNames());
    }

    /** A picture's regions. */
    record OfRegions(Regions regions, List<String> names) implements Looked {
        /** Regions smaller than this part of the picture are noise, where everything is asked for. */
        private static final int SPECK = 10_000;

        @Override
        public long bytes() {
            return (long) Integer.BYTES * (regions.number.length + 6L * regions.count());
        }

        @Override
        public List<Answer> answer(Prompt prompt, boolean several) {
            boolean[] chosen = chosen(prompt);
            Answer exact = answer(r -> chosen[r], label(chosen));
            if (!several) {
                return List.of(exact);
            }
            boolean[] classes = new boolean[names.size()];
            for (int r = 0; r < chosen.length; r++) {
                classes[regions.label[r]] |= chosen[r];
            }
            boolean[] filled = filled(chosen);
            return List.of(exact, answer(r -> filled[r], label(chosen)), answer(r -> classes[regions.label[r]], label(chosen)));
        }

        @Override
        public Answer hover(Prompt prompt, boolean several) {
            return answer(prompt, false).getFirst();
        }

        @Override
        public List<Answer> everything(Image picture, int side, IntConsumer progress) {
            int least = Math.max(1, regions.number.length / SPECK);
            List<Answer> all = new ArrayList<>();
            for (int r = 0; r < regions.count(); r++) {
                if (regions.area[r] >= least) {
                    int own = r;
                    all.add(answer(other -> other == own, names.get(regions.label[r])));
                }
                progress.accept(100 * (r + 1) / regions.count());
            }
            return all;
        }

        @Override
        public Map<String, HostTensor> features() {
            throw new BadInputException("regions of a segmentation aren't kept: that takes weights of SAM");
        }

        @Override
        public void close() {
            // Nothing but memory of the heap.
        }

        private Answer answer(IntPredicate in, String label) {
            return Answer.of(regions.mask(in), OptionalDouble.empty(), label);
        }

        private boolean[] chosen(Prompt prompt) {
            Prompts.check(prompt, regions.width, regions.height);
            if (prompt.mask() != null) {
                throw new BadInputException("regions of a segmentation can't refine a mask: that takes weights of SAM");
            }
            boolean[] chosen = new boolean[regions.count()];
            Prompt.Corners box = prompt.box();
            if (box != null) {
                int[] inside = regions.within((int) Math.floor(box.left()), (int) Math.floor(box.top()),
                        (int) Math.min(regions.width, Math.ceil(box.right())),
                        (int) Math.min(regions.height, Math.ceil(box.bottom())));
                for (int r = 0; r < chosen.length; r++) {
                    chosen[r] = 2L * inside[r] > regions.area[r];
                }
            }
            prompt.points().stream().filter(Prompt.Point::foreground).forEach(p -> chosen[regions.at(p.x(), p.y())] = true);
            prompt.points().stream().filter(p -> !p.foreground()).forEach(p -> chosen[regions.at(p.x(), p.y())] = false);
            return chosen;
        }

        /** With what they enclose: regions from which no step along edges leads to the picture's edge. */
        private boolean[] filled(boolean[] chosen) {
            int w = regions.width;
            int[] labels = new int[regions.number.length];
            for (int i = 0; i < labels.length; i++) {
                labels[i] = chosen[regions.number[i]] ? 1 : 0;
            }
            Regions parts = Regions.of(w, regions.height, labels);
            boolean[] open = new boolean[parts.count()];
            for (int i = 0; i < labels.length; i++) {
                int x = i % w;
                open[parts.number[i]] |= x == 0 || x == w - 1 || i < w || i >= labels.length - w;
            }
            boolean[] filled = chosen.clone();
            for (int i = 0; i < labels.length; i++) {
                filled[regions.number[i]] |= !open[parts.number[i]];
            }
            return filled;
        }

        private String label(boolean[] chosen) {
            long[] pixels = new long[names.size()];
            for (int r = 0; r < chosen.length; r++) {
                pixels[regions.label[r]] += chosen[r] ? regions.area[r] : 0;
            }
            int most = 0;
            for (int c = 1; c < pixels.length; c++) {
                most = pixels[c] > pixels[most] ? c : most;
            }
            return names.get(most);
        }
    }
}

package dev.kerf.serve.look;

import dev.kerf.error.BadInputException;
import dev.kerf.model.sam2.Prompt;

/** What holds of prompts whatever answers them. */
public final class Prompts {
    private Prompts() {}

    /**
     * Checks that there is something and that it lies in a picture.
     *
     * @throws BadInputException saying what doesn't
     */
    public static void check(Prompt prompt, int width, int height) {
        Prompt.Corners box = prompt.box();
        if (prompt.points().isEmpty() && box == null && prompt.mask() == null) {
            throw new BadInputException("the prompt is empty: give a point, a scribble, a box or a mask to refine");
        }
        String outside = " is not in the picture of " + width + "×" + height + " pixels";
        for (Prompt.Point p : prompt.points()) {
            if (!(p.x() >= 0 && p.x() <= width && p.y() >= 0 && p.y() <= height)) {
                throw new BadInputException("point (" + p.x() + ", " + p.y() + ")" + outside);
            }
        }
        if (box != null) {
            String said = "box (" + box.left() + ", " + box.top() + ", " + box.right() + ", " + box.bottom() + ")";
            if (!(box.left() >= 0 && box.right() <= width && box.top() >= 0 && box.bottom() <= height)) {
                throw new BadInputException(said + outside);
            }
            if (!(box.left() < box.right() && box.top() < box.bottom())) {
                throw new BadInputException(said + " is empty: left must be below right and top below bottom");
            }
        }
    }
}

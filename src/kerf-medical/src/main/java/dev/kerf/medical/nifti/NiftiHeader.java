package dev.kerf.medical.nifti;

import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.image.Spacing;
import dev.kerf.medical.Affine;
import dev.kerf.medical.Grid;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A NIfTI header as it is stored, and what it says (nifti1.h and nifti2.h of the NIfTI Data Format Working Group).
 *
 * @param name   the file, for messages
 * @param stored its bytes, which aren't changed
 * @param form   where its fields lie
 */
record NiftiHeader(String name, ByteBuffer stored, Form form) {
    /** Fields' places in both versions; what is a short, int and float in the first is an int, long and double in the second. */
    enum Form {
        ONE(348, 344, 40, 70, 76, 108, 112, 116, 124, 128, 148, 228, 252, 254, 256, 280, 123, 68, 328),

        TWO(540, 4, 16, 12, 104, 168, 176, 184, 192, 200, 240, 320, 344, 348, 352, 400, 500, 504, 508);

        final int size;
        final int magic;
        final int dim;
        final int datatype;
        final int pixdim;
        final int voxOffset;
        final int slope;
        final int inter;
        final int calMax;
        final int calMin;
        final int descrip;
        final int auxFile;
        final int qformCode;
        final int sformCode;
        final int quatern;
        final int srow;
        final int units;
        final int intentCode;
        final int intentName;

        Form(int... at) {
            size = at[0];
            magic = at[1];
            dim = at[2];
            datatype = at[3];
            pixdim = at[4];
            voxOffset = at[5];
            slope = at[6];
            inter = at[7];
            calMax = at[8];
            calMin = at[9];
            descrip = at[10];
            auxFile = at[11];
            qformCode = at[12];
            sformCode = at[13];
            quatern = at[14];
            srow = at[15];
            units = at[16];
            intentCode = at[17];
            intentName = at[18];
        }
    }

    /** Bytes of the longer header. */
    static final int LONGEST = 540;

    private static final int MOST_DIMENSIONS = 7;
    private static final int LABEL_INTENT = 1002;

    /**
     * Reads a header.
     *
     * @param bytes the file's first, {@link #LONGEST} or as many as there are
     * @throws BadFileException if they are no NIfTI header
     */
    static NiftiHeader of(String name, byte[] bytes) {
        if (bytes.length < Form.ONE.size) {
            throw new BadFileException(name + ": " + bytes.length + " bytes are no NIfTI header, which has 348 or 540");
        }
        ByteBuffer b = ByteBuffer.wrap(bytes);
        for (Form form : Form.values()) {
            for (ByteOrder order : new ByteOrder[] {ByteOrder.LITTLE_ENDIAN, ByteOrder.BIG_ENDIAN}) {
                if (b.order(order).getInt(0) == form.size) {
                    return checked(name, Arrays.copyOf(bytes, form.size), order, form, bytes.length);
                }
            }
        }
        throw new BadFileException(name + ": isn't NIfTI: it begins with " + Integer.toUnsignedString(b.getInt(0))
                + " where the header's size, 348 or 540, is to be");
    }

    private static NiftiHeader checked(String name, byte[] bytes, ByteOrder order, Form form, int given) {
        if (given < form.size) {
            throw new BadFileException(name + ": truncated in the header: " + given + " bytes of " + form.size);
        }
        String magic = new String(bytes, form.magic, 3, StandardCharsets.ISO_8859_1);
        String version = form == Form.ONE ? "1" : "2";
        if (!magic.equals("n+" + version) && !magic.equals("ni" + version)) {
            throw new BadFileException(
                    name + ": the header has no NIfTI-" + version + " mark (n+" + version + " or ni" + version
                            + "): older ANALYZE files don't say where left is; convert it to NIfTI");
        }
        return new NiftiHeader(name, ByteBuffer.wrap(bytes).order(order), form);
    }

    /** The byte order of the file. */
    ByteOrder order() {
        return stored.order();
    }

    /** Whether the voxels lie in the same file. */
    boolean isSingle() { return stored.get(form.magic + 1) == '+'; }

    private long small(int at) {
        return form == Form.ONE ? stored.getShort(at) : stored.getInt(at);
    }

    /** The extent of a dimension, 1 to 7; 0 for how many there are. */
    long dim(int i) {
        return form == Form.ONE ? stored.getShort(form.dim + 2 * i) : stored.getLong(form.dim + 8 * i);
    }

    private double real(int start, int i) {
        return form == Form.ONE ? stored.getFloat(start + 4 * i) : stored.getDouble(start + 8 * i);
    }

    /** How voxels are stored. */
    NiftiType type() {
        // A short in both versions.
        int code = stored.getShort(form.datatype);
        NiftiType type = NiftiType.of(code);
        if (type == null) {
            throw new BadFileException(name + ": its numbers are of the type " + NiftiType.name(code)
                    + ", which isn't read; convert them to real numbers of 8 to 64 bits");
        }
        return type;
    }

    /** Where the voxels begin. */
    long offset() {
        double at = form == Form.ONE ? stored.getFloat(form.voxOffset) : stored.getLong(form.voxOffset);
        long least = isSingle() ? form.size + 4 : 0;
        if (!isSingle() && at == 0 || at >= least && at < 0x1p62 && at == Math.rint(at)) {
            return (long) at;
        } else if (at == 0 || Double.isNaN(at)) {
            return least;
        }
        throw new BadFileException(
                name + ": the header says that voxels begin at byte " + at + "; " + least + " or more is expected");
    }

    /** What stored numbers are multiplied by; 1 where the file says nothing. */
    double slope() {
        double s = real(form.slope, 0);
        return scaled() ? s : 1;
    }

    /** What is added then. */
    double inter() {
        double i = real(form.inter, 0);
        return scaled() && Double.isFinite(i) ? i : 0;
    }

    /** Whether stored numbers are scaled: a slope of 0 says that they aren't. */
    boolean scaled() {
        double s = real(form.slope, 0);
        return s != 0 && Double.isFinite(s);
    }

    /** The least and the greatest value that are to be shown; both 0 where the file doesn't say. */
    double[] shown() {
        return new double[] {real(form.calMin, 0), real(form.calMax, 0)};
    }

    /**
     * What the volume is of.
     *
     * @throws BadFileException if extents make no sense
     */
    Grid grid() {
        long n = dim(0);
        if (n < 1 || n > MOST_DIMENSIONS) {
            throw new BadFileException(name + ": the header says " + n + " dimensions, 1 to 7 are possible");
        }
        long[] extents = {1, 1, 1, 1};
        for (int i = 1; i <= n; i++) {
            long extent = dim(i);
            if (extent < 1 || extent > Integer.MAX_VALUE) {
                throw new BadFileException(name + ": the header says an extent of " + extent + " in dimension " + i);
            }
            int at = Math.min(i - 1, 3);
            if (extents[at] > Integer.MAX_VALUE / extent) {
                throw new BadFileException(name + ": the header says extents beyond all measure");
            }
            extents[at] *= extent;
        }
        Affine affine = affine();
        try {
            return new Grid((int) extents[0], (int) extents[1], (int) extents[2], (int) extents[3], spacing(), affine);
        } catch (BadInputException e) {
            throw new BadFileException(name + ": " + e.getMessage(), e);
        }
    }

    /** Millimetres in the file's unit of length. */
    private double unit() {
        int code = (form == Form.ONE ? stored.get(form.units) : stored.getInt(form.units)) & 7;
        return code == 1 ? 1000 : code == 3 ? 1e-3 : 1;
    }

    private double side(int i) {
        double v = Math.abs(real(form.pixdim, i));
        return v > 0 && v <= Float.MAX_VALUE ? v * unit() : 0;
    }

    private Spacing spacing() {
        double x = side(1);
        double y = side(2);
        double z = side(3);
        return x == 0 || y == 0 ? Spacing.PIXELS : new Spacing(x, y, z == 0 ? 1 : z, "mm");
    }

    /** By sform, else by qform, else by the voxels' sides alone. */
    private Affine affine() {
        double u = unit();
        try {
            if (small(form.sformCode) > 0) {
                double[] rows = new double[12];
                Arrays.setAll(rows, i -> real(form.srow, i) * u);
                return Affine.of(rows);
            }
            if (small(form.qformCode) > 0) {
                return rotated(u);
            }
        } catch (BadInputException e) {
            throw new BadFileException(name + ": where the voxels lie isn't told by numbers: " + e.getMessage(), e);
        }
        double[] sides = {side(1), side(2), side(3)};
        Arrays.setAll(sides, i -> sides[i] == 0 ? 1 : sides[i]);
        return Affine.scaling(sides[0], sides[1], sides[2]);
    }

    /** nifti1.h, method 2: a rotation by a unit quaternion, of which three numbers are stored. */
    private Affine rotated(double unit) {
        double b = real(form.quatern, 0);
        double c = real(form.quatern, 1);
        double d = real(form.quatern, 2);
        double rest = 1 - (b * b + c * c + d * d);
        double a = Math.sqrt(Math.max(0, rest));
        if (rest < 0) {
            double length = Math.sqrt(b * b + c * c + d * d);
            b /= length;
            c /= length;
            d /= length;
        }
        double x = side(1);
        double y = side(2);
        double z = real(form.pixdim, 0) < 0 ? -side(3) : side(3);
        return Affine.of(
                (a * a + b * b - c * c - d * d) * x, 2 * (b * c - a * d) * y, 2 * (b * d + a * c) * z,
                real(form.quatern, 3) * unit,
                2 * (b * c + a * d) * x, (a * a + c * c - b * b - d * d) * y, 2 * (c * d - a * b) * z,
                real(form.quatern, 4) * unit,
                2 * (b * d - a * c) * x, 2 * (c * d + a * b) * y, (a * a + d * d - c * c - b * b) * z,
                real(form.quatern, 5) * unit);
    }

    /**
     * The header of labels in the same place: every byte that says where voxels lie is kept. Scaling, the range to be shown and texts,
     * which may say who was scanned, are taken away.
     *
     * @return it and the four bytes after it, which say that nothing else follows
     */
    ByteBuffer ofLabels(NiftiType type) {
        byte[] bytes = Arrays.copyOf(stored.array(), form.size + 4);
        ByteBuffer b = ByteBuffer.wrap(bytes).order(stored.order());
        boolean one = form == Form.ONE;
        b.putShort(form.datatype, (short) type.code()).putShort(form.datatype + 2, (short) (8 * type.bytes()));
        b.put(form.magic + 1, (byte) '+');
        for (int at : new int[] {form.slope, form.inter, form.calMax, form.calMin}) {
            Arrays.fill(bytes, at, at + (one ? 4 : 8), (byte) 0);
        }
        if (one) {
            b.putFloat(form.voxOffset, form.size + 4).putShort(form.intentCode, (short) LABEL_INTENT);
            // What ANALYZE had here: a type's name, a data base's name, extents, an error.
            Arrays.fill(bytes, 4, 38, (byte) 0);
            Arrays.fill(bytes, 140, 148, (byte) 0);
        } else {
            b.putLong(form.voxOffset, form.size + 4).putInt(form.intentCode, LABEL_INTENT);
        }
        Arrays.fill(bytes, one ? 56 : 80, one ? 68 : 104, (byte) 0);
        Arrays.fill(bytes, form.intentName, form.intentName + 16, (byte) 0);
        Arrays.fill(bytes, form.descrip, form.descrip + 80, (byte) 0);
        Arrays.fill(bytes, form.auxFile, form.auxFile + 24, (byte) 0);
        byte[] who = "Kerf".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(who, 0, bytes, form.descrip, who.length);
        return b;
    }

    /** The header of labels of a volume that wasn't NIfTI: NIfTI-1 where its extents fit, NIfTI-2 otherwise. */
    static NiftiHeader of(Grid grid) {
        int most = Math.max(Math.max(grid.columns(), grid.rows()), Math.max(grid.slices(), grid.frames()));
        Form form = most <= Short.MAX_VALUE ? Form.ONE : Form.TWO;
        ByteBuffer b = ByteBuffer.allocate(form.size).order(ByteOrder.LITTLE_ENDIAN);
        b.putInt(0, form.size);
        b.put(form.magic, (form == Form.ONE ? "n+1" : "n+2\0\r\n\032\n").getBytes(StandardCharsets.ISO_8859_1));
        NiftiHeader made = new NiftiHeader("a new header", b, form);
        int[] dim = {grid.frames() > 1 ? 4 : 3, grid.columns(), grid.rows(), grid.slices(), grid.frames(), 1, 1, 1};
        double[] pixdim = {1, grid.spacing().x(), grid.spacing().y(), grid.spacing().z(), 1, 1, 1, 1};
        for (int i = 0; i < 8; i++) {
            made.putWhole(form.dim, i, dim[i]);
            made.putReal(form.pixdim, i, pixdim[i]);
        }
        int known = grid.spacing().isKnown() ? 1 : 0;
        b.put(form.units, (byte) (2 * known));
        if (form == Form.ONE) {
            b.putShort(form.sformCode, (short) known);
        } else {
            b.putInt(form.sformCode, known);
        }
        for (int i = 0; i < 12; i++) {
            made.putReal(form.srow, i, grid.toPatient().at(i / 4, i % 4));
        }
        return made;
    }

    private void putWhole(int start, int i, int value) {
        if (form == Form.ONE) {
            stored.putShort(start + 2 * i, (short) value);
        } else {
            stored.putLong(start + 8 * i, value);
        }
    }

    private void putReal(int start, int i, double value) {
        if (form == Form.ONE) {
            stored.putFloat(start + 4 * i, (float) value);
        } else {
            stored.putDouble(start + 8 * i, value);
        }
    }
}

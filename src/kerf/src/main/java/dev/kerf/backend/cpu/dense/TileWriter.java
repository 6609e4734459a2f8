package dev.kerf.backend.cpu.dense;

import static java.lang.constant.ConstantDescs.CD_Object;
import static java.lang.constant.ConstantDescs.CD_boolean;
import static java.lang.constant.ConstantDescs.CD_float;
import static java.lang.constant.ConstantDescs.CD_int;
import static java.lang.constant.ConstantDescs.CD_void;
import static java.lang.constant.ConstantDescs.INIT_NAME;
import static java.lang.constant.ConstantDescs.MTD_void;

import java.lang.classfile.ClassFile;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.Label;
import java.lang.classfile.TypeKind;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.lang.invoke.MethodHandles;
import java.lang.reflect.Constructor;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.stream.IntStream;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.Vector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Writes the class of a {@link Tile}: {@code Tile12x2} holds 12 × 2 sums. The JIT compiler keeps vectors in registers as local
 * variables of one method alone, so a tile's sums can be neither an array nor a loop; written out by hand, each size would be
 * the same hundred lines. In Java, {@code tile} of the class for two rows and one vector reads
 *
 * {@snippet lang = java :
 * FloatVector s00 = FloatVector.zero(SPECIES), s10 = FloatVector.zero(SPECIES);
 * for (int k = 0; k < n; k++) {
 *     int o = off[k], w = ai + 2 * k; // with more groups of rows than one, an ai for each
 *     FloatVector x0 = FloatVector.fromArray(SPECIES, b, b0 + o);
 *     FloatVector f = FloatVector.broadcast(SPECIES, a[w]);
 *     s00 = f.fma(x0, s00);
 *     f = FloatVector.broadcast(SPECIES, a[w + 1]);
 *     s10 = f.fma(x0, s10);
 * }
 * FloatVector.fromArray(SPECIES, c, c0).add(s00).intoArray(c, c0); // or s00.intoArray(c, c0), unless add
 * c0 += pitch;
 * FloatVector.fromArray(SPECIES, c, c0).add(s10).intoArray(c, c0);
 * }
 */
final class TileWriter {
    private static final ClassDesc FLOATS = CD_float.arrayType();
    private static final ClassDesc INTS = CD_int.arrayType();
    private static final ClassDesc FLOAT_VECTOR = desc(FloatVector.class);
    private static final ClassDesc VECTOR = desc(Vector.class);
    private static final ClassDesc SPECIES = desc(VectorSpecies.class);
    private static final ClassDesc VECTOR_MATH = desc(VectorMath.class);
    private static final MethodTypeDesc ZERO = MethodTypeDesc.of(FLOAT_VECTOR, SPECIES);
    private static final MethodTypeDesc BROADCAST = MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, CD_float);
    private static final MethodTypeDesc FROM_ARRAY = MethodTypeDesc.of(FLOAT_VECTOR, SPECIES, FLOATS, CD_int);
    private static final MethodTypeDesc FMA = MethodTypeDesc.of(FLOAT_VECTOR, VECTOR, VECTOR);
    private static final MethodTypeDesc ADD = MethodTypeDesc.of(FLOAT_VECTOR, VECTOR);
    private static final MethodTypeDesc INTO_ARRAY = MethodTypeDesc.of(CD_void, FLOATS, CD_int);
    private static final MethodTypeDesc SWEEP = MethodTypeDesc.of(
            CD_void, FLOATS, CD_int, CD_int, FLOATS, CD_int, INTS, CD_int, CD_int, INTS, CD_int, FLOATS, CD_int, CD_int,
            CD_boolean);

    private final int rows;
    private final int vectors;
    private final ClassDesc self;
    private final MethodTypeDesc tile;

    private TileWriter(int rows, int vectors) {
        this.rows = rows;
        this.vectors = vectors;
        self = ClassDesc.of(TileWriter.class.getPackageName(), "Tile" + rows + "x" + vectors);
        List<ClassDesc> parameters = new ArrayList<>(List.of(FLOATS, CD_int, CD_int, FLOATS));
        parameters.addAll(Collections.nCopies(vectors, CD_int));
        parameters.addAll(List.of(INTS, CD_int, FLOATS, CD_int, CD_int, CD_boolean));
        tile = MethodTypeDesc.of(CD_void, parameters);
    }

    /** The tile of so many rows by so many vectors; to be called once for each. */
    static Tile tile(int rows, int vectors) {
        TileWriter w = new TileWriter(rows, vectors);
        byte[] code = ClassFile.of().build(w.self, c -> c
                .withFlags(ClassFile.ACC_FINAL | ClassFile.ACC_SYNTHETIC)
                .withInterfaceSymbols(desc(Tile.class))
                .withMethodBody(INIT_NAME, MTD_void, 0, b -> b.aload(0).invokespecial(CD_Object, INIT_NAME, MTD_void).return_())
                .withMethodBody("sweep", SWEEP, ClassFile.ACC_PUBLIC, w::sweep)
                .withMethodBody("tile", w.tile, ClassFile.ACC_PRIVATE | ClassFile.ACC_STATIC, w::sums));
        try {
            Constructor<?> constructor = MethodHandles.lookup().defineClass(code).getDeclaredConstructor();
            return (Tile) constructor.newInstance();
        } catch (ReflectiveOperationException e) {
            throw new AssertionError(e);
        }
    }

    private static ClassDesc desc(Class<?> type) {
        return type.describeConstable().orElseThrow();
    }

    /** {@code for (v = from; v < to; v += vectors) tile(a, ai, step, b, base + starts[v] …, off, n, c, ci + v · lanes, pitch, add)}. */
    private void sweep(CodeBuilder code) {
        int v = code.allocateLocal(TypeKind.INT);
        code.iload(7).istore(v);
        loop(code, v, 8, vectors, () -> {
            code.aload(1).iload(2).iload(3).aload(4);
            for (int i = 0; i < vectors; i++) {
                code.iload(5).aload(6).iload(v).loadConstant(i).iadd().iaload().iadd();
            }
            code.aload(9).iload(10).aload(11).iload(12).iload(v);
            lanes(code);
            code.imul().iadd().iload(13).iload(14).invokestatic(self, "tile", tile);
        });
        code.return_();
    }

    /** {@code tile(a, ai, step, b, b0 …, off, n, c, c0, pitch, add)}, as above. */
    private void sums(CodeBuilder code) {
        int off = 4 + vectors;
        int n = off + 1;
        int c = off + 2;
        int p = off + 3;
        int pitch = off + 4;
        int[][] s = new int[rows][];
        for (int r = 0; r < rows; r++) {
            s[r] = locals(code);
            for (int sum : s[r]) {
                species(code);
                code.invokestatic(FLOAT_VECTOR, "zero", ZERO).astore(sum);
            }
        }
        int l = code.allocateLocal(TypeKind.INT);
        lanes(code);
        code.istore(l);
        int k = code.allocateLocal(TypeKind.INT);
        int o = code.allocateLocal(TypeKind.INT);
        int w = code.allocateLocal(TypeKind.INT);
        int f = code.allocateLocal(TypeKind.REFERENCE);
        int[] x = locals(code);
        int group = Tiles.group(rows);
        int[] first = new int[rows / group];
        for (int g = 0; g < first.length; g++) {
            first[g] = code.allocateLocal(TypeKind.INT);
            code.iload(1).loadConstant(g).iload(2).imul().iadd().istore(first[g]);
        }
        code.iconst_0().istore(k);
        loop(code, k, n, 1, () -> {
            code.aload(off).iload(k).iaload().istore(o);
            for (int v = 0; v < vectors; v++) {
                species(code);
                code.aload(3).iload(4 + v).iload(o).iadd().invokestatic(FLOAT_VECTOR, "fromArray", FROM_ARRAY).astore(x[v]);
            }
            code.loadConstant(group).iload(k).imul().istore(w);
            for (int r = 0; r < rows; r++) {
                species(code);
                code.aload(0).iload(first[r / group]).iload(w).iadd().loadConstant(r % group).iadd().faload()
                        .invokestatic(FLOAT_VECTOR, "broadcast", BROADCAST)
                        .astore(f);
                for (int v = 0; v < vectors; v++) {
                    code.aload(f).aload(x[v]).aload(s[r][v]).invokevirtual(FLOAT_VECTOR, "fma", FMA).astore(s[r][v]);
                }
            }
        });
        Label set = code.newLabel();
        code.iload(pitch + 1).ifeq(set);
        end(code, s, c, p, pitch, l, true);
        code.labelBinding(set);
        end(code, s, c, p, pitch, l, false);
    }

    /** Adds the sums to c or puts them there, and returns. */
    private static void end(CodeBuilder code, int[][] s, int c, int first, int pitch, int l, boolean add) {
        int p = code.allocateLocal(TypeKind.INT);
        code.iload(first).istore(p);
        for (int[] row : s) {
            for (int v = 0; v < row.length; v++) {
                if (add) {
                    species(code);
                    code.aload(c);
                    at(code, p, v, l);
                    code.invokestatic(FLOAT_VECTOR, "fromArray", FROM_ARRAY).aload(row[v])
                            .invokevirtual(FLOAT_VECTOR, "add", ADD);
                } else {
                    code.aload(row[v]);
                }
                code.aload(c);
                at(code, p, v, l);
                code.invokevirtual(FLOAT_VECTOR, "intoArray", INTO_ARRAY);
            }
            code.iload(p).iload(pitch).iadd().istore(p);
        }
        code.return_();
    }

    /** Local variables for the vectors of a row. */
    private int[] locals(CodeBuilder code) {
        return IntStream.range(0, vectors).map(v -> code.allocateLocal(TypeKind.REFERENCE)).toArray();
    }

    /** Pushes p + v · l. */
    private static void at(CodeBuilder code, int p, int v, int l) {
        code.iload(p).loadConstant(v).iload(l).imul().iadd();
    }

    private static void species(CodeBuilder code) {
        code.getstatic(VECTOR_MATH, "SPECIES", SPECIES);
    }

    private static void lanes(CodeBuilder code) {
        species(code);
        code.invokeinterface(SPECIES, "length", MethodTypeDesc.of(CD_int));
    }

    /** {@code for (; i < end; i += step) body}. */
    private static void loop(CodeBuilder code, int i, int end, int step, Runnable body) {
        Label head = code.newBoundLabel();
        Label past = code.newLabel();
        code.iload(i).iload(end).if_icmpge(past);
        body.run();
        code.iinc(i, step).goto_(head).labelBinding(past);
    }
}

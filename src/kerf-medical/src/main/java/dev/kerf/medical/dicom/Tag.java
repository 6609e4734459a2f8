package dev.kerf.medical.dicom;

import java.util.Arrays;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The elements that are read or written (DICOM PS3.6), with what they hold where a file doesn't say (implicit value representation). What
 * isn't here is passed over and never kept, names and birth dates among it.
 */
enum Tag {
    TRANSFER_SYNTAX(0x00020010, "UI"), CHARACTER_SET(0x00080005, "CS"), IMAGE_TYPE(0x00080008, "CS"), SOP_CLASS(0x00080016,
            "UI"), SOP_INSTANCE(0x00080018, "UI"), SERIES_UID(0x0020000E, "UI"), STUDY_UID(0x0020000D,
                    "UI"), FRAME_OF_REFERENCE(0x00200052, "UI"),

    SERIES_NUMBER(0x00200011, "IS"), ACQUISITION_NUMBER(0x00200012, "IS"), INSTANCE_NUMBER(0x00200013,
            "IS"), TEMPORAL_POSITION(0x00200100, "IS"), ECHO_TIME(0x00180081, "DS"), ECHO_NUMBERS(0x00180086,
                    "IS"), TRIGGER_TIME(0x00181060, "DS"), B_VALUE(0x00189087, "FD"),

    SLICE_THICKNESS(0x00180050, "DS"), SPACING_BETWEEN_SLICES(0x00180088, "DS"), IMAGER_PIXEL_SPACING(0x00181164,
            "DS"), PIXEL_SPACING(0x00280030, "DS"), POSITION(0x00200032, "DS"), ORIENTATION(0x00200037, "DS"),

    SAMPLES(0x00280002, "US"), PHOTOMETRIC(0x00280004, "CS"), PLANAR(0x00280006, "US"), FRAMES(0x00280008,
            "IS"), ROWS(0x00280010, "US"), COLUMNS(0x00280011, "US"), BITS_ALLOCATED(0x00280100, "US"), BITS_STORED(0x00280101,
                    "US"), HIGH_BIT(0x00280102, "US"), SIGNED(0x00280103, "US"),

    WINDOW_CENTER(0x00281050, "DS"), WINDOW_WIDTH(0x00281051, "DS"), WINDOW_SHAPE(0x00281056, "CS"), INTERCEPT(0x00281052,
            "DS"), SLOPE(0x00281053, "DS"), MODALITY_LUT(0x00283000, "SQ"), LUT_DESCRIPTOR(0x00283002, "US"), LUT_DATA(
                    0x00283006,
                    "OW"),

    RED_DESCRIPTOR(0x00281101, "US"), GREEN_DESCRIPTOR(0x00281102, "US"), BLUE_DESCRIPTOR(0x00281103, "US"), RED(0x00281201,
            "OW"), GREEN(0x00281202, "OW"), BLUE(0x00281203, "OW"),

    LOSSY(0x00282110, "CS"), LOSSY_RATIO(0x00282112, "DS"), LOSSY_METHOD(0x00282114, "CS"),

    SHARED_GROUPS(0x52009229, "SQ"), FRAME_GROUPS(0x52009230, "SQ"), PLANE_POSITION(0x00209113, "SQ"), PLANE_ORIENTATION(
            0x00209116,
            "SQ"), PIXEL_MEASURES(0x00289110, "SQ"), VALUE_TRANSFORMATION(0x00289145, "SQ"), FRAME_WINDOW(0x00289132,
                    "SQ"), FRAME_CONTENT(0x00209111,
                            "SQ"), TEMPORAL_INDEX(0x00209128, "UL"), FRAME_ACQUISITION(0x00209156, "US"),

    EXTENDED_OFFSETS(0x7FE00001, "OV"), FLOAT_PIXELS(0x7FE00008, "OF"), DOUBLE_PIXELS(0x7FE00009, "OD"), PIXELS(0x7FE00010,
            "OW");

    private static final Map<Integer, Tag> BY_NUMBER = Arrays.stream(values()).collect(Collectors.toMap(Tag::number, t -> t));

    private final int number;
    private final String vr;

    Tag(int number, String vr) {
        this.number = number;
        this.vr = vr;
    }

    int number() {
        return number;
    }

    /** What it holds where a file doesn't say. */
    String vr() {
        return vr;
    }

    /** The tag of a number; null for one that isn't read. */
    static Tag of(int number) {
        return BY_NUMBER.get(number);
    }

    /** Such as {@code (0028,0010)}. */
    static String text(int number) {
        return String.format(Locale.ROOT, "(%04X,%04X)", number >>> 16, number & 0xFFFF);
    }

    /** Number and name, such as {@code (0028,0010) ROWS}. */
    @Override
    public String toString() {
        return text(number) + " " + name();
    }
}

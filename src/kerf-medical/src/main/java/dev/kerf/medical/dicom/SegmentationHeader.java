package dev.kerf.medical.dicom;

import dev.kerf.error.BadFileException;
import dev.kerf.medical.dicom.DicomSegmentation.Code;
import dev.kerf.medical.dicom.DicomSegmentation.Part;
import dev.kerf.medical.dicom.DicomSegmentation.Segment;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.MathContext;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import java.time.LocalDateTime;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;

/** All of a segmentation but its pixels. Elements of frames are written one by one. */
final class SegmentationHeader {
    private static final String SEGMENTATION = "1.2.840.10008.5.1.4.1.1.66.4";
    /** Kerf's, made of a random number as PS3.5, B.2 has it. */
    private static final String IMPLEMENTATION = "2.25.268921739023546987211504896123457689012";
    /** What goes over, with what it holds: the modules Patient, General Study and Frame of Reference ask for it. */
    private static final Map<Integer, String> TAKEN = new LinkedHashMap<>();

    static {
        TAKEN.put(0x00080020, "DA");
        TAKEN.put(0x00080030, "TM");
        TAKEN.put(0x00080050, "SH");
        TAKEN.put(0x00080090, "PN");
        TAKEN.put(0x00100010, "PN");
        TAKEN.put(0x00100020, "LO");
        TAKEN.put(0x00100030, "DA");
        TAKEN.put(0x00100040, "CS");
        TAKEN.put(0x0020000D, "UI");
        TAKEN.put(0x00200010, "SH");
    }

    private final DicomVolume of;
    private final List<Segment> segments;
    private final DataSet source;
    private final String instance = uid();
    private final Charset charset;

    SegmentationHeader(DicomVolume of, List<Segment> segments) {
        this.of = of;
        this.segments = segments;
        try (DicomFile first = DicomFile.open(of.frames().getFirst().file(),
                t -> TAKEN.containsKey(t) || t == 0x00201040 || Tag.of(t) != null && Tag.of(t).compareTo(Tag.SHARED_GROUPS) < 0
                        || Tag.of(t) == Tag.LOSSY)) {
            this.source = first.elements();
        }
        for (FramePlace f : of.frames()) {
            if (f.sopClass().isEmpty() || f.sopInstance().isEmpty()) {
                throw new BadFileException(f.file() + ": has no " + Tag.SOP_INSTANCE + " that a segmentation could refer to");
            }
        }
        this.charset = charset(source.text(Tag.CHARACTER_SET));
    }

    /** A new UID: a random number (PS3.5, B.2). */
    private static String uid() {
        UUID u = UUID.randomUUID();
        ByteBuffer b = ByteBuffer.allocate(16).putLong(u.getMostSignificantBits()).putLong(u.getLeastSignificantBits());
        return "2.25." + new BigInteger(1, b.array());
    }

    /** In which names of classes are written; texts of the patient go over byte by byte. */
    private static Charset charset(String said) {
        return switch (said) {
            case "", "ISO_IR 192" -> StandardCharsets.UTF_8;
            case "ISO_IR 100" -> StandardCharsets.ISO_8859_1;
            default -> StandardCharsets.US_ASCII;
        };
    }

    /** Writes all that comes before the pixels. */
    void write(OutputStream out, List<Part> parts) throws IOException {
        DicomItem meta = new DicomItem().put(0x00020001, "OB", new byte[] {0, 1}).text(0x00020002, "UI", SEGMENTATION)
                .text(0x00020003, "UI", instance).text(0x00020010, "UI", TransferSyntax.EXPLICIT.uid())
                .text(0x00020012, "UI", IMPLEMENTATION).text(0x00020013, "SH", "KERF");
        out.write(new byte[128]);
        out.write("DICM".getBytes(StandardCharsets.US_ASCII));
        out.write(new DicomItem().ul(0x00020000, meta.bytes().length).bytes());
        out.write(meta.bytes());
        out.write(elements(parts).bytes());
        out.write(DicomItem.head(Tag.FRAME_GROUPS.number(), "SQ", -1));
        for (Part part : parts) {
            out.write(frame(part).asItem());
        }
        out.write(new byte[] {(byte) 0xFE, (byte) 0xFF, (byte) 0xDD, (byte) 0xE0, 0, 0, 0, 0});
    }

    private DicomItem elements(List<Part> parts) {
        FramePlace first = of.frames().getFirst();
        LocalDateTime now = LocalDateTime.now();
        String date = now.format(DateTimeFormatter.BASIC_ISO_DATE);
        String time = now.format(DateTimeFormatter.ofPattern("HHmmss"));
        DicomItem d = new DicomItem();
        String set = source.text(Tag.CHARACTER_SET);
        d.text(0x00080005, "CS", set.isEmpty() ? "ISO_IR 192" : set);
        TAKEN.forEach((tag, vr) -> {
            Element e = source.find(tag);
            d.put(tag, vr, e == null ? new byte[0] : e.value());
        });
        if (source.text(Tag.STUDY_UID).isEmpty()) {
            d.text(Tag.STUDY_UID.number(), "UI", uid());
        }
        d.text(0x00080008, "CS", "DERIVED\\PRIMARY").text(0x00080016, "UI", SEGMENTATION).text(0x00080018, "UI", instance)
                .text(0x00080023, "DA", date).text(0x00080033, "TM", time).text(0x00080060, "CS", "SEG")
                .text(0x00080070, "LO", "Kerf").text(0x00081090, "LO", "kerf segment").text(0x00181000, "LO", "1")
                .text(0x00181020, "LO", version()).text(0x0008103E, "LO", "Segmentation by Kerf")
                .text(0x0020000E, "UI", uid()).text(0x00200011, "IS", "1000").text(0x00200013, "IS", "1")
                .items(0x00081115, referenced());
        if (!source.text(Tag.FRAME_OF_REFERENCE).isEmpty() && first.isPlaced()) {
            d.text(0x00200052, "UI", source.text(Tag.FRAME_OF_REFERENCE));
            Element indicator = source.find(0x00201040);
            d.put(0x00201040, "LO", indicator == null ? new byte[0] : indicator.value());
        }
        if (!first.isPlaced()) {
            d.text(0x00200020, "CS", "");
        }
        String organization = uid();
        d.items(0x00209221, new DicomItem().text(0x00209164, "UI", organization))
                .items(0x00209222, dimension(organization, 0x0062000B, 0x0062000A, "Segment"),
                        first.isPlaced()
                                ? dimension(organization, 0x00200032, 0x00209113, "Position")
                                : dimension(organization, 0x00209057, 0x00209111, "Frame"));
        d.us(0x00280002, 1).text(0x00280004, "CS", "MONOCHROME2").text(0x00280008, "IS", Integer.toString(parts.size()))
                .us(0x00280010, of.grid().rows()).us(0x00280011, of.grid().columns()).us(0x00280100, 1).us(0x00280101, 1)
                .us(0x00280102, 0).us(0x00280103, 0);
        boolean lossy = source.text(Tag.LOSSY).equals("01") && source.has(Tag.LOSSY_RATIO) && source.has(Tag.LOSSY_METHOD);
        d.text(0x00282110, "CS", lossy ? "01" : "00");
        if (lossy) {
            d.text(0x00282112, "DS", source.text(Tag.LOSSY_RATIO)).text(0x00282114, "CS", source.text(Tag.LOSSY_METHOD));
        }
        d.text(0x00620001, "CS", "BINARY").items(0x00620002, described()).text(0x00620013, "CS", "NO")
                .text(0x00700080, "CS", "SEGMENTATION").text(0x00700081, "LO", "").text(0x00700084, "PN", "")
                .items(0x52009229, shared());
        return d;
    }

    private static String version() {
        String said = SegmentationHeader.class.getPackage().getImplementationVersion();
        return said == null ? "unpackaged" : said;
    }

    private static DicomItem dimension(String organization, int pointer, int group, String label) {
        return new DicomItem().text(0x00209164, "UI", organization).pointer(0x00209165, pointer).pointer(0x00209167, group)
                .text(0x00209421, "LO", label);
    }

    /** The series that was segmented, and each of its files. */
    private DicomItem referenced() {
        Map<String, DicomItem> files = new LinkedHashMap<>();
        of.frames().forEach(f -> files.putIfAbsent(f.sopInstance(), reference(f)));
        return new DicomItem().items(0x0008114A, files.values().toArray(DicomItem[]::new))
                .text(0x0020000E, "UI", source.text(Tag.SERIES_UID));
    }

    private static DicomItem reference(FramePlace f) {
        return new DicomItem().text(0x00081150, "UI", f.sopClass()).text(0x00081155, "UI", f.sopInstance());
    }

    private DicomItem[] described() {
        List<DicomItem> out = new ArrayList<>();
        for (Segment s : segments) {
            String name = s.name().replace('\\', '/');
            out.add(new DicomItem().items(0x00620003, s.category().item()).us(0x00620004, out.size() + 1)
                    .text(0x00620005, "LO", name.substring(0, Math.min(64, name.length())), charset)
                    .text(0x00620008, "CS", "AUTOMATIC").text(0x00620009, "LO", "Kerf").items(0x0062000F, s.type().item()));
        }
        return out.toArray(DicomItem[]::new);
    }

    /** What all frames have in common: direction and size of pixels, as the files write them. */
    private DicomItem shared() {
        FramePlace f = of.frames().getFirst();
        DicomItem out = new DicomItem();
        if (!f.spacing().isEmpty()) {
            String step = decimal(of.grid().spacing().z());
            DicomItem measures = new DicomItem().text(0x00280030, "DS", f.spacing())
                    .text(0x00180050, "DS", f.thickness().isEmpty() ? step : f.thickness());
            if (f.isPlaced() && of.isRegular() && of.frames().size() > 1) {
                measures.text(0x00180088, "DS", f.between().isEmpty() ? step : f.between());
            }
            out.items(0x00289110, measures);
        }
        return f.isPlaced() ? out.items(0x00209116, new DicomItem().text(0x00200037, "DS", f.orientation())) : out;
    }

    /** A number in the 16 letters that a decimal string may have. */
    private static String decimal(double v) {
        return BigDecimal.valueOf(v).round(new MathContext(9)).stripTrailingZeros().toString();
    }

    private DicomItem frame(Part part) {
        FramePlace f = of.frames().get(part.slice());
        DicomItem content = new DicomItem().ul(0x00209157, part.segment() + 1, part.slice() + 1);
        if (!f.isPlaced()) {
            content.text(0x00209056, "SH", "1").ul(0x00209057, part.slice() + 1);
        }
        DicomItem from = reference(f).text(0x0028135A, "CS", "YES")
                .items(0x0040A170, new Code("121322", "DCM", "Source image for image processing operation").item());
        if (f.framesThere() > 1) {
            from.text(0x00081160, "IS", Integer.toString(f.index() + 1));
        }
        DicomItem out = new DicomItem()
                .items(0x00089124, new DicomItem().items(0x00082112, from)
                        .items(0x00089215, new Code("113076", "DCM", "Segmentation").item()))
                .items(0x00209111, content).items(0x0062000A, new DicomItem().us(0x0062000B, part.segment() + 1));
        return f.isPlaced() ? out.items(0x00209113, new DicomItem().text(0x00200032, "DS", f.position())) : out;
    }
}

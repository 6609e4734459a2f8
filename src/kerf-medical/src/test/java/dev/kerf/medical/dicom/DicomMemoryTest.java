package dev.kerf.medical.dicom;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.kerf.medical.Axis;
import dev.kerf.medical.Volume;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Of frames that have been read nothing is held, of those of a volume what says where each lies. */
class DicomMemoryTest {
    private static final int SIDE = 256;
    /** Bytes of a frame's place. */
    private static final int PLACE = 512;

    @TempDir
    private Path dir;

    /** Frames of zeros of which no byte lies on the disk. */
    private Path sparse(int frames) throws IOException {
        DicomItem meta = new DicomItem().text(0x00020010, "UI", TransferSyntax.EXPLICIT.uid());
        DicomItem d = new DicomItem().us(0x00280002, 1).text(0x00280004, "CS", "MONOCHROME2")
                .text(0x00280008, "IS", "" + frames)
                .us(0x00280010, SIDE).us(0x00280011, SIDE).us(0x00280100, 16).us(0x00280101, 16).us(0x00280102, 15)
                .us(0x00280103, 0);
        Path file = dir.resolve(frames + ".dcm");
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            out.write(new byte[128]);
            out.write("DICM".getBytes(StandardCharsets.US_ASCII));
            out.write(meta.bytes());
            out.write(d.bytes());
            long bytes = 2L * SIDE * SIDE * frames;
            out.write(DicomItem.head(Tag.PIXELS.number(), "OW", bytes));
            out.setLength(out.getFilePointer() + bytes);
        }
        return file;
    }

    private long heldAtTheLast(int frames) throws IOException {
        Path file = sparse(frames);
        try (Volume volume = DicomSeries.among(List.of(file), "sparse", _ -> {}).getFirst().open()) {
            assertEquals(frames, volume.grid().slices());
            for (int k = 0; k < frames; k++) {
                volume.read(Axis.Z, 0, k);
            }
            System.gc();
            return ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed();
        }
    }

    @Test
    void fiftyTimesTheFramesTakeTheirPlacesMore() throws IOException {
        heldAtTheLast(5);
        long few = heldAtTheLast(20);
        long many = heldAtTheLast(1000);
        // A frame takes 512 KiB as numbers.
        assertTrue(many - few < 980 * PLACE, few + " bytes with 20 frames, " + many + " with 1000");
    }
}

package dev.kerf.fuzz;

import com.code_intelligence.jazzer.junit.FuzzTest;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Volume;
import dev.kerf.medical.Window;
import dev.kerf.medical.dicom.DicomSeries;
import dev.kerf.medical.nifti.Nifti;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.params.provider.MethodSource;

/** Medical volumes. */
class VolumeFuzzTest {
    /** A byte of deflate stands for 1032, each of which may be a voxel, which takes 8, in a few copies. */
    private static final Held NIFTI = new Held(1032 * 8 * 4);

    /** Of 8 unpacked bytes an element or item may be. */
    private static final Held DICOM = new Held(1032 * 64);

    private static void slices(Volume volume, Axis... axes) {
        for (Axis axis : axes) {
            for (int i = 0; i < Math.min(2, volume.grid().slices(axis)); i++) {
                volume.read(axis, 0, i).toImage(volume.window().orElse(Window.between(0, 1)));
            }
        }
    }

    static Stream<byte[]> packed() {
        return Seeds.medical("nifti", ".nii.gz");
    }

    @MethodSource("packed")
    @FuzzTest
    void niftiPacked(byte[] input) {
        NIFTI.readingFile(input, "fuzz.nii.gz", file -> {
            try (Volume volume = Nifti.open(file)) {
                slices(volume, Axis.values());
            }
        });
    }

    static Stream<byte[]> plain() {
        return Stream.concat(Seeds.medical("nifti", ".nii"), Seeds.medical("nifti", ".hdr"));
    }

    @MethodSource("plain")
    @FuzzTest
    void nifti(byte[] input) {
        NIFTI.readingFile(input, "fuzz.nii", file -> {
            try (Volume volume = Nifti.open(file)) {
                slices(volume, Axis.values());
            }
        });
    }

    static Stream<byte[]> dicoms() {
        return Seeds.medical("dicom", ".dcm");
    }

    @MethodSource("dicoms")
    @FuzzTest
    void dicom(byte[] input) {
        DICOM.readingFile(input, "fuzz.dcm", file -> {
            for (DicomSeries series : DicomSeries.among(List.of(file), "fuzz", _ -> {})) {
                try (Volume volume = series.open()) {
                    slices(volume, Axis.Z);
                }
            }
        });
    }
}

package dev.kerf.cli.volume;

import dev.kerf.cli.console.Console;
import dev.kerf.cli.option.ReportFile;
import dev.kerf.image.Spacing;
import dev.kerf.mask.LabelMap;
import dev.kerf.medical.Axis;
import dev.kerf.medical.Grid;
import dev.kerf.medical.Slice;
import dev.kerf.medical.Volume;
import dev.kerf.medical.VolumeObject;
import dev.kerf.medical.VolumeObjects;
import dev.kerf.medical.VolumeTable;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/** The table of {@code --measure} of volumes; where none is wanted, it does nothing. Used by one thread at a time. */
public final class VolumeMeasures implements AutoCloseable {
    /** Measures a slice as a picture. */
    public interface SliceMeasure {
        /**
         * Adds rows.
         *
         * @param background a label that is nothing, -1 for none
         */
        void add(String title, Spacing spacing, LabelMap labels, Slice slice, int background, List<String> classes);
    }

    /**
     * What is measured.
     *
     * @param file         of the table; null for none
     * @param connectivity as {@link VolumeObjects} has it
     * @param least        fewest voxels of an object
     * @param most         most voxels
     * @param spacing      that was given; null where volumes say it
     * @param perSlice     measures slices, which has a table of its own; null where volumes are measured
     */
    public record Wanted(Path file, int connectivity, long least, long most, Spacing spacing, SliceMeasure perSlice) {}

    private final Wanted wanted;
    private final ReportFile report;
    private final VolumeTable table = new VolumeTable();
    private VolumeObjects objects;
    private Volume volume;
    private String title;
    private Axis axis;
    private int background;
    private List<String> classes;

    /** Begins the file, so that a place where none can be written is told of before the work. */
    public VolumeMeasures(Wanted wanted) {
        this.wanted = wanted;
        this.report = new ReportFile(wanted.perSlice == null ? wanted.file : null);
    }

    private Spacing spacing(Grid grid) {
        return wanted.spacing == null ? grid.spacing() : wanted.spacing;
    }

    /** What lengths are measured in. */
    String unit(Grid grid) {
        return spacing(grid).unit();
    }

    /** What a voxel takes, in that unit's cube. */
    double voxelVolume(Volume of) {
        Spacing s = spacing(of.grid());
        return wanted.spacing == null ? of.grid().toPatient().voxelVolume() : s.x() * s.y() * s.z();
    }

    void begin(String title, Volume volume, Axis axis, int background, List<String> classes) {
        this.title = title;
        this.volume = volume;
        this.axis = axis;
        this.background = background;
        this.classes = classes;
        this.objects = wanted.file == null || wanted.perSlice != null
                ? null
                : new VolumeObjects(volume.grid(), axis, wanted.connectivity, background, voxelVolume(volume));
    }

    void add(int frame, int index, LabelMap labels, Slice slice) {
        if (wanted.file != null && wanted.perSlice != null) {
            wanted.perSlice.add(slice.title(), wanted.spacing == null ? volume.grid().spacing(axis) : wanted.spacing, labels,
                    slice,
                    background, classes);
        } else if (objects != null) {
            objects.add(frame, index, labels, slice);
        }
    }

    void end(List<String> names) {
        if (objects != null) {
            List<VolumeObject> found = objects.finish().stream()
                    .filter(o -> o.voxels() >= wanted.least && o.voxels() <= wanted.most).toList();
            table.add(title, found, unit(volume.grid()), names::get);
        }
    }

    /** Writes the table, and says so unless the user wants nothing or JSON alone. */
    public void write(Console console, boolean silent) {
        if (wanted.file == null || wanted.perSlice != null) {
            return;
        }
        boolean json = wanted.file.toString().toLowerCase(Locale.ROOT).endsWith(".json");
        report.write(json ? table.toJson().pretty() + "\n" : table.toCsv());
        if (!silent) {
            console.out().println(wanted.file + "  " + table.size() + (table.size() == 1 ? " object" : " objects"));
        }
    }

    @Override
    public void close() {
        report.close();
    }
}

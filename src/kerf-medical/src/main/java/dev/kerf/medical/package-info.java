/**
 * Medical volumes: what is read slice by slice from NIfTI and DICOM files, where it lies in the patient, and what is found in it.
 *
 * <pre>{@code
 * try (Volume scan = Nifti.open(Path.of("scan.nii.gz"));
 *         LabelVolume labels = LabelVolume.of(scan.grid())) {
 *     Window window = scan.window().orElseGet(() -> Window.of(scan));
 *     for (int k = 0; k < scan.grid().slices(); k++) {
 *         Image picture = scan.read(Axis.Z, 0, k).toImage(window);
 *         labels.put(Axis.Z, 0, k, net.segment(picture, SegmentOptions.of()).labels());
 *     }
 *     Nifti.write(labels, scan, Path.of("scan-labels.nii.gz"));
 * }
 * }</pre>
 *
 * <p>Nothing of who was scanned is in any message or name that these classes make.
 */
package dev.kerf.medical;

/** Kerf for medicine: volumes of NIfTI and DICOM files in, slice by slice; labels and measures out. */
module dev.kerf.medical {
    requires java.desktop;
    requires transitive dev.kerf;

    exports dev.kerf.medical;
    exports dev.kerf.medical.dicom;
    exports dev.kerf.medical.nifti;
}

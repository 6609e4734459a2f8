/** DICOM files: pictures and series of them, read as volumes; segmentations, written. */
package dev.kerf.medical.dicom;

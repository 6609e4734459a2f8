/** NIfTI-1 and NIfTI-2 files. */
package dev.kerf.medical.nifti;

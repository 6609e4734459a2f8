/** Decodes image files to plain pixels and encodes PNG. Nothing here resizes or normalises: these are graph ops. */
package dev.kerf.image;

/** Decodes image files to plain pixels and encodes PNG. Nothing here resizes or normalises: these are graph ops. */
@NullMarked
package dev.kerf.image;

import org.jspecify.annotations.NullMarked;

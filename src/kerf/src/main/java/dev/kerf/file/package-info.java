/** Files that are written whole or not at all, and files mapped to be read. */
@NullMarked
package dev.kerf.file;

import org.jspecify.annotations.NullMarked;

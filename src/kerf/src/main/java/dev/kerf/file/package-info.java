/** Files that are written whole or not at all. */
@NullMarked
package dev.kerf.file;

import org.jspecify.annotations.NullMarked;

/** The one family of errors; every message says what was wrong, where, and what to do. */
@NullMarked
package dev.kerf.error;

import org.jspecify.annotations.NullMarked;

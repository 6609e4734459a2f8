/** The one family of errors; every message says what was wrong, where, and what to do. */
package dev.kerf.error;

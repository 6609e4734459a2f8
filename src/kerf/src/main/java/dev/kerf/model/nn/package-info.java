/**
 * The kit that models stand on: modules that read weights by the checkpoint's names and record graphs. It knows no model.
 */
@NullMarked
package dev.kerf.model.nn;

import org.jspecify.annotations.NullMarked;

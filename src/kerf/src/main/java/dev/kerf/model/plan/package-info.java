/** Compiled plans that calls of a model share. */
@NullMarked
package dev.kerf.model.plan;

import org.jspecify.annotations.NullMarked;

/** Compiled plans that calls of a model share, and the check of what they gave. */
@NullMarked
package dev.kerf.model.plan;

import org.jspecify.annotations.NullMarked;

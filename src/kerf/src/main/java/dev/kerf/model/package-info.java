/** What the models share. */
@NullMarked
package dev.kerf.model;

import org.jspecify.annotations.NullMarked;

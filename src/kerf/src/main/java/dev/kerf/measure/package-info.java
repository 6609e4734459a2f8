/**
 * How large, how round and how bright what was found is.
 *
 * <p>{@link dev.kerf.measure.ObjectFinder} takes masks and label maps apart into objects, on a device: cleaned, filled, told apart
 * where they touch, as {@link dev.kerf.measure.ObjectRules} say. {@link dev.kerf.measure.Region} measures each of them,
 * {@link dev.kerf.measure.MeasureTable} writes what was measured, a row an object.
 * {@link dev.kerf.measure.DistanceTransform} says how far pixels are from the nearest one outside a mask.
 *
 * <p>Figures are those of scikit-image's {@code regionprops} wherever it has them.
 */
@NullMarked
package dev.kerf.measure;

import org.jspecify.annotations.NullMarked;

/** Files of weights: fetched, converted, described. */
package dev.kerf.cli.weights;

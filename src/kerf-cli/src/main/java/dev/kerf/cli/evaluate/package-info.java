/** Predictions held to the truth. */
package dev.kerf.cli.evaluate;

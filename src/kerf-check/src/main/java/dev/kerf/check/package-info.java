/** The self-test of an installed program; below it, what it and the tests hold every back end and model to. */
package dev.kerf.check;

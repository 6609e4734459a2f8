/** What every back end has to hold to, for its tests and for the self-test of an installed program. */
package dev.kerf.check.op;

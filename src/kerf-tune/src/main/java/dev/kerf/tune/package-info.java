/** Tuning: a search over a space of parameters, within a budget, by measured or recorded costs. */
package dev.kerf.tune;

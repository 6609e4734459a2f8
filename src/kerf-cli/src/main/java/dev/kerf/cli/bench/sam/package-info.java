/** Networks that are shown things, side by side: what it takes to look at an image, to the first mask, and to masks of everything. */
package dev.kerf.cli.bench.sam;

/** What a model's kernels cost on a card that nobody needs to have. */
package dev.kerf.cli.kernels;

/** Published weights: where they are, what they are, and their download. */
package dev.kerf.cli.fetch;

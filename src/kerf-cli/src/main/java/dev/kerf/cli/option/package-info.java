/** Options that several commands share. */
package dev.kerf.cli.option;

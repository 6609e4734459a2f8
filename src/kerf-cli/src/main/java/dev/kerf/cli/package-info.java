/**
 * The {@code kerf} command. {@link dev.kerf.cli.Main} runs one subcommand, each of them a class of its own, and turns errors
 * into one line and an exit code. Nothing else in Kerf depends on this package or on what it uses to read a command line.
 */
package dev.kerf.cli;

/** What the user reads, and exit codes. */
package dev.kerf.cli.console;

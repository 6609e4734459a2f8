/** Medical volumes on the command line. */
package dev.kerf.cli.volume;

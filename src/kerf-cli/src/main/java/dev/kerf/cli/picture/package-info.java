/** Images and videos through a network: inputs, runs, files of results. */
package dev.kerf.cli.picture;

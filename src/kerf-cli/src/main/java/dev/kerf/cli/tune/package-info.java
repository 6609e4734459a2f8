/** The search for parameters: on a device, or over what others measured. */
package dev.kerf.cli.tune;

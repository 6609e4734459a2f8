/** {@code kerf serve}: the page and the service. */
package dev.kerf.cli.serve;

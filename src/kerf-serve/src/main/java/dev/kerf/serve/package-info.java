/**
 * A page to click on and the service behind it, on the JDK's HTTP server: {@link dev.kerf.serve.Server} with what
 * {@link dev.kerf.serve.ServeOptions} say and the {@link dev.kerf.serve.Networks} that are loaded. What it answers is
 * described in {@code openapi.json}, which it serves.
 */
package dev.kerf.serve;

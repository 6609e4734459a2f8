/** What Kerf tells JDK Flight Recorder. */
package dev.kerf.trace;

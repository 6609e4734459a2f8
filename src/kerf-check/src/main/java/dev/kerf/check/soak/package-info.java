/** What a device stands for hours: many threads, models and sizes, calls that end early, devices that come and go. */
package dev.kerf.check.soak;

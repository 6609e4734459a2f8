/** What trials gave, and the files that the tuning community keeps it in: Kernel Tuner's caches and T4. */
package dev.kerf.tune.result;

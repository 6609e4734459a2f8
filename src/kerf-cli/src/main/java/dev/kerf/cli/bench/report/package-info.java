/** What a benchmark found: rows and the environment, comparisons, and the pages that show them. */
package dev.kerf.cli.bench.report;

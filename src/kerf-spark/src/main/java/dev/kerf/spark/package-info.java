/**
 * Segmentation of many images on Apache Spark: {@link dev.kerf.spark.KerfSpark} for data sets and SQL,
 * {@link dev.kerf.spark.KerfJob} for {@code spark-submit}.
 */
package dev.kerf.spark;

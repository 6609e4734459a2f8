/** Methods of search held against each other, and what a space is like. */
package dev.kerf.tune.compare;

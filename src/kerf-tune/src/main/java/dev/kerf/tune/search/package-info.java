/** Methods that say which configuration to try next. */
package dev.kerf.tune.search;

/** What the models share. */
package dev.kerf.model;

/** What was drawn over a picture, in the forms that other programs read. */
package dev.kerf.serve.export;

/** The structure of GIF files, on which pictures and animations stand; not exported. */
package dev.kerf.image.gif;

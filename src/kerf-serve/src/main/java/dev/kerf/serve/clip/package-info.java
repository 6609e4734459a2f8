/** Videos: what was shown in them and what was found, and the tracker that finds it. */
package dev.kerf.serve.clip;

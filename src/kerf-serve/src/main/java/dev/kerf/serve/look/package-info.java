/** What looks at a picture once and then answers prompts: SAM, or a segmentation's connected regions. */
package dev.kerf.serve.look;

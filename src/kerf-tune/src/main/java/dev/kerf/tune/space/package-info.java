/** What parameters a kernel can have: spaces of configurations that hold a manifest's constraints. */
package dev.kerf.tune.space;

/** What reference implementations computed, stage by stage, and how models are held to it. */
package dev.kerf.check.golden;

/** What every op means, in plain float64 loops: what all back ends are compared with. */
package dev.kerf.check.oracle;

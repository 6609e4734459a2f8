/** What a graph's launches cost: counted on the code that ships, block by block, and what a card could make of it. */
package dev.kerf.check.cost;

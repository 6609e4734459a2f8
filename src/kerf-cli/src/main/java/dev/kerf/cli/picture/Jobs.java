package dev.kerf.cli.picture;

/**
 * How images are worked on.
 *
 * @param most     at most so many are decoded at once or wait for the network, and so many written
 * @param manifest what is done already, and what becomes so
 */
record Jobs(int most, Manifest manifest) implements AutoCloseable {
    @Override
    public void close() {
        manifest.close();
    }
}

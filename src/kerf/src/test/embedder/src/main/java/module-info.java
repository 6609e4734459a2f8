/** Somebody's application. */
module example.cells {
    requires dev.kerf;
    requires java.logging;
}

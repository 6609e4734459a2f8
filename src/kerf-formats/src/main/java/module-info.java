/** Annotations as other programs have them. */
module dev.kerf.formats {
    requires transitive dev.kerf;
    requires java.xml;

    exports dev.kerf.formats;
}

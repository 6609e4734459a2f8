/** Annotations as other programs have them. */
module dev.kerf.formats {
    requires transitive dev.kerf;
    requires java.xml;
    requires org.snakeyaml.engine.v2;

    exports dev.kerf.formats;
}

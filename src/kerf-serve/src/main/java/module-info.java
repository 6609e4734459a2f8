/** Kerf's page and service: pictures in, masks out, over HTTP. */
module dev.kerf.serve {
    requires transitive dev.kerf;
    requires dev.kerf.formats;
    requires java.xml;
    requires jdk.httpserver;

    exports dev.kerf.serve;
}

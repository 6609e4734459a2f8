/** The {@code kerf} command. */
module dev.kerf.cli {
    requires dev.kerf;
    requires dev.kerf.check;
    requires dev.kerf.formats;
    requires dev.kerf.geo;
    requires dev.kerf.medical;
    requires dev.kerf.serve;
    requires dev.kerf.tune;
    requires info.picocli;
    requires static jdk.incubator.vector;
    requires java.management;
    requires java.net.http;
    requires jdk.management;
    requires jdk.unsupported;
    requires me.tongfei.progressbar;

    uses dev.kerf.cli.bench.Peer;

    opens dev.kerf.cli to info.picocli;
    opens dev.kerf.cli.bench to info.picocli;
    opens dev.kerf.cli.console to info.picocli;
    opens dev.kerf.cli.evaluate to info.picocli;
    opens dev.kerf.cli.option to info.picocli;
    opens dev.kerf.cli.picture to info.picocli;
    opens dev.kerf.cli.raster to info.picocli;
    opens dev.kerf.cli.serve to info.picocli;
    opens dev.kerf.cli.tune to info.picocli;
    opens dev.kerf.cli.volume to info.picocli;
    opens dev.kerf.cli.weights to info.picocli;
}

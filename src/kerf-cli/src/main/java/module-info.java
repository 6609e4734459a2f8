/** The {@code kerf} command. */
module dev.kerf.cli {
    requires dev.kerf;
    requires dev.kerf.check;
    requires info.picocli;
    requires java.management;
    requires java.net.http;
    requires jdk.management;
    requires me.tongfei.progressbar;

    opens dev.kerf.cli to info.picocli;
}

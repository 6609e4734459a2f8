/** The back end {@code tornado}: kernels as Java methods, compiled by TornadoVM. */
module dev.kerf.tornado {
    requires dev.kerf;
    requires jdk.management;
    requires tornado.api;

    provides dev.kerf.backend.gpu.tornado.TornadoDevices with dev.kerf.tornado.InstalledDevices;
}

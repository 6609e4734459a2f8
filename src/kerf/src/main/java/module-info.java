/** Kerf, the library: image segmentation by hand-written kernels on the CPU and on GPUs. */
// The other modules, which internals are exported to, are compiled after this one.
@SuppressWarnings("module")
module dev.kerf {
    requires static jdk.incubator.vector;
    requires static jdk.jfr;
    // Annotations alone, which nothing reads at run time.
    requires static org.jspecify;
    // For BufferedImage alone, which who calls with one has.
    requires static transitive java.desktop;

    exports dev.kerf;
    exports dev.kerf.backend;
    exports dev.kerf.error;
    exports dev.kerf.graph;
    exports dev.kerf.graph.onnx;
    exports dev.kerf.image;
    exports dev.kerf.image.video;
    exports dev.kerf.json;
    exports dev.kerf.mask;
    exports dev.kerf.measure;
    exports dev.kerf.metrics;
    exports dev.kerf.model;
    exports dev.kerf.model.maskrcnn;
    exports dev.kerf.model.matting;
    exports dev.kerf.model.nn;
    exports dev.kerf.model.sam2;
    exports dev.kerf.model.unet;
    exports dev.kerf.tensor;
    exports dev.kerf.weights;

    exports dev.kerf.backend.cpu to dev.kerf.cli;
    exports dev.kerf.backend.cpu.kernel to dev.kerf.check;
    exports dev.kerf.backend.gpu to dev.kerf.check, dev.kerf.cli, dev.kerf.jcuda, dev.kerf.tornado, dev.kerf.tune;
    exports dev.kerf.backend.gpu.device to dev.kerf.check, dev.kerf.cli, dev.kerf.jcuda, dev.kerf.tornado, dev.kerf.tune;
    exports dev.kerf.backend.gpu.kernel to dev.kerf.check, dev.kerf.cli, dev.kerf.jcuda, dev.kerf.tornado, dev.kerf.tune;
    exports dev.kerf.backend.gpu.cuda to dev.kerf.check, dev.kerf.cli, dev.kerf.jcuda, dev.kerf.tune;
    exports dev.kerf.backend.gpu.tornado to dev.kerf.tornado;
    exports dev.kerf.file to dev.kerf.cli, dev.kerf.formats, dev.kerf.geo, dev.kerf.medical, dev.kerf.serve, dev.kerf.tune;
    exports dev.kerf.graph.plan to dev.kerf.check, dev.kerf.cli, dev.kerf.tune;
    exports dev.kerf.model.onnx to dev.kerf.check, dev.kerf.cli;
    exports dev.kerf.model.sam2.network to dev.kerf.check;

    uses dev.kerf.backend.Backend;
    uses dev.kerf.backend.gpu.tornado.TornadoDevices;

    provides dev.kerf.backend.Backend with
            dev.kerf.backend.cpu.CpuBackend,
            dev.kerf.backend.gpu.cuda.CudaBackend,
            dev.kerf.backend.gpu.opencl.OpenClBackend,
            dev.kerf.backend.gpu.tornado.TornadoBackend;
}

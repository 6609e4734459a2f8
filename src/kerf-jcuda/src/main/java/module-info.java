/** The back end {@code jcuda}: NVIDIA's driver, reached through JCuda. */
module dev.kerf.jcuda {
    requires dev.kerf;
    requires jcuda;

    provides dev.kerf.backend.Backend with dev.kerf.backend.gpu.jcuda.JcudaBackend;
}

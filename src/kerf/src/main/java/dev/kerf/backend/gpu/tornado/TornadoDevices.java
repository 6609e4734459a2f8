package dev.kerf.backend.gpu.tornado;

import dev.kerf.backend.Device;
import dev.kerf.backend.gpu.Driver;
import java.util.List;

/** What the jar that is built with TornadoVM provides; found by {@link java.util.ServiceLoader}. */
public interface TornadoDevices {
    /** The devices that TornadoVM finds, its default first. */
    List<Device.Info> devices();

    /** The driver of one of them. */
    Driver open(int ordinal);
}

package dev.kerf.backend.gpu.device;

import dev.kerf.backend.gpu.Driver;
import dev.kerf.graph.Graph.Node;
import java.util.Map;

/**
 * A launch in its place.
 *
 * @param node        what it is part of
 * @param kernel      its entry
 * @param definitions parameters and attributes that it was built with
 * @param launch      ready to go
 * @param flops       arithmetic operations
 * @param bytes       to be read and written at least
 */
public record Step(Node node, String kernel, Map<String, String> definitions, Driver.Launch launch, long flops, long bytes) {}

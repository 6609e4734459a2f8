package dev.kerf.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpServer;
import dev.kerf.cli.console.ExitCode;
import dev.kerf.cli.fetch.WeightsCache;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WeightsFetchTest {
    @TempDir
    private Path directory;

    private final byte[] content = "no weights at all".getBytes(StandardCharsets.UTF_8);
    private HttpServer server;
    private String base;
    private String sha256;

    @BeforeEach
    void start() throws Exception {
        System.setProperty(WeightsCache.DIRECTORY, directory.resolve("cache").toString());
        sha256 = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(content));
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/models/sam2.1_hiera_tiny.pt", e -> {
            e.sendResponseHeaders(200, content.length);
            e.getResponseBody().write(content);
            e.close();
        });
        server.start();
        base = "http://localhost:" + server.getAddress().getPort() + "/models";
    }

    @AfterEach
    void stop() {
        server.stop(0);
        System.clearProperty(WeightsCache.DIRECTORY);
    }

    @Test
    void weightsAreFetchedOnceAndThenKnownByName() throws IOException {
        Run fetched = Run.of("weights", "fetch", "sam2.1-tiny", "--mirror", base, "--sha256", sha256).succeeded();
        Path file = directory.resolve("cache").resolve("sam2.1_hiera_tiny.pt");
        assertArrayEquals(content, Files.readAllBytes(file));
        for (String text : new String[] {"Apache-2.0", base + "/sam2.1_hiera_tiny.pt", file.toString(), sha256 + "  checked"}) {
            assertTrue(fetched.out().contains(text), () -> "expected '" + text + "' in: " + fetched.out());
        }
        String list = Run.of("weights", "fetch", "--list").succeeded().out();
        for (String name : new String[] {"sam2.1-tiny", "sam-vit-b", "sam-vit-l", "sam-vit-h", "isnet-general-use", "u2netp"}) {
            assertTrue(list.contains(name), name);
        }
        // The content is none, but it is this file that is looked into.
        Run.of("segment", "--weights", "sam2.1-tiny", "x.png").failedWith(ExitCode.FAILED, file.toString(),
                "neither a safetensors");
    }

    @Test
    void namesThatWereNotFetchedSayHow() {
        Run.of("segment", "--weights", "sam2.1-tiny", "x.png")
                .failedWith(ExitCode.USAGE, "haven't been fetched", "kerf weights fetch sam2.1-tiny");
    }

    @Test
    void whatCannotBeFetchedSaysWhy() {
        Run.of("weights", "fetch", "sam9").failedWith(ExitCode.USAGE, "'sam9'", "sam2.1-tiny", "maskrcnn-resnet50-fpn-v2");
        Run.of("weights", "fetch", "sam2.1-tiny", "--url", "gopher://x").failedWith(ExitCode.USAGE,
                "no http or https address");
        Run.of("weights", "fetch", "sam2.1-tiny", "--sha256", "12").failedWith(ExitCode.USAGE, "64 hexadecimal digits");
        Run.of("weights", "fetch", "sam2.1-tiny", "sam2-tiny", "--url", base).failedWith(ExitCode.USAGE, "one name");
        Run.of("weights", "fetch").failedWith(ExitCode.USAGE, "which weights", "sam2.1-tiny");
        // The licence and the address are shown before anything comes.
        Run gone = Run.of("weights", "fetch", "sam2.1-tiny", "--url", base + "/gone");
        assertEquals(ExitCode.FAILED, gone.code());
        assertTrue(gone.err().contains("404 (not found)"), gone.err());
        Run other = Run.of("weights", "fetch", "sam2.1-tiny", "--mirror", base);
        assertTrue(other.err().contains("it is another file"), other.err());
    }
}

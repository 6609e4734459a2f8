package dev.kerf.serve;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.kerf.error.BackendUnavailableException;
import dev.kerf.error.BadFileException;
import dev.kerf.error.BadInputException;
import dev.kerf.error.CancelledException;
import dev.kerf.error.CapacityExceededException;
import dev.kerf.error.ClosedException;
import dev.kerf.error.DeadlineExceededException;
import dev.kerf.error.DeviceException;
import dev.kerf.json.Json;
import dev.kerf.serve.look.Pointer;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * The page and the service, on the JDK's HTTP server and virtual threads: pictures come in as bytes or as paths in one
 * folder, are looked at once, and prompts are answered with masks. {@code openapi.json}, which it serves, describes it.
 *
 * <pre>{@code
 * try (Device device = Backends.best();
 *         Weights weights = Weights.open(Path.of("sam2.1_hiera_tiny.pt"));
 *         Sam2 sam = Sam2.load(device, weights);
 *         Server server = Server.start(ServeOptions.of(Path.of("photos")), Networks.of(sam, weights))) {
 *     System.out.println(server.url());          // http://127.0.0.1:43210/TOKEN/
 *     ...
 * }
 * }</pre>
 */
public final class Server implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Server.class.getName());
    /** What needs no token: it says nothing but that the server is there. */
    private static final Set<String> OPEN = Set.of("/health");
    private static final int STOP_SECONDS = 10;
    /**
     * Of the JDK's server: seconds that a client may take to send a request, connections, and bytes that are still read of a
     * request that was refused, without which the client would see the connection end and not the answer.
     */
    private static final Map<String, String> LIMITS = Map.of("sun.net.httpserver.maxReqTime", "120",
            "jdk.httpserver.maxConnections", "512", "sun.net.httpserver.nodelay", "true", "sun.net.httpserver.drainAmount",
            Long.toString(64L << 20));

    static {
        // Read once by the JDK's server, so before its first use; who starts the JVM may have said otherwise.
        LIMITS.forEach((name, value) -> {
            if (System.getProperty(name) == null) {
                System.setProperty(name, value);
            }
        });
    }

    private final ServeOptions options;
    private final Networks networks;
    private final Gate gate;
    private final ImageStore store;
    private final ClipStore clips;
    private final WorkQueue prompts;
    private final WorkQueue longer;
    private final Passing passing;
    private final TaskApi taskApi;
    private final Metrics metrics = new Metrics();
    private final List<Route> routes = new ArrayList<>();
    private final HttpServer http;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private volatile boolean stopping;

    private Server(ServeOptions options, Networks networks) {
        this.options = options;
        this.networks = networks;
        this.gate = new Gate(options.host(), options.token());
        Folder folder = new Folder(options.folder());
        Pointer pointer = networks.pointer();
        Uploads uploads = new Uploads(options.work(), options.limits());
        this.clips = new ClipStore(options.work(), networks.tracker(), options.limits().memory() / 2, VideoApi::shown);
        this.store = new ImageStore(pointer, options.limits().memory(), clips::bytes);
        this.prompts = new WorkQueue("prompts", options.limits().waiting());
        this.longer = new WorkQueue("tasks", options.limits().waiting());
        Tasks tasks = new Tasks();
        this.taskApi = new TaskApi(options, networks, store, longer, tasks);
        this.passing = new Passing(options.limits(), store);
        routes.addAll(new Api(options, folder, uploads, store, prompts, tasks).routes());
        routes.addAll(new LabelStudioApi(options, pointer, folder, store, prompts, passing).routes());
        routes.addAll(new QuPathApi(options, store, prompts, longer, passing).routes());
        routes.addAll(taskApi.routes());
        routes.addAll(new VideoApi(options, networks, folder, uploads, clips, prompts, tasks).routes());
        routes.addAll(new FollowApi(options, networks, clips, longer, tasks).routes());
        routes.addAll(new ClipExportApi(options, clips).routes());
        routes.addAll(new FeaturesApi(options, networks, pointer, store, prompts).routes());
        routes.addAll(new WorkApi(options, store, longer).routes());
        routes.add(new Route("GET", "/api/info", c -> c.answer(200, info(pointer))));
        routes.add(new Route("GET", "/health", c -> c.answer(200, Json.object().put("status", "UP"))));
        routes.add(new Route("GET", "/metrics", c -> c.answer(200, "text/plain; version=0.0.4; charset=utf-8",
                metrics.text().getBytes(StandardCharsets.UTF_8))));
        Assets assets = new Assets();
        for (String name : Assets.NAMES) {
            routes.add(new Route("GET", name.equals("index.html") ? "/" : "/" + name,
                    c -> c.answer(200, Assets.type(name), assets.file(name))));
        }
        measure();
        InetSocketAddress address = new InetSocketAddress(options.host(), options.port());
        try {
            if (address.isUnresolved()) {
                throw new IOException("there is no such address here");
            }
            this.http = HttpServer.create(address, 0);
        } catch (IOException e) {
            prompts.close();
            longer.close();
            throw new BackendUnavailableException("can't listen at " + options.host() + " port " + options.port() + ": "
                    + e.getMessage() + "; --port 0 takes one that is free", e);
        }
        http.setExecutor(threads);
        http.createContext("/", this::handle);
    }

    /**
     * Starts to listen.
     *
     * @return to be closed by the caller, before the networks
     * @throws BadFileException            if there is no such folder
     * @throws BackendUnavailableException if it can't listen there
     */
    public static Server start(ServeOptions options, Networks networks) {
        Server server = new Server(options, networks);
        server.http.start();
        return server;
    }

    /** Where the page is: the address with its token. Whoever knows it may use the server. */
    public String url() {
        String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
        return "http://" + host + ":" + port() + "/" + options.token() + "/";
    }

    /** The port that it listens at. */
    public int port() {
        return http.getAddress().getPort();
    }

    private void measure() {
        metrics.gauge("waiting", "Prompts that wait for the network.", prompts::waiting);
        metrics.gauge("running", "Prompts that are answered now.", prompts::running);
        metrics.gauge("tasks_waiting", "Long tasks that wait.", longer::waiting);
        metrics.gauge("tasks_running", "Long tasks that run now.", longer::running);
        metrics.gauge("images", "Pictures in memory.", store::size);
        metrics.gauge("image_bytes", "Bytes that pictures and their features take.", store::bytes);
        metrics.gauge("image_bytes_limit", "Bytes that they may take.", store::limit);
        metrics.gauge("videos", "Videos in memory.", clips::size);
        metrics.gauge("video_bytes", "Bytes that videos and their trackers take.", clips::bytes);
        metrics.counter("looks_total", "Pictures that were looked at.", store::looks);
        metrics.counter("evictions_total", "Pictures that gave way to others in memory.", store::evictions);
        Runtime jvm = Runtime.getRuntime();
        metrics.gauge("heap_bytes", "Bytes of the Java heap in use.", () -> jvm.totalMemory() - jvm.freeMemory());
    }

    private Json info(Pointer pointer) {
        Json tasks = Json.array();
        taskApi.kinds().forEach(tasks::add);
        Json json = Json.object().put("pointer", pointer.name()).put("sam", pointer.promptable())
                .put("video", networks.tracker() != null).put("tasks", tasks)
                .put("limits", Json.object().put("upload_bytes", options.limits().uploadBytes())
                        .put("video_bytes", options.limits().disk())
                        .put("pixels", options.limits().pixels()));
        networks.unet().ifPresent(net -> {
            Json classes = Json.array();
            net.classNames().forEach(classes::add);
            json.put("classes", classes);
        });
        return json;
    }

    /** All that is answered; for what compares it with its description. */
    List<Route> routes() {
        return List.copyOf(routes);
    }

    /** What prompts wait in; for who holds it up. */
    WorkQueue prompts() {
        return prompts;
    }

    private void handle(HttpExchange exchange) {
        long start = System.nanoTime();
        String counted = "none";
        Call call = new Call(exchange, Map.of());
        try (exchange) {
            Gate.protect(exchange.getResponseHeaders());
            try {
                if (stopping) {
                    throw new Refusal(503, "the server is stopping", 1);
                }
                String path = gate.pass(exchange, OPEN::contains);
                if (path.isEmpty()) {
                    call.set("Location", "/" + options.token() + "/");
                    call.answer(308, "text/plain", new byte[0]);
                    return;
                }
                Route route = route(exchange.getRequestMethod(), path, call);
                counted = route.path();
                call = new Call(exchange, route.match(path).orElseThrow());
                route.work().answer(call);
            } catch (IOException e) {
                // The client went away, or stopped in the middle of its request.
                LOG.log(Level.DEBUG, "a client went away", e);
                refuse(call, new Refusal(400, "the request ended too early"));
            } catch (RuntimeException | Error e) {
                refuse(call, refusal(e));
            }
        } catch (IOException e) {
            LOG.log(Level.DEBUG, "a client went away", e);
        } finally {
            metrics.count(counted, call.status(), System.nanoTime() - start);
        }
    }

    private Route route(String method, String path, Call call) {
        Set<String> others = new TreeSet<>();
        for (Route r : routes) {
            if (r.match(path).isPresent()) {
                if (r.method().equals(method)) {
                    return r;
                }
                others.add(r.method());
            }
        }
        if (others.isEmpty()) {
            throw new Refusal(404, "there is nothing at this address: openapi.json says what there is");
        }
        call.set("Allow", String.join(", ", others));
        throw new Refusal(405, "this takes " + String.join(" or ", others));
    }

    /** Says no, if nothing was said yet. */
    private static void refuse(Call call, Refusal r) throws IOException {
        if (call.status() != 0) {
            return;
        }
        if (r.retryAfter() > 0) {
            call.set("Retry-After", Integer.toString(r.retryAfter()));
        }
        call.answer(r.status(), Json.object().put("error", r.getMessage()));
    }

    private static Refusal refusal(Throwable e) {
        return switch (e) {
            case Refusal r -> r;
            case BadInputException bad -> new Refusal(400, bad.getMessage());
            case BadFileException bad -> new Refusal(400, bad.getMessage());
            case DeadlineExceededException late -> new Refusal(504, late.getMessage());
            case CancelledException off -> new Refusal(409, off.getMessage());
            case ClosedException closed -> new Refusal(503, "the server is stopping", 1);
            case CapacityExceededException full -> new Refusal(503, full.getMessage(), 5);
            case DeviceException device when device.outOfMemory() -> full(e);
            case OutOfMemoryError memory -> full(e);
            default -> {
                LOG.log(Level.ERROR, "a request failed: " + e);
                LOG.log(Level.DEBUG, "a request failed", e);
                yield new Refusal(500, "something failed here, not in the request; the server's log says what");
            }
        };
    }

    private static Refusal full(Throwable e) {
        LOG.log(Level.WARNING, "not enough memory: " + e);
        return new Refusal(503, "there isn't enough memory for this now", 5);
    }

    /**
     * Stops: what is asked from now on is answered 503, what was asked before is answered for up to ten seconds, and then
     * everything that was made of pictures is freed. The networks stay as they are.
     */
    @Override
    public void close() {
        if (!stopping) {
            stopping = true;
            prompts.drain(STOP_SECONDS);
            prompts.close();
            longer.close();
            http.stop(1);
            threads.shutdownNow();
            store.close();
            clips.close();
            passing.close();
        }
    }
}

// A stand-in for libcuda.so.1, for tests on machines without a GPU: the driver API that Kerf uses, done by the first CPU
// device of any OpenCL platform. Streams are command queues, events are markers, graphs are lists of kernels.
//
//   gcc -shared -fPIC -O1 -Wall -Wextra -Werror -o libcuda.so standin_cuda.c -ldl -lpthread
//
// A module's image is a text: "// kerf stand-in", then "// definitions: -DA=1 ...", then OpenCL C. It is stricter than a
// driver: every call but the first few needs a current context, handles and addresses are checked, grids have CUDA's
// limits, and what a capturing stream or thread must not do fails. Device addresses are numbers that nothing lies at.
//
// For tests: standin_live counts what wasn't freed, standin_calls counts calls, standin_fault makes a call fail, standin_set
// changes the device, standin_last tells of the last launch, standin_context changes the thread's context, standin_abandon
// forgets what was left. The environment's KERF_STANDIN=name=value,... is standin_set at
// the start, KERF_STANDIN_FAULT=call:passes:status is standin_fault.

#define _GNU_SOURCE
#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef int CUresult;
typedef uint64_t CUdeviceptr;

enum {
    SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_CONTEXT = 201, INVALID_PTX = 218,
    INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719,
    CAPTURE_UNSUPPORTED = 900, CAPTURE_UNMATCHED = 903, UNKNOWN = 999
};

static const struct { int status; const char *name; } NAMES[] = {
    {0, "CUDA_SUCCESS"}, {1, "CUDA_ERROR_INVALID_VALUE"}, {2, "CUDA_ERROR_OUT_OF_MEMORY"}, {34, "CUDA_ERROR_STUB_LIBRARY"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE"}, {100, "CUDA_ERROR_NO_DEVICE"}, {201, "CUDA_ERROR_INVALID_CONTEXT"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"}, {214, "CUDA_ERROR_ECC_UNCORRECTABLE"}, {218, "CUDA_ERROR_INVALID_PTX"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"}, {400, "CUDA_ERROR_INVALID_HANDLE"}, {500, "CUDA_ERROR_NOT_FOUND"},
    {600, "CUDA_ERROR_NOT_READY"}, {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT"}, {719, "CUDA_ERROR_LAUNCH_FAILED"}, {801, "CUDA_ERROR_NOT_SUPPORTED"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"},
    {900, "CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED"}, {903, "CUDA_ERROR_STREAM_CAPTURE_UNMATCHED"}, {999, "CUDA_ERROR_UNKNOWN"}
};

// OpenCL, of which only the functions below are used.
typedef void *cl;
#define CL(result, name, ...) static result (*name)(__VA_ARGS__);
#define CL_FUNCTIONS(F) \
    F(int, clGetPlatformIDs, unsigned, cl *, unsigned *) \
    F(int, clGetDeviceIDs, cl, uint64_t, unsigned, cl *, unsigned *) \
    F(int, clGetDeviceInfo, cl, unsigned, size_t, void *, size_t *) \
    F(cl, clCreateContext, const void *, unsigned, const cl *, void *, void *, int *) \
    F(int, clReleaseContext, cl) \
    F(cl, clCreateCommandQueue, cl, cl, uint64_t, int *) \
    F(int, clReleaseCommandQueue, cl) \
    F(cl, clCreateBuffer, cl, uint64_t, size_t, void *, int *) \
    F(int, clReleaseMemObject, cl) \
    F(cl, clCreateProgramWithSource, cl, unsigned, const char **, const size_t *, int *) \
    F(int, clBuildProgram, cl, unsigned, const cl *, const char *, void *, void *) \
    F(int, clGetProgramBuildInfo, cl, cl, unsigned, size_t, void *, size_t *) \
    F(int, clReleaseProgram, cl) \
    F(cl, clCreateKernel, cl, const char *, int *) \
    F(int, clReleaseKernel, cl) \
    F(int, clSetKernelArg, cl, unsigned, size_t, const void *) \
    F(int, clGetKernelInfo, cl, unsigned, size_t, void *, size_t *) \
    F(int, clEnqueueNDRangeKernel, cl, cl, unsigned, const size_t *, const size_t *, const size_t *, unsigned, \
        const cl *, cl *) \
    F(int, clEnqueueWriteBuffer, cl, cl, unsigned, size_t, size_t, const void *, unsigned, const cl *, cl *) \
    F(int, clEnqueueReadBuffer, cl, cl, unsigned, size_t, size_t, void *, unsigned, const cl *, cl *) \
    F(int, clEnqueueCopyBuffer, cl, cl, cl, size_t, size_t, size_t, unsigned, const cl *, cl *) \
    F(int, clEnqueueFillBuffer, cl, cl, const void *, size_t, size_t, size_t, unsigned, const cl *, cl *) \
    F(int, clEnqueueMarkerWithWaitList, cl, unsigned, const cl *, cl *) \
    F(int, clEnqueueBarrierWithWaitList, cl, unsigned, const cl *, cl *) \
    F(int, clFlush, cl) \
    F(int, clFinish, cl) \
    F(int, clWaitForEvents, unsigned, const cl *) \
    F(int, clGetEventInfo, cl, unsigned, size_t, void *, size_t *) \
    F(int, clGetEventProfilingInfo, cl, unsigned, size_t, void *, size_t *) \
    F(int, clRetainEvent, cl) \
    F(int, clReleaseEvent, cl)
#define DECLARE(result, name, ...) CL(result, name, __VA_ARGS__)
CL_FUNCTIONS(DECLARE)

#define MOST_ARGUMENTS 64
#define MOST_DYNAMIC 167936
#define PLAIN_DYNAMIC 49152

enum kind { FREED, STREAM, EVENT, MODULE, FUNCTION, POOL, GRAPH, EXEC, KINDS };
static const char *const KIND_NAMES[KINDS] =
    {"freed", "streams", "events", "modules", "functions", "pools", "graphs", "executables"};

// A handle's first word says what it is. Freed ones are kept, so that their use is an error and not a crash.
struct node {
    cl kernel;
    size_t global[3], local[3];
    struct node *next;
};
struct object {
    enum kind kind;
    cl queue;                      // STREAM
    struct object *capture;        // STREAM: the graph that it records
    int broken;                    // STREAM: its capture failed
    cl event;                      // EVENT: the last marker, or null
    cl program;                    // MODULE
    struct object *functions;      // MODULE: a list by next
    struct object *next;
    struct object *module;         // FUNCTION
    char name[128];                // FUNCTION
    cl kernel;                     // FUNCTION
    int arguments;                 // FUNCTION
    signed char pointer[MOST_ARGUMENTS];
    signed char size[MOST_ARGUMENTS];
    int dynamic;                   // FUNCTION: most bytes of shared memory given at launch
    struct node *first, *last;     // GRAPH, EXEC
};
struct memory {
    CUdeviceptr address;
    size_t bytes;
    cl buffer;
    struct memory *next;
};
struct host {
    void *address;
    struct host *next;
};
struct call {
    char name[48];
    long count, passes;
    int status;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct call calls[128];
static int call_count;
static long live[KINDS];
static long contexts, live_memory, live_bytes, live_host;
static struct memory *memories;
static struct host *hosts;
static CUdeviceptr next_address = 0x7f0000000000;
static int lost;
static int started;
static cl device, context;
static long version = 12060, devices = 1, pools = 1, total = 8L << 30, major_ = 9, minor_ = 0;
static long last_shared, last_cluster, last_attributes;
static __thread void *current[16];
static __thread int depth, capturing;

static char CONTEXT[8];

static struct call *call_named(const char *name) {
    for (int i = 0; i < call_count; i++) {
        if (strcmp(calls[i].name, name) == 0) {
            return &calls[i];
        }
    }
    if (call_count == 128) {
        abort();
    }
    struct call *c = &calls[call_count++];
    snprintf(c->name, sizeof c->name, "%s", name);
    c->passes = -1;
    return c;
}

static int sticky(int status) {
    return status == 46 || status == 214 || status == 220 || (status >= 700 && status != 701 && status < 720) || status == 999;
}

// What every function begins with: count, injected faults, a lost device, the current context, capturing threads.
static CUresult enter(struct call **cached, const char *name, int needs_context, int unsafe) {
    pthread_mutex_lock(&lock);
    struct call *c = *cached ? *cached : (*cached = call_named(name));
    c->count++;
    CUresult status = SUCCESS;
    if (c->passes == 0) {
        status = c->status;
        c->passes = -1;
        lost = sticky(status) ? status : lost;
    } else {
        c->passes -= c->passes > 0;
        status = !needs_context ? SUCCESS
            : lost ? lost
            : depth == 0 || current[depth - 1] != CONTEXT || contexts == 0 ? INVALID_CONTEXT
            : unsafe && capturing ? CAPTURE_UNSUPPORTED : SUCCESS;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
#define ENTER(name, needs_context, unsafe) \
    static struct call *call_; \
    CUresult status_ = enter(&call_, name, needs_context, unsafe); \
    if (status_) return status_
#define NEED(handle, k) \
    if (!(handle) || (handle)->kind != (k)) return INVALID_HANDLE
#define TRY(call) \
    do { int s_ = (call); if (s_) return failed(#call, s_); } while (0)

static CUresult failed(const char *what, int status) {
    fprintf(stderr, "stand-in: OpenCL status %d in %s\n", status, what);
    return status == -4 || status == -5 || status == -6 || status == -61 ? OUT_OF_MEMORY : LAUNCH_FAILED;
}

static struct object *made(enum kind kind) {
    struct object *o = calloc(1, sizeof *o);
    o->kind = kind;
    __atomic_add_fetch(&live[kind], 1, __ATOMIC_RELAXED);
    return o;
}

static void gone(struct object *o) {
    __atomic_sub_fetch(&live[o->kind], 1, __ATOMIC_RELAXED);
    o->kind = FREED;
}

int standin_set(const char *name, long value) {
    long *all[] = {&version, &devices, &pools, &total, &major_, &minor_};
    const char *names[] = {"version", "devices", "pools", "memory", "major", "minor"};
    for (int i = 0; i < 6; i++) {
        if (strcmp(name, names[i]) == 0) {
            *all[i] = value;
            return 1;
        }
    }
    return 0;
}

void standin_fault(const char *name, long passes, int status) {
    pthread_mutex_lock(&lock);
    struct call *c = call_named(name);
    c->passes = passes;
    c->status = status;
    pthread_mutex_unlock(&lock);
}

long standin_calls(const char *name) {
    pthread_mutex_lock(&lock);
    long n = call_named(name)->count;
    pthread_mutex_unlock(&lock);
    return n;
}

long standin_live(const char *what) {
    for (int k = 1; k < KINDS; k++) {
        if (strcmp(what, KIND_NAMES[k]) == 0) {
            return live[k];
        }
    }
    return strcmp(what, "contexts") == 0 ? contexts
        : strcmp(what, "buffers") == 0 ? live_memory
        : strcmp(what, "bytes") == 0 ? live_bytes
        : strcmp(what, "host") == 0 ? live_host : -1;
}

long standin_last(const char *what) {
    return strcmp(what, "shared") == 0 ? last_shared
        : strcmp(what, "cluster") == 0 ? last_cluster
        : strcmp(what, "attributes") == 0 ? last_attributes : -1;
}

__attribute__((constructor)) static void configure(void) {
    char *settings = getenv("KERF_STANDIN") ? strdup(getenv("KERF_STANDIN")) : NULL;
    for (char *s = settings ? strtok(settings, ",") : NULL; s; s = strtok(NULL, ",")) {
        char *equals = strchr(s, '=');
        if (equals) {
            *equals = 0;
            standin_set(s, atol(equals + 1));
        }
    }
    free(settings);
    char name[48];
    long passes;
    int status;
    if (getenv("KERF_STANDIN_FAULT")
            && sscanf(getenv("KERF_STANDIN_FAULT"), "%47[^:]:%ld:%d", name, &passes, &status) == 3) {
        standin_fault(name, passes, status);
    }
}

// ---- devices and contexts

CUresult cuGetErrorName(int status, const char **text) {
    for (size_t i = 0; i < sizeof NAMES / sizeof *NAMES; i++) {
        if (NAMES[i].status == status) {
            *text = NAMES[i].name;
            return SUCCESS;
        }
    }
    *text = NULL;
    return INVALID_VALUE;
}

CUresult cuDriverGetVersion(int *out) {
    ENTER("cuDriverGetVersion", 0, 0);
    *out = (int)version;
    return SUCCESS;
}

CUresult cuInit(unsigned flags) {
    ENTER("cuInit", 0, 0);
    if (flags) {
        return INVALID_VALUE;
    }
    pthread_mutex_lock(&lock);
    if (!started) {
        void *library = dlopen("libOpenCL.so.1", RTLD_NOW);
        if (!library) {
            fprintf(stderr, "stand-in: %s\n", dlerror());
            pthread_mutex_unlock(&lock);
            return NO_DEVICE;
        }
#define LOAD(result, name, ...) name = (result (*)(__VA_ARGS__))dlsym(library, #name);
        CL_FUNCTIONS(LOAD)
        cl platforms[8];
        unsigned count = 0;
        clGetPlatformIDs(8, platforms, &count);
        for (unsigned i = 0; i < count && i < 8 && !device; i++) {
            if (clGetDeviceIDs(platforms[i], 1 << 1, 1, &device, NULL)) {
                device = NULL;
            }
        }
        started = 1;
    }
    pthread_mutex_unlock(&lock);
    return device && devices ? SUCCESS : NO_DEVICE;
}

CUresult cuDeviceGetCount(int *count) {
    ENTER("cuDeviceGetCount", 0, 0);
    *count = (int)devices;
    return SUCCESS;
}

CUresult cuDeviceGet(int *out, int ordinal) {
    ENTER("cuDeviceGet", 0, 0);
    *out = ordinal;
    return ordinal < devices ? SUCCESS : INVALID_VALUE;
}

CUresult cuDeviceGetName(char *text, int length, int dev) {
    ENTER("cuDeviceGetName", 0, 0);
    snprintf(text, length, "Kerf stand-in");
    return dev < devices ? SUCCESS : INVALID_VALUE;
}

CUresult cuDeviceGetAttribute(int *value, int attribute, int dev) {
    ENTER("cuDeviceGetAttribute", 0, 0);
    (void)dev;
    switch (attribute) {
        case 1: *value = 1024; break;
        case 5: *value = 0x7fffffff; break;
        case 6: case 7: *value = 65535; break;
        case 8: *value = PLAIN_DYNAMIC; break;
        case 16: *value = 4; break;
        case 18: *value = 0; break;
        case 75: *value = (int)major_; break;
        case 76: *value = (int)minor_; break;
        case 97: *value = MOST_DYNAMIC; break;
        case 115: *value = (int)pools; break;
        default: return INVALID_VALUE;
    }
    return SUCCESS;
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, int dev) {
    ENTER("cuDeviceTotalMem", 0, 0);
    (void)dev;
    *bytes = total;
    return SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(void **out, int dev) {
    ENTER("cuDevicePrimaryCtxRetain", 0, 0);
    (void)dev;
    pthread_mutex_lock(&lock);
    int status = 0;
    if (!context) {
        context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
    }
    contexts += !status;
    pthread_mutex_unlock(&lock);
    *out = CONTEXT;
    return status ? failed("clCreateContext", status) : SUCCESS;
}

// A lost context takes everything in it along.
static void forget(void) {
    memset(live, 0, sizeof live);
    memories = NULL;
    hosts = NULL;
    lost = live_memory = live_bytes = live_host = 0;
}

void standin_abandon(void) {
    pthread_mutex_lock(&lock);
    contexts = depth = capturing = 0;
    forget();
    pthread_mutex_unlock(&lock);
}

long standin_context(long push) {
    if (push > 0) {
        current[depth++] = (void *)push;
    } else if (push == 0) {
        depth--;
    }
    return depth ? (long)current[depth - 1] : 0;
}

CUresult cuDevicePrimaryCtxRelease_v2(int dev) {
    ENTER("cuDevicePrimaryCtxRelease", 0, 0);
    (void)dev;
    pthread_mutex_lock(&lock);
    if (contexts > 0 && --contexts == 0 && lost) {
        forget();
    }
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}

CUresult cuCtxPushCurrent_v2(void *ctx) {
    ENTER("cuCtxPushCurrent", 0, 0);
    if (!ctx || depth == 16) {
        return INVALID_CONTEXT;
    }
    current[depth++] = ctx;
    return SUCCESS;
}

CUresult cuCtxPopCurrent_v2(void **ctx) {
    ENTER("cuCtxPopCurrent", 0, 0);
    if (depth == 0) {
        return INVALID_CONTEXT;
    }
    *ctx = current[--depth];
    return SUCCESS;
}

CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes) {
    ENTER("cuMemGetInfo", 1, 0);
    *free_bytes = total - live_bytes;
    *total_bytes = total;
    return SUCCESS;
}

// ---- modules

static const char *line_after(const char *text, const char *start) {
    size_t n = strlen(start);
    return strncmp(text, start, n) == 0 ? text + n : NULL;
}

CUresult cuModuleLoadDataEx(struct object **out, const char *image, unsigned count, const int *options, void **values) {
    ENTER("cuModuleLoadDataEx", 1, 1);
    char *log = NULL;
    size_t log_bytes = 0;
    for (unsigned i = 0; i < count; i++) {
        if (options[i] == 5) {
            log = values[i];
        } else if (options[i] == 6) {
            log_bytes = (size_t)values[i];
        }
    }
    const char *definitions = line_after(image, "// kerf stand-in\n// definitions:");
    const char *end = definitions ? strchr(definitions, '\n') : NULL;
    if (!end) {
        snprintf(log, log_bytes, "ptxas fatal: no image of the stand-in's");
        return INVALID_PTX;
    }
    uint64_t rounding = 0;
    TRY(clGetDeviceInfo(device, 0x101B, 8, &rounding, NULL));
    char build[4096];
    snprintf(build, sizeof build, "-cl-std=CL1.2%s%.*s", rounding & 1 << 7 ? " -cl-fp32-correctly-rounded-divide-sqrt" : "",
        (int)(end - definitions), definitions);
    const char *source = end + 1;
    int status;
    cl program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
    TRY(status);
    if (clBuildProgram(program, 1, &device, build, NULL, NULL)) {
        clGetProgramBuildInfo(program, device, 0x1183, log_bytes, log, NULL);
        clReleaseProgram(program);
        return INVALID_PTX;
    }
    *out = made(MODULE);
    (*out)->program = program;
    return SUCCESS;
}

CUresult cuModuleGetFunction(struct object **out, struct object *module, const char *name) {
    ENTER("cuModuleGetFunction", 1, 0);
    NEED(module, MODULE);
    int status;
    cl kernel = clCreateKernel(module->program, name, &status);
    if (status) {
        return NOT_FOUND;
    }
    unsigned count = 0;
    TRY(clGetKernelInfo(kernel, 0x1191, 4, &count, NULL));
    if (count > MOST_ARGUMENTS) {
        return INVALID_VALUE;
    }
    struct object *f = made(FUNCTION);
    f->kernel = kernel;
    f->module = module;
    f->arguments = (int)count;
    f->dynamic = PLAIN_DYNAMIC;
    snprintf(f->name, sizeof f->name, "%s", name);
    uint64_t nothing = 0;
    for (unsigned i = 0; i < count; i++) {
        // Only a pointer can be null, and only the right size is taken.
        f->pointer[i] = clSetKernelArg(kernel, i, 8, NULL) == 0;
        f->size[i] = f->pointer[i] || clSetKernelArg(kernel, i, 8, &nothing) == 0 ? 8
            : clSetKernelArg(kernel, i, 4, &nothing) == 0 ? 4 : 0;
        if (!f->size[i]) {
            return INVALID_VALUE;
        }
    }
    f->next = module->functions;
    module->functions = f;
    *out = f;
    return SUCCESS;
}

CUresult cuModuleUnload(struct object *module) {
    ENTER("cuModuleUnload", 1, 1);
    NEED(module, MODULE);
    for (struct object *f = module->functions; f; f = f->next) {
        clReleaseKernel(f->kernel);
        gone(f);
    }
    clReleaseProgram(module->program);
    gone(module);
    return SUCCESS;
}

CUresult cuFuncGetAttribute(int *value, int attribute, struct object *f) {
    ENTER("cuFuncGetAttribute", 1, 0);
    NEED(f, FUNCTION);
    *value = 1024;
    return attribute == 0 ? SUCCESS : INVALID_VALUE;
}

CUresult cuFuncSetAttribute(struct object *f, int attribute, int value) {
    ENTER("cuFuncSetAttribute", 1, 0);
    NEED(f, FUNCTION);
    if (attribute == 8 && value >= 0 && value <= MOST_DYNAMIC) {
        f->dynamic = value;
        return SUCCESS;
    }
    return attribute == 14 ? SUCCESS : INVALID_VALUE;
}

#ifndef STANDIN_OLD
CUresult cuFuncGetParamInfo(struct object *f, size_t index, size_t *offset, size_t *size) {
    ENTER("cuFuncGetParamInfo", 1, 0);
    NEED(f, FUNCTION);
    if (index >= (size_t)f->arguments) {
        return INVALID_VALUE;
    }
    *offset = 0;
    *size = f->size[index];
    return SUCCESS;
}
#endif

// ---- memory

static struct memory *find(CUdeviceptr address, size_t bytes) {
    for (struct memory *m = memories; m; m = m->next) {
        if (address >= m->address && address - m->address <= m->bytes && bytes <= m->bytes - (address - m->address)) {
            return m;
        }
    }
    return NULL;
}

static struct memory *memory_at(CUdeviceptr address, size_t bytes) {
    pthread_mutex_lock(&lock);
    struct memory *m = find(address, bytes);
    pthread_mutex_unlock(&lock);
    return m;
}

static CUresult allocate(CUdeviceptr *out, size_t bytes) {
    if (bytes == 0) {
        return INVALID_VALUE;
    }
    if ((long)bytes > total - live_bytes) {
        return OUT_OF_MEMORY;
    }
    int status;
    cl buffer = clCreateBuffer(context, 1, bytes, NULL, &status);
    TRY(status);
    struct memory *m = calloc(1, sizeof *m);
    pthread_mutex_lock(&lock);
    m->address = next_address;
    m->bytes = bytes;
    m->buffer = buffer;
    m->next = memories;
    memories = m;
    next_address += (bytes + 511) / 256 * 256; // with a gap after each
    live_memory++;
    live_bytes += (long)bytes;
    pthread_mutex_unlock(&lock);
    *out = m->address;
    return SUCCESS;
}

static CUresult release(CUdeviceptr address) {
    pthread_mutex_lock(&lock);
    struct memory **at = &memories;
    while (*at && (*at)->address != address) {
        at = &(*at)->next;
    }
    struct memory *m = *at;
    if (m) {
        *at = m->next;
        live_memory--;
        live_bytes -= (long)m->bytes;
    }
    pthread_mutex_unlock(&lock);
    if (!m) {
        return INVALID_VALUE;
    }
    clReleaseMemObject(m->buffer);
    free(m);
    return SUCCESS;
}

CUresult cuMemAlloc_v2(CUdeviceptr *out, size_t bytes) {
    ENTER("cuMemAlloc", 1, 1);
    return allocate(out, bytes);
}

CUresult cuMemFree_v2(CUdeviceptr address) {
    ENTER("cuMemFree", 1, 1);
    return release(address);
}

CUresult cuMemPoolCreate(struct object **out, const int *properties) {
    ENTER("cuMemPoolCreate", 1, 1);
    // Pinned memory on a device, shared with nobody.
    if (properties[0] != 1 || properties[1] != 0 || properties[2] != 1 || properties[3] >= devices) {
        return INVALID_VALUE;
    }
    *out = made(POOL);
    return SUCCESS;
}

CUresult cuMemPoolDestroy(struct object *pool) {
    ENTER("cuMemPoolDestroy", 1, 1);
    NEED(pool, POOL);
    gone(pool);
    return SUCCESS;
}

CUresult cuMemPoolSetAttribute(struct object *pool, int attribute, const uint64_t *value) {
    ENTER("cuMemPoolSetAttribute", 1, 0);
    NEED(pool, POOL);
    return attribute == 4 && *value == UINT64_MAX ? SUCCESS : INVALID_VALUE;
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *out, size_t bytes, struct object *pool, struct object *stream) {
    ENTER("cuMemAllocFromPoolAsync", 1, 1);
    NEED(pool, POOL);
    NEED(stream, STREAM);
    return allocate(out, bytes);
}

CUresult cuMemFreeAsync(CUdeviceptr address, struct object *stream) {
    ENTER("cuMemFreeAsync", 1, 1);
    NEED(stream, STREAM);
    TRY(clFinish(stream->queue));
    return release(address);
}

CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags) {
    ENTER("cuMemHostAlloc", 1, 1);
    if (bytes == 0 || flags > 7 || posix_memalign(out, 4096, bytes)) {
        return bytes == 0 || flags > 7 ? INVALID_VALUE : OUT_OF_MEMORY;
    }
    struct host *h = calloc(1, sizeof *h);
    h->address = *out;
    pthread_mutex_lock(&lock);
    h->next = hosts;
    hosts = h;
    live_host++;
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}

CUresult cuMemFreeHost(void *address) {
    ENTER("cuMemFreeHost", 1, 1);
    pthread_mutex_lock(&lock);
    struct host **at = &hosts;
    while (*at && (*at)->address != address) {
        at = &(*at)->next;
    }
    struct host *h = *at;
    if (h) {
        *at = h->next;
        live_host--;
        free(h->address);
        free(h);
    }
    pthread_mutex_unlock(&lock);
    return h ? SUCCESS : INVALID_VALUE;
}

// ---- streams and events

CUresult cuStreamCreate(struct object **out, unsigned flags) {
    ENTER("cuStreamCreate", 1, 1);
    int status;
    cl queue = clCreateCommandQueue(context, device, 1 << 1, &status);
    TRY(status);
    *out = made(STREAM);
    (*out)->queue = queue;
    return flags <= 1 ? SUCCESS : INVALID_VALUE;
}

CUresult cuStreamDestroy_v2(struct object *stream) {
    ENTER("cuStreamDestroy", 1, 1);
    NEED(stream, STREAM);
    clFinish(stream->queue);
    clReleaseCommandQueue(stream->queue);
    gone(stream);
    return SUCCESS;
}

// A capturing stream takes launches only.
#define IDLE(stream) \
    if ((stream)->capture) { (stream)->broken = 1; return CAPTURE_UNSUPPORTED; }

static CUresult state_of(cl event) {
    int state = 0;
    if (event) {
        TRY(clGetEventInfo(event, 0x11D3, 4, &state, NULL));
    }
    return state > 0 ? NOT_READY : state == 0 ? SUCCESS : LAUNCH_FAILED;
}

CUresult cuStreamQuery(struct object *stream) {
    ENTER("cuStreamQuery", 1, 0);
    NEED(stream, STREAM);
    IDLE(stream);
    cl marker;
    TRY(clEnqueueMarkerWithWaitList(stream->queue, 0, NULL, &marker));
    TRY(clFlush(stream->queue));
    CUresult status = state_of(marker);
    clReleaseEvent(marker);
    return status;
}

CUresult cuStreamSynchronize(struct object *stream) {
    ENTER("cuStreamSynchronize", 1, 0);
    NEED(stream, STREAM);
    IDLE(stream);
    TRY(clFinish(stream->queue));
    return SUCCESS;
}

CUresult cuEventCreate(struct object **out, unsigned flags) {
    ENTER("cuEventCreate", 1, 0);
    *out = made(EVENT);
    return flags == 0 || flags == 2 ? SUCCESS : INVALID_VALUE;
}

CUresult cuEventDestroy_v2(struct object *event) {
    ENTER("cuEventDestroy", 1, 0);
    NEED(event, EVENT);
    if (event->event) {
        clReleaseEvent(event->event);
    }
    gone(event);
    return SUCCESS;
}

CUresult cuEventRecord(struct object *event, struct object *stream) {
    ENTER("cuEventRecord", 1, 0);
    NEED(event, EVENT);
    NEED(stream, STREAM);
    IDLE(stream);
    cl marker;
    TRY(clEnqueueMarkerWithWaitList(stream->queue, 0, NULL, &marker));
    TRY(clFlush(stream->queue));
    pthread_mutex_lock(&lock);
    cl before = event->event;
    event->event = marker;
    pthread_mutex_unlock(&lock);
    if (before) {
        clReleaseEvent(before);
    }
    return SUCCESS;
}

// The event's marker, to be released; null if it was never recorded.
static cl marker_of(struct object *event) {
    pthread_mutex_lock(&lock);
    cl marker = event->event;
    if (marker) {
        clRetainEvent(marker);
    }
    pthread_mutex_unlock(&lock);
    return marker;
}

CUresult cuEventQuery(struct object *event) {
    ENTER("cuEventQuery", 1, 0);
    NEED(event, EVENT);
    cl marker = marker_of(event);
    CUresult status = state_of(marker);
    if (marker) {
        clReleaseEvent(marker);
    }
    return status;
}

CUresult cuEventSynchronize(struct object *event) {
    ENTER("cuEventSynchronize", 1, 0);
    NEED(event, EVENT);
    cl marker = marker_of(event);
    if (marker) {
        int status = clWaitForEvents(1, &marker);
        clReleaseEvent(marker);
        TRY(status);
    }
    return SUCCESS;
}

CUresult cuEventElapsedTime(float *milliseconds, struct object *start, struct object *end) {
    ENTER("cuEventElapsedTime", 1, 0);
    NEED(start, EVENT);
    NEED(end, EVENT);
    if (!start->event || !end->event) {
        return INVALID_HANDLE;
    }
    if (state_of(start->event) || state_of(end->event)) {
        return NOT_READY;
    }
    uint64_t from = 0, to = 0;
    TRY(clGetEventProfilingInfo(start->event, 0x1283, 8, &from, NULL));
    TRY(clGetEventProfilingInfo(end->event, 0x1283, 8, &to, NULL));
    *milliseconds = (float)((double)(to - from) * 1e-6);
    return SUCCESS;
}

CUresult cuStreamWaitEvent(struct object *stream, struct object *event, unsigned flags) {
    ENTER("cuStreamWaitEvent", 1, 0);
    NEED(stream, STREAM);
    NEED(event, EVENT);
    IDLE(stream);
    cl marker = marker_of(event);
    if (marker) {
        int status = clEnqueueBarrierWithWaitList(stream->queue, 1, &marker, NULL);
        clReleaseEvent(marker);
        TRY(status);
        TRY(clFlush(stream->queue));
    }
    return flags == 0 ? SUCCESS : INVALID_VALUE;
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, struct object *stream) {
    ENTER("cuMemcpyHtoDAsync", 1, 0);
    NEED(stream, STREAM);
    IDLE(stream);
    struct memory *m = memory_at(to, bytes);
    if (!m) {
        return INVALID_VALUE;
    }
    if (bytes) {
        TRY(clEnqueueWriteBuffer(stream->queue, m->buffer, 0, to - m->address, bytes, from, 0, NULL, NULL));
        TRY(clFlush(stream->queue));
    }
    return SUCCESS;
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, struct object *stream) {
    ENTER("cuMemcpyDtoHAsync", 1, 0);
    NEED(stream, STREAM);
    IDLE(stream);
    struct memory *m = memory_at(from, bytes);
    if (!m) {
        return INVALID_VALUE;
    }
    if (bytes) {
        TRY(clEnqueueReadBuffer(stream->queue, m->buffer, 0, from - m->address, bytes, to, 0, NULL, NULL));
        TRY(clFlush(stream->queue));
    }
    return SUCCESS;
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, struct object *stream) {
    ENTER("cuMemcpyDtoDAsync", 1, 0);
    NEED(stream, STREAM);
    IDLE(stream);
    struct memory *a = memory_at(from, bytes), *b = memory_at(to, bytes);
    if (!a || !b) {
        return INVALID_VALUE;
    }
    if (bytes) {
        TRY(clEnqueueCopyBuffer(stream->queue, a->buffer, b->buffer, from - a->address, to - b->address, bytes, 0, NULL,
            NULL));
        TRY(clFlush(stream->queue));
    }
    return SUCCESS;
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, struct object *stream) {
    ENTER("cuMemsetD8Async", 1, 0);
    NEED(stream, STREAM);
    IDLE(stream);
    struct memory *m = memory_at(to, bytes);
    if (!m) {
        return INVALID_VALUE;
    }
    if (bytes) {
        TRY(clEnqueueFillBuffer(stream->queue, m->buffer, &value, 1, to - m->address, bytes, 0, NULL, NULL));
        TRY(clFlush(stream->queue));
    }
    return SUCCESS;
}

// ---- launches and graphs

struct attribute {
    int id, pad;
    union { char pad[64]; struct { unsigned x, y, z; } cluster; } value;
};
struct config {
    unsigned grid[3], block[3], shared;
    struct object *stream;
    struct attribute *attributes;
    unsigned count;
};

static CUresult set_arguments(struct object *f, cl kernel, void **arguments) {
    for (int i = 0; i < f->arguments; i++) {
        if (f->pointer[i]) {
            CUdeviceptr address = *(CUdeviceptr *)arguments[i];
            struct memory *m = memory_at(address, 1);
            if (!m || m->address != address) {
                lost = ILLEGAL_ADDRESS;
                return ILLEGAL_ADDRESS;
            }
            TRY(clSetKernelArg(kernel, i, sizeof(cl), &m->buffer));
        } else {
            TRY(clSetKernelArg(kernel, i, f->size[i], arguments[i]));
        }
    }
    return SUCCESS;
}

static CUresult check_launch(const struct config *c, const struct object *f) {
    unsigned long items = (unsigned long)c->block[0] * c->block[1] * c->block[2];
    int ok = items > 0 && items <= 1024 && c->grid[0] && c->grid[1] && c->grid[2] && c->grid[0] <= 0x7fffffff
        && c->grid[1] <= 65535 && c->grid[2] <= 65535 && (int)c->shared <= f->dynamic;
    last_shared = c->shared;
    last_cluster = 1;
    last_attributes = c->count;
    for (unsigned i = 0; i < c->count; i++) {
        if (c->attributes[i].id == 4) {
            last_cluster = c->attributes[i].value.cluster.x;
            ok &= last_cluster && c->grid[0] % last_cluster == 0 && c->attributes[i].value.cluster.y == 1
                && c->attributes[i].value.cluster.z == 1;
        } else {
            ok = 0;
        }
    }
    return ok ? SUCCESS : INVALID_VALUE;
}

CUresult cuLaunchKernelEx(const struct config *c, struct object *f, void **arguments, void **extra) {
    ENTER("cuLaunchKernelEx", 1, 0);
    NEED(f, FUNCTION);
    NEED(c->stream, STREAM);
    CUresult status = extra ? INVALID_VALUE : check_launch(c, f);
    if (status) {
        return status;
    }
    struct node n = {.kernel = f->kernel};
    for (int i = 0; i < 3; i++) {
        n.global[i] = (size_t)c->grid[i] * c->block[i];
        n.local[i] = c->block[i];
    }
    struct object *stream = c->stream;
    if (stream->capture) {
        int made_status;
        n.kernel = clCreateKernel(f->module->program, f->name, &made_status);
        TRY(made_status);
        status = set_arguments(f, n.kernel, arguments);
        struct node *copy = malloc(sizeof n);
        *copy = n;
        *(stream->capture->last ? &stream->capture->last->next : &stream->capture->first) = copy;
        stream->capture->last = copy;
        return status;
    }
    static pthread_mutex_t launching = PTHREAD_MUTEX_INITIALIZER; // a kernel's arguments are its state
    pthread_mutex_lock(&launching);
    status = set_arguments(f, n.kernel, arguments);
    int queued = status ? 0
        : clEnqueueNDRangeKernel(stream->queue, n.kernel, 3, NULL, n.global, n.local, 0, NULL, NULL);
    pthread_mutex_unlock(&launching);
    TRY(queued);
    TRY(clFlush(stream->queue));
    return status;
}

// What bindings without cuLaunchKernelEx call.
CUresult cuLaunchKernel(struct object *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
        unsigned shared, struct object *stream, void **arguments, void **extra) {
    struct config c = {.grid = {gx, gy, gz}, .block = {bx, by, bz}, .shared = shared, .stream = stream};
    return cuLaunchKernelEx(&c, f, arguments, extra);
}

#ifndef STANDIN_WITHOUT_GRAPHS
CUresult cuStreamBeginCapture_v2(struct object *stream, int mode) {
    ENTER("cuStreamBeginCapture", 1, 0);
    NEED(stream, STREAM);
    IDLE(stream);
    if (mode < 0 || mode > 2) {
        return INVALID_VALUE;
    }
    stream->capture = made(GRAPH);
    stream->broken = 0;
    capturing++;
    return SUCCESS;
}
#endif

static void drop(struct object *graph) {
    for (struct node *n = graph->first; n;) {
        struct node *next = n->next;
        clReleaseKernel(n->kernel);
        free(n);
        n = next;
    }
    graph->first = graph->last = NULL;
    gone(graph);
}

CUresult cuStreamEndCapture(struct object *stream, struct object **out) {
    // A capture ends whatever happens: an injected fault comes after it.
    struct object *graph = stream && stream->kind == STREAM ? stream->capture : NULL;
    if (graph) {
        stream->capture = NULL;
        capturing--;
    }
    static struct call *call_;
    CUresult status = enter(&call_, "cuStreamEndCapture", 1, 0);
    if (graph && (status || stream->broken)) {
        drop(graph);
        graph = NULL;
    }
    *out = graph;
    return status ? status : graph ? SUCCESS : CAPTURE_UNMATCHED;
}

CUresult cuGraphInstantiateWithFlags(struct object **out, struct object *graph, uint64_t flags) {
    ENTER("cuGraphInstantiate", 1, 1);
    NEED(graph, GRAPH);
    // The graph isn't used again: its nodes move.
    *out = made(EXEC);
    (*out)->first = graph->first;
    (*out)->last = graph->last;
    graph->first = graph->last = NULL;
    return flags == 0 ? SUCCESS : INVALID_VALUE;
}

CUresult cuGraphUpload(struct object *exec, struct object *stream) {
    ENTER("cuGraphUpload", 1, 1);
    NEED(exec, EXEC);
    NEED(stream, STREAM);
    return SUCCESS;
}

CUresult cuGraphLaunch(struct object *exec, struct object *stream) {
    ENTER("cuGraphLaunch", 1, 0);
    NEED(exec, EXEC);
    NEED(stream, STREAM);
    IDLE(stream);
    for (struct node *n = exec->first; n; n = n->next) {
        TRY(clEnqueueNDRangeKernel(stream->queue, n->kernel, 3, NULL, n->global, n->local, 0, NULL, NULL));
    }
    TRY(clFlush(stream->queue));
    return SUCCESS;
}

CUresult cuGraphExecDestroy(struct object *exec) {
    ENTER("cuGraphExecDestroy", 1, 1);
    NEED(exec, EXEC);
    drop(exec);
    return SUCCESS;
}

CUresult cuGraphDestroy(struct object *graph) {
    ENTER("cuGraphDestroy", 1, 1);
    NEED(graph, GRAPH);
    drop(graph);
    return SUCCESS;
}

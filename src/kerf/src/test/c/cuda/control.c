// Names, counters, injected faults: what tests ask of the stand-in.

#define _GNU_SOURCE
#include "standin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct { int status; const char *name; } NAMES[] = {
    {0, "CUDA_SUCCESS"}, {1, "CUDA_ERROR_INVALID_VALUE"}, {2, "CUDA_ERROR_OUT_OF_MEMORY"},
    {34, "CUDA_ERROR_STUB_LIBRARY"},
    {46, "CUDA_ERROR_DEVICE_UNAVAILABLE"}, {100, "CUDA_ERROR_NO_DEVICE"}, {201, "CUDA_ERROR_INVALID_CONTEXT"},
    {209, "CUDA_ERROR_NO_BINARY_FOR_GPU"}, {214, "CUDA_ERROR_ECC_UNCORRECTABLE"}, {218, "CUDA_ERROR_INVALID_PTX"},
    {222, "CUDA_ERROR_UNSUPPORTED_PTX_VERSION"}, {400, "CUDA_ERROR_INVALID_HANDLE"}, {500, "CUDA_ERROR_NOT_FOUND"},
    {600, "CUDA_ERROR_NOT_READY"}, {700, "CUDA_ERROR_ILLEGAL_ADDRESS"}, {701, "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"},
    {702, "CUDA_ERROR_LAUNCH_TIMEOUT"}, {719, "CUDA_ERROR_LAUNCH_FAILED"}, {801, "CUDA_ERROR_NOT_SUPPORTED"},
    {803, "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH"},
    {999, "CUDA_ERROR_UNKNOWN"}
};

#define DEFINE(result, name, ...) result (*name)(__VA_ARGS__);
CL_FUNCTIONS(DEFINE)

static const char *const KIND_NAMES[KINDS] =
    {"freed", "streams", "events", "modules", "functions", "pools", "graphs", "executables",
    "nodes", "links"};

pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct call calls[128];
static int call_count;
long live[KINDS];
long contexts, live_memory, live_bytes, live_host;
struct memory *memories;
struct host *hosts;
int lost;
cl device, context;
long version = 12060, devices = 1, pools = 1, total = 8L << 30, major_ = 9, minor_ = 0;
long last_shared, last_cluster, last_attributes;
long assembled, uploaded, pageable;
__thread void *current[16];
__thread int depth;

char CONTEXT[8];

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
    return status == 46 || status == 214 || status == 220 || status == 999
        || (status >= 700 && status != 701 && status < 720);
}

CUresult enter(struct call **cached, const char *name, int needs_context) {
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
            : depth == 0 || current[depth - 1] != CONTEXT || contexts == 0 ? INVALID_CONTEXT : SUCCESS;
    }
    pthread_mutex_unlock(&lock);
    return status;
}
CUresult failed(const char *what, int status) {
    fprintf(stderr, "stand-in: OpenCL status %d in %s\n", status, what);
    return status == -4 || status == -5 || status == -6 || status == -61 ? OUT_OF_MEMORY : LAUNCH_FAILED;
}

struct object *made(enum kind kind) {
    struct object *o = calloc(1, sizeof *o);
    o->kind = kind;
    __atomic_add_fetch(&live[kind], 1, __ATOMIC_RELAXED);
    return o;
}

void gone(struct object *o) {
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
        : strcmp(what, "attributes") == 0 ? last_attributes
        : strcmp(what, "assembled") == 0 ? assembled
        : strcmp(what, "uploaded") == 0 ? uploaded
        : strcmp(what, "pageable") == 0 ? pageable : -1;
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

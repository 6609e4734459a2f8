// Devices and contexts.

#define _GNU_SOURCE
#include "standin.h"
#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static int started;

// OpenCL on the CPU brings LLVM, which takes the JVM's handlers of faults: they are put back.
static const int signals[] = {SIGILL, SIGBUS, SIGSEGV};
static struct sigaction kept[3];

static void keep_handlers(void) {
    for (int i = 0; i < 3; i++) {
        sigaction(signals[i], NULL, &kept[i]);
    }
}

void restore_handlers(void) {
    for (int i = 0; i < 3; i++) {
        sigaction(signals[i], &kept[i], NULL);
    }
}

CUresult cuDriverGetVersion(int *out) {
    ENTER("cuDriverGetVersion", 0);
    *out = (int)version;
    return SUCCESS;
}

CUresult cuInit(unsigned flags) {
    ENTER("cuInit", 0);
    if (flags) {
        return INVALID_VALUE;
    }
    pthread_mutex_lock(&lock);
    if (!started) {
        keep_handlers();
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
        restore_handlers();
        started = 1;
    }
    pthread_mutex_unlock(&lock);
    return device && devices ? SUCCESS : NO_DEVICE;
}

CUresult cuDeviceGetCount(int *count) {
    ENTER("cuDeviceGetCount", 0);
    *count = (int)devices;
    return SUCCESS;
}

CUresult cuDeviceGet(int *out, int ordinal) {
    ENTER("cuDeviceGet", 0);
    *out = ordinal;
    return ordinal < devices ? SUCCESS : INVALID_VALUE;
}

CUresult cuDeviceGetName(char *text, int length, int dev) {
    ENTER("cuDeviceGetName", 0);
    snprintf(text, length, "Kerf stand-in");
    return dev < devices ? SUCCESS : INVALID_VALUE;
}

CUresult cuDeviceGetAttribute(int *value, int attribute, int dev) {
    ENTER("cuDeviceGetAttribute", 0);
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
    ENTER("cuDeviceTotalMem", 0);
    (void)dev;
    *bytes = total;
    return SUCCESS;
}

CUresult cuDevicePrimaryCtxRetain(void **out, int dev) {
    ENTER("cuDevicePrimaryCtxRetain", 0);
    (void)dev;
    pthread_mutex_lock(&lock);
    int status = 0;
    if (!context) {
        context = clCreateContext(NULL, 1, &device, NULL, NULL, &status);
        restore_handlers();
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
    contexts = depth = 0;
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
    ENTER("cuDevicePrimaryCtxRelease", 0);
    (void)dev;
    pthread_mutex_lock(&lock);
    if (contexts > 0 && --contexts == 0 && lost) {
        forget();
    }
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}

CUresult cuCtxPushCurrent_v2(void *ctx) {
    ENTER("cuCtxPushCurrent", 0);
    if (!ctx || depth == 16) {
        return INVALID_CONTEXT;
    }
    current[depth++] = ctx;
    return SUCCESS;
}

CUresult cuCtxPopCurrent_v2(void **ctx) {
    ENTER("cuCtxPopCurrent", 0);
    if (depth == 0) {
        return INVALID_CONTEXT;
    }
    *ctx = current[--depth];
    return SUCCESS;
}

CUresult cuMemGetInfo_v2(size_t *free_bytes, size_t *total_bytes) {
    ENTER("cuMemGetInfo", 1);
    *free_bytes = total - live_bytes;
    *total_bytes = total;
    return SUCCESS;
}

// Device memory, pools, pinned host memory.

#define _GNU_SOURCE
#include "standin.h"
#include <stdlib.h>

static CUdeviceptr next_address = 0x7f0000000000;

static struct memory *find(CUdeviceptr address, size_t bytes) {
    for (struct memory *m = memories; m; m = m->next) {
        if (address >= m->address && address - m->address <= m->bytes && bytes <= m->bytes - (address - m->address)) {
            return m;
        }
    }
    return NULL;
}

struct memory *memory_at(CUdeviceptr address, size_t bytes) {
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
    ENTER("cuMemAlloc", 1);
    return allocate(out, bytes);
}

CUresult cuMemFree_v2(CUdeviceptr address) {
    ENTER("cuMemFree", 1);
    return release(address);
}

CUresult cuMemPoolCreate(struct object **out, const int *properties) {
    ENTER("cuMemPoolCreate", 1);
    // Pinned memory on a device, shared with nobody.
    if (properties[0] != 1 || properties[1] != 0 || properties[2] != 1 || properties[3] >= devices) {
        return INVALID_VALUE;
    }
    *out = made(POOL);
    return SUCCESS;
}

CUresult cuMemPoolDestroy(struct object *pool) {
    ENTER("cuMemPoolDestroy", 1);
    NEED(pool, POOL);
    gone(pool);
    return SUCCESS;
}

CUresult cuMemPoolSetAttribute(struct object *pool, int attribute, const uint64_t *value) {
    ENTER("cuMemPoolSetAttribute", 1);
    NEED(pool, POOL);
    return attribute == 4 && *value == UINT64_MAX ? SUCCESS : INVALID_VALUE;
}

CUresult cuMemAllocFromPoolAsync(CUdeviceptr *out, size_t bytes, struct object *pool, struct object *stream) {
    ENTER("cuMemAllocFromPoolAsync", 1);
    NEED(pool, POOL);
    NEED(stream, STREAM);
    return allocate(out, bytes);
}

CUresult cuMemFreeAsync(CUdeviceptr address, struct object *stream) {
    ENTER("cuMemFreeAsync", 1);
    NEED(stream, STREAM);
    TRY(clFinish(stream->queue));
    return release(address);
}

CUresult cuMemHostAlloc(void **out, size_t bytes, unsigned flags) {
    ENTER("cuMemHostAlloc", 1);
    if (bytes == 0 || flags > 7 || posix_memalign(out, 4096, bytes)) {
        return bytes == 0 || flags > 7 ? INVALID_VALUE : OUT_OF_MEMORY;
    }
    struct host *h = calloc(1, sizeof *h);
    h->address = *out;
    h->bytes = bytes;
    pthread_mutex_lock(&lock);
    h->next = hosts;
    hosts = h;
    live_host++;
    pthread_mutex_unlock(&lock);
    return SUCCESS;
}

CUresult cuMemFreeHost(void *address) {
    ENTER("cuMemFreeHost", 1);
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

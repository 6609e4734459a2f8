// Launches, and graphs by capture.

#define _GNU_SOURCE
#include "standin.h"
#include <stdlib.h>

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

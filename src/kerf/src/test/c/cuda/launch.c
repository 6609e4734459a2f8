// Launches, and graphs of them.

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
// CUDA_KERNEL_NODE_PARAMS_v1, which that of the second version begins with.
struct parameters {
    struct object *function;
    unsigned grid[3], block[3], shared;
    void **arguments, **extra;
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

static void set_geometry(struct node *n, const unsigned *grid, const unsigned *block) {
    for (int i = 0; i < 3; i++) {
        n->global[i] = (size_t)grid[i] * block[i];
        n->local[i] = block[i];
    }
}

CUresult cuLaunchKernelEx(const struct config *c, struct object *f, void **arguments, void **extra) {
    ENTER("cuLaunchKernelEx", 1);
    NEED(f, FUNCTION);
    NEED(c->stream, STREAM);
    CUresult status = extra ? INVALID_VALUE : check_launch(c, f);
    if (status) {
        return status;
    }
    struct node n;
    set_geometry(&n, c->grid, c->block);
    cl queue = c->stream->queue;
    static pthread_mutex_t launching = PTHREAD_MUTEX_INITIALIZER; // a kernel's arguments are its state
    pthread_mutex_lock(&launching);
    status = set_arguments(f, f->kernel, arguments);
    int queued = status ? 0 : clEnqueueNDRangeKernel(queue, f->kernel, 3, NULL, n.global, n.local, 0, NULL, NULL);
    pthread_mutex_unlock(&launching);
    TRY(queued);
    TRY(clFlush(queue));
    return status;
}

// What bindings without cuLaunchKernelEx call.
CUresult cuLaunchKernel(struct object *f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
        unsigned shared, struct object *stream, void **arguments, void **extra) {
    struct config c = {.grid = {gx, gy, gz}, .block = {bx, by, bz}, .shared = shared, .stream = stream};
    return cuLaunchKernelEx(&c, f, arguments, extra);
}

#ifndef STANDIN_WITHOUT_GRAPHS
CUresult cuGraphCreate(struct object **out, unsigned flags) {
    ENTER("cuGraphCreate", 1);
    *out = made(GRAPH);
    return flags == 0 ? SUCCESS : INVALID_VALUE;
}
#endif

static struct node *append(struct object *to, struct object *function, cl kernel) {
    struct node *n = calloc(1, sizeof *n);
    n->kind = NODE;
    n->function = function;
    n->kernel = kernel;
    *(to->last ? &to->last->next : &to->first) = n;
    to->last = n;
    __atomic_add_fetch(&live[NODE], 1, __ATOMIC_RELAXED);
    return n;
}

static CUresult set(struct node *n, const struct parameters *p) {
    NEED(p->function, FUNCTION);
    struct config c = {.shared = p->shared};
    for (int i = 0; i < 3; i++) {
        c.grid[i] = p->grid[i];
        c.block[i] = p->block[i];
    }
    CUresult status = p->extra || p->function != n->function ? INVALID_VALUE : check_launch(&c, p->function);
    if (status) {
        return status;
    }
    set_geometry(n, p->grid, p->block);
    return set_arguments(p->function, n->kernel, p->arguments);
}

CUresult cuGraphAddKernelNode(struct node **out, struct object *graph, struct node **after, size_t count,
        const struct parameters *p) {
    ENTER("cuGraphAddKernelNode", 1);
    NEED(graph, GRAPH);
    NEED(p->function, FUNCTION);
    if (count != (graph->last != NULL) || (count && *after != graph->last)) {
        return INVALID_VALUE;
    }
    int status;
    cl kernel = clCreateKernel(p->function->module->program, p->function->name, &status);
    TRY(status);
    *out = append(graph, p->function, kernel);
    return set(*out, p);
}

CUresult cuGraphAddKernelNode_v2(struct node **out, struct object *graph, struct node **after, size_t count,
        const struct parameters *p) {
    return cuGraphAddKernelNode(out, graph, after, count, p);
}

CUresult cuGraphKernelNodeSetAttribute(struct node *n, int id, const unsigned *value) {
    ENTER("cuGraphKernelNodeSetAttribute", 1);
    NEED(n, NODE);
    last_cluster = value[0];
    return id == 4 && value[0] && n->global[0] / n->local[0] % value[0] == 0 && value[1] == 1 && value[2] == 1
        ? SUCCESS : INVALID_VALUE;
}

static void drop(struct object *graph) {
    for (struct node *n = graph->first; n; n = n->next) {
        if (n->kernel) {
            clReleaseKernel(n->kernel);
        }
        n->kind = FREED;
        __atomic_sub_fetch(&live[NODE], 1, __ATOMIC_RELAXED);
    }
    graph->first = graph->last = NULL;
    gone(graph);
}

CUresult cuGraphInstantiateWithFlags(struct object **out, struct object *graph, uint64_t flags) {
    ENTER("cuGraphInstantiate", 1);
    NEED(graph, GRAPH);
    // The graph isn't instantiated again: its kernels move.
    *out = made(EXEC);
    for (struct node *n = graph->first; n; n = n->next) {
        struct node *copy = append(*out, n->function, n->kernel);
        n->kernel = NULL;
        copy->origin = n;
        for (int i = 0; i < 3; i++) {
            copy->global[i] = n->global[i];
            copy->local[i] = n->local[i];
        }
    }
    return flags == 0 ? SUCCESS : INVALID_VALUE;
}

CUresult cuGraphExecKernelNodeSetParams(struct object *exec, struct node *n, const struct parameters *p) {
    ENTER("cuGraphExecKernelNodeSetParams", 1);
    NEED(exec, EXEC);
    NEED(n, NODE);
    for (struct node *own = exec->first; own; own = own->next) {
        if (own->origin == n) {
            return set(own, p);
        }
    }
    return INVALID_VALUE;
}

CUresult cuGraphExecKernelNodeSetParams_v2(struct object *exec, struct node *n, const struct parameters *p) {
    return cuGraphExecKernelNodeSetParams(exec, n, p);
}

CUresult cuGraphUpload(struct object *exec, struct object *stream) {
    ENTER("cuGraphUpload", 1);
    NEED(exec, EXEC);
    NEED(stream, STREAM);
    return SUCCESS;
}

CUresult cuGraphLaunch(struct object *exec, struct object *stream) {
    ENTER("cuGraphLaunch", 1);
    NEED(exec, EXEC);
    NEED(stream, STREAM);
    for (struct node *n = exec->first; n; n = n->next) {
        TRY(clEnqueueNDRangeKernel(stream->queue, n->kernel, 3, NULL, n->global, n->local, 0, NULL, NULL));
    }
    TRY(clFlush(stream->queue));
    return SUCCESS;
}

CUresult cuGraphExecDestroy(struct object *exec) {
    ENTER("cuGraphExecDestroy", 1);
    NEED(exec, EXEC);
    drop(exec);
    return SUCCESS;
}

CUresult cuGraphDestroy(struct object *graph) {
    ENTER("cuGraphDestroy", 1);
    NEED(graph, GRAPH);
    drop(graph);
    return SUCCESS;
}

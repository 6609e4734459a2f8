// Streams, events, copies.

#define _GNU_SOURCE
#include "standin.h"

CUresult cuStreamCreate(struct object **out, unsigned flags) {
    ENTER("cuStreamCreate", 1);
    int status;
    cl queue = clCreateCommandQueue(context, device, 1 << 1, &status);
    TRY(status);
    *out = made(STREAM);
    (*out)->queue = queue;
    return flags <= 1 ? SUCCESS : INVALID_VALUE;
}

CUresult cuStreamDestroy_v2(struct object *stream) {
    ENTER("cuStreamDestroy", 1);
    NEED(stream, STREAM);
    clFinish(stream->queue);
    clReleaseCommandQueue(stream->queue);
    gone(stream);
    return SUCCESS;
}

static CUresult state_of(cl event) {
    int state = 0;
    if (event) {
        TRY(clGetEventInfo(event, 0x11D3, 4, &state, NULL));
    }
    return state > 0 ? NOT_READY : state == 0 ? SUCCESS : LAUNCH_FAILED;
}

CUresult cuStreamQuery(struct object *stream) {
    ENTER("cuStreamQuery", 1);
    NEED(stream, STREAM);
    cl marker;
    TRY(clEnqueueMarkerWithWaitList(stream->queue, 0, NULL, &marker));
    TRY(clFlush(stream->queue));
    CUresult status = state_of(marker);
    clReleaseEvent(marker);
    return status;
}

CUresult cuStreamSynchronize(struct object *stream) {
    ENTER("cuStreamSynchronize", 1);
    NEED(stream, STREAM);
    TRY(clFinish(stream->queue));
    return SUCCESS;
}

CUresult cuEventCreate(struct object **out, unsigned flags) {
    ENTER("cuEventCreate", 1);
    *out = made(EVENT);
    return flags == 0 || flags == 2 ? SUCCESS : INVALID_VALUE;
}

CUresult cuEventDestroy_v2(struct object *event) {
    ENTER("cuEventDestroy", 1);
    NEED(event, EVENT);
    if (event->event) {
        clReleaseEvent(event->event);
    }
    gone(event);
    return SUCCESS;
}

CUresult cuEventRecord(struct object *event, struct object *stream) {
    ENTER("cuEventRecord", 1);
    NEED(event, EVENT);
    NEED(stream, STREAM);
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
    ENTER("cuEventQuery", 1);
    NEED(event, EVENT);
    cl marker = marker_of(event);
    CUresult status = state_of(marker);
    if (marker) {
        clReleaseEvent(marker);
    }
    return status;
}

CUresult cuEventSynchronize(struct object *event) {
    ENTER("cuEventSynchronize", 1);
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
    ENTER("cuEventElapsedTime", 1);
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
    ENTER("cuStreamWaitEvent", 1);
    NEED(stream, STREAM);
    NEED(event, EVENT);
    cl marker = marker_of(event);
    if (marker) {
        int status = clEnqueueBarrierWithWaitList(stream->queue, 1, &marker, NULL);
        clReleaseEvent(marker);
        TRY(status);
        TRY(clFlush(stream->queue));
    }
    return flags == 0 ? SUCCESS : INVALID_VALUE;
}

static void count(const char *at, size_t bytes, int up) {
    pthread_mutex_lock(&lock);
    uploaded += up ? (long)bytes : 0;
    struct host *h = hosts;
    while (h && (at < (char *)h->address || at + bytes > (char *)h->address + h->bytes)) {
        h = h->next;
    }
    pageable += h == NULL;
    pthread_mutex_unlock(&lock);
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, struct object *stream) {
    ENTER("cuMemcpyHtoDAsync", 1);
    NEED(stream, STREAM);
    struct memory *m = memory_at(to, bytes);
    if (!m) {
        return INVALID_VALUE;
    }
    count(from, bytes, 1);
    if (bytes) {
        TRY(clEnqueueWriteBuffer(stream->queue, m->buffer, 0, to - m->address, bytes, from, 0, NULL, NULL));
        TRY(clFlush(stream->queue));
    }
    return SUCCESS;
}

CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from, size_t bytes, struct object *stream) {
    ENTER("cuMemcpyDtoHAsync", 1);
    NEED(stream, STREAM);
    struct memory *m = memory_at(from, bytes);
    if (!m) {
        return INVALID_VALUE;
    }
    count(to, bytes, 0);
    if (bytes) {
        TRY(clEnqueueReadBuffer(stream->queue, m->buffer, 0, from - m->address, bytes, to, 0, NULL, NULL));
        TRY(clFlush(stream->queue));
    }
    return SUCCESS;
}

CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from, size_t bytes, struct object *stream) {
    ENTER("cuMemcpyDtoDAsync", 1);
    NEED(stream, STREAM);
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
    ENTER("cuMemsetD8Async", 1);
    NEED(stream, STREAM);
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

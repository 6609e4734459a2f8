// A stand-in for libcuda.so.1, for tests on machines without a GPU: the driver API that Kerf uses, done by the first
// CPU device of any OpenCL platform. Streams are command queues, events are markers, graphs are lists of kernels.
//
//   gcc -shared -fPIC -O1 -Wall -Wextra -Werror -o libcuda.so *.c -ldl -lpthread
//
// A module's image is a text: "// kerf stand-in", then "// definitions: -DA=1 ...", then OpenCL C. It passes for PTX;
// machine code is the same after ELF's first four bytes. It is stricter than
// a driver: every call but the first few needs a current context, handles and addresses are checked, grids have CUDA's
// limits, a graph is a chain. Device addresses are numbers that nothing lies at.
//
// For tests: standin_live counts what wasn't freed, standin_calls counts calls, standin_fault makes a call fail,
// standin_set changes the device, standin_last tells of the last launch and of all copies, standin_context changes the
// thread's context, standin_abandon forgets what was left. The environment's KERF_STANDIN=name=value,... is standin_set
// at the start, KERF_STANDIN_FAULT=call:passes:status is standin_fault.

#ifndef STANDIN_H
#define STANDIN_H
#include <pthread.h>
#include <stdint.h>
#include <stddef.h>

typedef int CUresult;
typedef uint64_t CUdeviceptr;

enum {
    SUCCESS = 0, INVALID_VALUE = 1, OUT_OF_MEMORY = 2, NO_DEVICE = 100, INVALID_CONTEXT = 201, INVALID_PTX = 218,
    INVALID_HANDLE = 400, NOT_FOUND = 500, NOT_READY = 600, ILLEGAL_ADDRESS = 700, LAUNCH_FAILED = 719,
    UNKNOWN = 999
};

#pragma GCC visibility push(hidden) // the API alone is seen outside

// OpenCL, of which only the functions below are used.
typedef void *cl;
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
#define DECLARE(result, name, ...) extern result (*name)(__VA_ARGS__);
CL_FUNCTIONS(DECLARE)

#define MOST_ARGUMENTS 64
#define MOST_DYNAMIC 167936
#define PLAIN_DYNAMIC 49152

enum kind { FREED, STREAM, EVENT, MODULE, FUNCTION, POOL, GRAPH, EXEC, NODE, LINK, KINDS };

// A handle's first word says what it is. Freed ones are kept, so that their use is an error and not a crash.
struct node {
    enum kind kind;
    struct object *function;
    cl kernel;
    size_t global[3], local[3];
    struct node *origin;           // of an executable's: the graph's
    struct node *next;
};
struct object {
    enum kind kind;
    cl queue;                      // STREAM
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
    char *code, *log;              // LINK: machine code, and where to write what is wrong
    size_t bytes, log_bytes;       // LINK
};
struct memory {
    CUdeviceptr address;
    size_t bytes;
    cl buffer;
    struct memory *next;
};
struct host {
    void *address;
    size_t bytes;
    struct host *next;
};
struct call {
    char name[48];
    long count, passes;
    int status;
};

// Puts the JVM's handlers of faults back after a call that may load LLVM.
void restore_handlers(void);

extern pthread_mutex_t lock;         // of all that follows
extern long live[KINDS];             // objects that aren't freed
extern long contexts, live_memory, live_bytes, live_host;
extern struct memory *memories;
extern struct host *hosts;
extern int lost;                     // the status that cost the context, or 0
extern cl device, context;
extern long version, devices, pools, total, major_, minor_;
extern long last_shared, last_cluster, last_attributes;
extern long assembled;               // PTX that became machine code
extern long uploaded, pageable;      // bytes from the host; copies from or to memory that isn't pinned
extern __thread void *current[16];   // the thread's stack of contexts
extern __thread int depth;
extern char CONTEXT[8];              // the one context's address

// What every function begins with: count, injected faults, a lost device, the current context.
CUresult enter(struct call **cached, const char *name, int needs_context);
// A status for OpenCL's; says on stderr what it was.
CUresult failed(const char *what, int status);
struct object *made(enum kind kind);
void gone(struct object *o);
// The memory that a range of addresses lies in, or null.
struct memory *memory_at(CUdeviceptr address, size_t bytes);

#define ENTER(name, needs_context) \
    static struct call *call_; \
    CUresult status_ = enter(&call_, name, needs_context); \
    if (status_) return status_
#define NEED(handle, k) \
    if (!(handle) || (handle)->kind != (k)) return INVALID_HANDLE
#define TRY(call) \
    do { int s_ = (call); if (s_) return failed(#call, s_); } while (0)

#pragma GCC visibility pop
#endif

// Modules: images built by OpenCL's compiler, and their kernels.

#define _GNU_SOURCE
#include "standin.h"
#include <stdio.h>
#include <string.h>

static const char *line_after(const char *text, const char *start) {
    size_t n = strlen(start);
    return strncmp(text, start, n) == 0 ? text + n : NULL;
}

CUresult cuModuleLoadDataEx(struct object **out, const char *image, unsigned count, const int *options, void **values) {
    ENTER("cuModuleLoadDataEx", 1);
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
    snprintf(build, sizeof build, "-cl-std=CL1.2%s%.*s",
        rounding & 1 << 7 ? " -cl-fp32-correctly-rounded-divide-sqrt" : "", (int)(end - definitions), definitions);
    const char *source = end + 1;
    int status;
    cl program = clCreateProgramWithSource(context, 1, &source, NULL, &status);
    TRY(status);
    int built = clBuildProgram(program, 1, &device, build, NULL, NULL);
    restore_handlers();
    if (built) {
        clGetProgramBuildInfo(program, device, 0x1183, log_bytes, log, NULL);
        clReleaseProgram(program);
        return INVALID_PTX;
    }
    *out = made(MODULE);
    (*out)->program = program;
    return SUCCESS;
}

CUresult cuModuleGetFunction(struct object **out, struct object *module, const char *name) {
    ENTER("cuModuleGetFunction", 1);
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
    ENTER("cuModuleUnload", 1);
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
    ENTER("cuFuncGetAttribute", 1);
    NEED(f, FUNCTION);
    *value = 1024;
    return attribute == 0 ? SUCCESS : INVALID_VALUE;
}

CUresult cuFuncSetAttribute(struct object *f, int attribute, int value) {
    ENTER("cuFuncSetAttribute", 1);
    NEED(f, FUNCTION);
    if (attribute == 8 && value >= 0 && value <= MOST_DYNAMIC) {
        f->dynamic = value;
        return SUCCESS;
    }
    return attribute == 14 ? SUCCESS : INVALID_VALUE;
}

#ifndef STANDIN_OLD
CUresult cuFuncGetParamInfo(struct object *f, size_t index, size_t *offset, size_t *size) {
    ENTER("cuFuncGetParamInfo", 1);
    NEED(f, FUNCTION);
    if (index >= (size_t)f->arguments) {
        return INVALID_VALUE;
    }
    *offset = 0;
    *size = f->size[index];
    return SUCCESS;
}
#endif

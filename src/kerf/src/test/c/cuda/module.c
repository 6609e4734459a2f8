// Modules: images built by OpenCL's compiler, and their kernels.

#define _GNU_SOURCE
#include "standin.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *line_after(const char *text, const char *start) {
    size_t n = strlen(start);
    return strncmp(text, start, n) == 0 ? text + n : NULL;
}

#define HEAD "// kerf stand-in\n// definitions:"
#define ELF "\x7f" "ELF"

static void find_log(unsigned count, const int *options, void **values, char **log, size_t *bytes) {
    for (unsigned i = 0; i < count; i++) {
        if (options[i] == 5) {
            *log = values[i];
        } else if (options[i] == 6) {
            *bytes = (size_t)values[i];
        }
    }
}

CUresult cuLinkCreate_v2(unsigned count, const int *options, void **values, struct object **out) {
    ENTER("cuLinkCreate", 1);
    *out = made(LINK);
    find_log(count, options, values, &(*out)->log, &(*out)->log_bytes);
    return SUCCESS;
}

CUresult cuLinkAddData_v2(struct object *link, int type, const char *code, size_t bytes, const char *name, unsigned count,
        const int *options, void **values) {
    ENTER("cuLinkAddData", 1);
    NEED(link, LINK);
    if (type != 1 || link->code || count || options || values || code[bytes - 1]) {
        return INVALID_VALUE;
    }
    if (!line_after(code, HEAD)) {
        snprintf(link->log, link->log_bytes, "ptxas %s fatal: no image of the stand-in's", name);
        return INVALID_PTX;
    }
    link->bytes = strlen(ELF) + bytes;
    link->code = malloc(link->bytes);
    memcpy(link->code, ELF, strlen(ELF));
    memcpy(link->code + strlen(ELF), code, bytes);
    return SUCCESS;
}

CUresult cuLinkComplete(struct object *link, void **code, size_t *bytes) {
    ENTER("cuLinkComplete", 1);
    NEED(link, LINK);
    if (!link->code) {
        return INVALID_VALUE;
    }
    __atomic_add_fetch(&assembled, 1, __ATOMIC_RELAXED);
    *code = link->code;
    *bytes = link->bytes;
    return SUCCESS;
}

CUresult cuLinkDestroy(struct object *link) {
    ENTER("cuLinkDestroy", 1);
    NEED(link, LINK);
    free(link->code);
    gone(link);
    return SUCCESS;
}

CUresult cuModuleLoadDataEx(struct object **out, const char *image, unsigned count, const int *options, void **values) {
    ENTER("cuModuleLoadDataEx", 1);
    char *log = NULL;
    size_t log_bytes = 0;
    find_log(count, options, values, &log, &log_bytes);
    const char *text = line_after(image, ELF);
    const char *definitions = line_after(text ? text : image, HEAD);
    __atomic_add_fetch(&assembled, text == NULL, __ATOMIC_RELAXED);
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

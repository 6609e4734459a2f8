// Stands in for libnvrtc: the same functions, no compiler. The "PTX" holds the architecture, the options and the length
// of the source. -DSTANDIN_REFUSE makes a compilation fail, -DSTANDIN_SLOW takes its time.
// Built with -DMISSING it lacks a function.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
    char *source;
    char *ptx;
    char *log;
} Program;

static int compiles;
static int programs;

int standin_compiles(void) { return compiles; }
int standin_programs(void) { return programs; }

int nvrtcVersion(int *major, int *minor) {
    *major = 12;
    *minor = 6;
    return 0;
}

int nvrtcGetNumSupportedArchs(int *count) {
    *count = 4;
    return 0;
}

int nvrtcGetSupportedArchs(int *archs) {
    const int all[] = {60, 75, 80, 90};
    memcpy(archs, all, sizeof all);
    return 0;
}

const char *nvrtcGetErrorString(int status) {
    return status == 0 ? "NVRTC_SUCCESS" : status == 6 ? "NVRTC_ERROR_COMPILATION" : "NVRTC_ERROR_INVALID_INPUT";
}

int nvrtcCreateProgram(Program **program, const char *source, const char *name, int headers, const char *const *texts,
        const char *const *names) {
    if (!name || headers != 0 || texts || names) {
        return 3;
    }
    *program = calloc(1, sizeof(Program));
    (*program)->source = strdup(source);
    (*program)->log = strdup("");
    programs++;
    return 0;
}

int nvrtcCompileProgram(Program *program, int count, const char *const *options) {
    char *out = malloc(1 << 16);
    int at = 0;
    compiles++;
    const char *arch = "75";
    for (int i = 0; i < count; i++) {
        if (!strncmp(options[i], "--gpu-architecture=compute_", 27)) {
            arch = options[i] + 27;
        }
        if (!strncmp(options[i], "-DSTANDIN_REFUSE", 16)) {
            program->log = strdup("softmax.cl(7): error: this is refused");
            return 6;
        }
        if (!strncmp(options[i], "-DSTANDIN_SLOW", 14)) {
            usleep(200000);
        }
    }
    at += sprintf(out + at, "//\n.version 8.5\n.target sm_%s\n.address_size 64\n", arch);
    for (int i = 0; i < count; i++) {
        at += sprintf(out + at, "// %s\n", options[i]);
    }
    at += sprintf(out + at, "\t.pragma \"used_bytes_mask 0xff\";\n// %zu bytes\n", strlen(program->source));
    program->ptx = out;
    return 0;
}

int nvrtcDestroyProgram(Program **program) {
    free((*program)->source);
    free((*program)->ptx);
    free((*program)->log);
    free(*program);
    *program = NULL;
    programs--;
    return 0;
}

#ifndef MISSING
int nvrtcGetPTXSize(void *program, size_t *size) {
    *size = strlen(((Program *)program)->ptx) + 1;
    return 0;
}
#endif

int nvrtcGetPTX(Program *program, char *ptx) {
    strcpy(ptx, program->ptx);
    return 0;
}

int nvrtcGetProgramLogSize(Program *program, size_t *size) {
    *size = strlen(program->log) + 1;
    return 0;
}

int nvrtcGetProgramLog(Program *program, char *log) {
    strcpy(log, program->log);
    return 0;
}

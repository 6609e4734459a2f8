// Loaded before the C library into a process under test: at one point of its writing to files below a directory something
// happens to it. From the environment:
//   FAULT_DIR     the directory, without links in its path
//   FAULT_CALL    write, fsync, rename or create; clock, whose time then runs backwards
//   FAULT_AT      at which: of write the byte, of the others the call, both from 0
//   FAULT_SIGNAL  the signal that is raised there, once, and FAULT_PAUSE milliseconds before the call goes on; or
//   FAULT_ERRNO   the error that this call and all later ones of its kind fail with
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long long passed;
static int raised;

// Who is started in the background may have been told to ignore it.
__attribute__((constructor)) static void hear_interrupts(void) {
    signal(SIGINT, SIG_DFL);
}

static int asked(const char *call) {
    const char *wanted = getenv("FAULT_CALL");
    return wanted && !strcmp(wanted, call);
}

static int below(const char *path) {
    const char *dir = getenv("FAULT_DIR");
    return dir && path && !strncmp(path, dir, strlen(dir));
}

static int open_below(int fd) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) {
        return 0;
    }
    path[n] = 0;
    return below(path);
}

static long long number(const char *name) {
    const char *text = getenv(name);
    return text ? atoll(text) : 0;
}

// Counts; how much of this may pass before the fault, or all of it.
static long long may_pass(long long amount) {
    pthread_mutex_lock(&lock);
    long long left = number("FAULT_AT") - passed;
    passed += amount;
    pthread_mutex_unlock(&lock);
    return left < 0 ? 0 : left < amount ? left : amount;
}

// 1 if the call is to fail, with errno set.
static int strike(void) {
    int signal_number = (int) number("FAULT_SIGNAL");
    if (signal_number && !__atomic_exchange_n(&raised, 1, __ATOMIC_SEQ_CST)) {
        kill(getpid(), signal_number);
        usleep((useconds_t) (1000 * number("FAULT_PAUSE")));
    }
    errno = (int) number("FAULT_ERRNO");
    return errno != 0;
}

#define NEXT(name) ((__typeof__(&name)) dlsym(RTLD_NEXT, #name))

ssize_t write(int fd, const void *bytes, size_t count) {
    if (!asked("write") || !open_below(fd)) {
        return NEXT(write)(fd, bytes, count);
    }
    long long n = may_pass((long long) count);
    if (n < (long long) count) {
        if (n > 0) {
            ssize_t done = NEXT(write)(fd, bytes, (size_t) n);
            if (done < 0 || number("FAULT_ERRNO")) {
                return done;
            }
            strike();
            ssize_t rest = NEXT(write)(fd, (const char *) bytes + n, count - (size_t) n);
            return rest < 0 ? done : done + rest;
        }
        if (strike()) {
            return -1;
        }
    }
    return NEXT(write)(fd, bytes, count);
}

static int fails(const char *call, int here) {
    return asked(call) && here && may_pass(1) == 0 && strike();
}

int fsync(int fd) {
    return fails("fsync", open_below(fd)) ? -1 : NEXT(fsync)(fd);
}

int rename(const char *from, const char *to) {
    return fails("rename", below(to)) ? -1 : NEXT(rename)(from, to);
}

int open64(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails("create", (flags & O_CREAT) && below(path)) ? -1 : NEXT(open64)(path, flags, mode);
}

int open(const char *path, int flags, ...) {
    va_list more;
    va_start(more, flags);
    mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0;
    va_end(more);
    return fails("create", (flags & O_CREAT) && below(path)) ? -1 : NEXT(open)(path, flags, mode);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    int status = NEXT(clock_gettime)(clock, time);
    if (!status && clock == CLOCK_REALTIME && asked("clock")) {
        time->tv_sec -= 60 * __atomic_add_fetch(&passed, 1, __ATOMIC_SEQ_CST);
    }
    return status;
}

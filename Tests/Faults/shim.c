/* Faults of a disk and of a clock inside one process, by LD_PRELOAD: what a test cannot do to the machine.
 *
 * FAULT_CONTROL names a file that is mapped: what stands in it counts from then on. FAULT_PATH is where files live whose
 * writes may fail, and of the stores among them also reads.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <threads.h>
#include <time.h>
#include <unistd.h>

typedef struct {
    int32_t write_error;    /* errno of every write, sync and opening for writing; 0: none */
    int32_t sync_delay_ms;  /* before every sync */
    int64_t clock_ms;       /* added to the wall clock */
    int32_t read_error;     /* errno of every read of a store; 0: none */
    int32_t failed_reads;   /* counted here */
} Control;

static volatile Control *control;
static const char *place;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULT_CONTROL");
    place = getenv("FAULT_PATH");
    int descriptor = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    if (descriptor < 0 || !place) return;
    void *memory = mmap(NULL, sizeof(Control), PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    if (memory != MAP_FAILED) control = memory;
    close(descriptor);
}

/* Next definition of a function, looked up once. */
#define NEXT(name)                                                        \
    static __typeof__(name) *next;                                        \
    if (!next) next = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

/* Disk. */

static int is_below(const char *path) { return !strncmp(path, place, strlen(place)); }

enum { PATH_BYTES = 4096 };

/* Whether a descriptor is of a file below the place; writes the file's path. */
static int is_file(int descriptor, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, PATH_BYTES - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return is_below(path);
}

static int is_ours(int descriptor) {
    char path[PATH_BYTES];
    return is_file(descriptor, path);
}

/* A store, its log or its journal. */
static int is_store(int descriptor) {
    char path[PATH_BYTES];
    return is_file(descriptor, path) && strstr(path, ".sqlite");
}

/* Whether a call fails: sets errno. */
static int fails(int descriptor) {
    if (!control || !control->write_error || !is_ours(descriptor)) return 0;
    errno = control->write_error;
    return 1;
}

static int fails_to_read(int descriptor) {
    if (!control || !control->read_error || !is_store(descriptor)) return 0;
    __atomic_add_fetch(&control->failed_reads, 1, __ATOMIC_RELAXED);
    errno = control->read_error;
    return 1;
}

static void delay(int descriptor) {
    if (!control || !control->sync_delay_ms || !is_ours(descriptor)) return;
    struct timespec pause = {control->sync_delay_ms / 1000, control->sync_delay_ms % 1000 * 1000000L};
    nanosleep(&pause, NULL);
}

ssize_t pwrite64(int descriptor, const void *bytes, size_t count, off64_t offset) {
    NEXT(pwrite64);
    return fails(descriptor) ? -1 : next(descriptor, bytes, count, offset);
}

ssize_t write(int descriptor, const void *bytes, size_t count) {
    NEXT(write);
    return fails(descriptor) ? -1 : next(descriptor, bytes, count);
}

/* SQLite reads by the first of these; another build of it may by the others. */
ssize_t pread64(int descriptor, void *bytes, size_t count, off64_t offset) {
    NEXT(pread64);
    return fails_to_read(descriptor) ? -1 : next(descriptor, bytes, count, offset);
}

ssize_t pread(int descriptor, void *bytes, size_t count, off_t offset) {
    NEXT(pread);
    return fails_to_read(descriptor) ? -1 : next(descriptor, bytes, count, offset);
}

ssize_t read(int descriptor, void *bytes, size_t count) {
    NEXT(read);
    return fails_to_read(descriptor) ? -1 : next(descriptor, bytes, count);
}

int ftruncate64(int descriptor, off64_t size) {
    NEXT(ftruncate64);
    return fails(descriptor) ? -1 : next(descriptor, size);
}

int fdatasync(int descriptor) {
    NEXT(fdatasync);
    delay(descriptor);
    return fails(descriptor) ? -1 : next(descriptor);
}

int fsync(int descriptor) {
    NEXT(fsync);
    delay(descriptor);
    return fails(descriptor) ? -1 : next(descriptor);
}

/* A disk that became read-only opens no file for writing; one with a broken sector does. */
int open64(const char *path, int flags, ...) {
    NEXT(open64);
    va_list arguments;
    va_start(arguments, flags);
    mode_t mode = va_arg(arguments, mode_t);
    va_end(arguments);
    if (control && control->write_error == EROFS && flags & (O_RDWR | O_WRONLY | O_CREAT) && is_below(path)) {
        errno = EROFS;
        return -1;
    }
    return next(path, flags, mode);
}

/* Clock. Everything of the C library that tells the wall time, or waits for one: a wait that has begun sees the jump. */

static int64_t shift(void) { return control ? control->clock_ms : 0; }

static void shifted(struct timespec *time, int64_t ms) {
    int64_t nanoseconds = time->tv_sec * 1000000000LL + time->tv_nsec + ms * 1000000LL;
    time->tv_sec = nanoseconds / 1000000000LL;
    time->tv_nsec = nanoseconds % 1000000000LL;
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    NEXT(clock_gettime);
    int code = next(clock, time);
    if (!code && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) shifted(time, shift());
    return code;
}

int gettimeofday(struct timeval *restrict time, void *restrict zone) {
    (void)zone;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    time->tv_sec = now.tv_sec;
    time->tv_usec = now.tv_nsec / 1000;
    return 0;
}

time_t time(time_t *result) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (result) *result = now.tv_sec;
    return now.tv_sec;
}

int timespec_get(struct timespec *time, int base) {
    if (base != TIME_UTC) return 0;
    clock_gettime(CLOCK_REALTIME, time);
    return base;
}

/* The real time until which to wait now for a deadline on the shifted clock: short, so that a jump is seen. */
enum { SLICE_MS = 50 };

static int is_over(const struct timespec *deadline, struct timespec *until) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    int64_t left = (deadline->tv_sec - now.tv_sec) * 1000000000LL + deadline->tv_nsec - now.tv_nsec;
    shifted(&now, -shift());
    *until = now;
    if (left > SLICE_MS * 1000000LL) {
        shifted(until, SLICE_MS);
        return 0;
    }
    if (left > 0) {
        until->tv_nsec += left;
        shifted(until, 0);
    }
    return 1;
}

int pthread_cond_timedwait(
    pthread_cond_t *restrict condition, pthread_mutex_t *restrict mutex, const struct timespec *restrict deadline) {
    NEXT(pthread_cond_timedwait);
    /* A condition may wait by the other clock: glibc keeps that in this bit. */
    if (!control || condition->__data.__wrefs & 2) return next(condition, mutex, deadline);
    while (1) {
        struct timespec until;
        int is_last = is_over(deadline, &until);
        int code = next(condition, mutex, &until);
        if (code != ETIMEDOUT || is_last) return code;
    }
}

int cnd_timedwait(cnd_t *restrict condition, mtx_t *restrict mutex, const struct timespec *restrict deadline) {
    NEXT(cnd_timedwait);
    while (1) {
        struct timespec until;
        int is_last = is_over(deadline, &until);
        int code = next(condition, mutex, &until);
        if (code != thrd_timedout || is_last) return code;
    }
}

int sem_timedwait(sem_t *restrict semaphore, const struct timespec *restrict deadline) {
    NEXT(sem_timedwait);
    while (1) {
        struct timespec until;
        int is_last = is_over(deadline, &until);
        int code = next(semaphore, &until);
        if (!code || errno != ETIMEDOUT || is_last) return code;
    }
}

#include "trapmark.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

static const int trap_signals[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV};
enum { signal_count = sizeof(trap_signals) / sizeof(trap_signals[0]), stack_bytes = 64 << 10 };

static struct sigaction earlier[signal_count];
static _Thread_local volatile uint64_t *thread_mark;
static pthread_once_t once = PTHREAD_ONCE_INIT;

// Only memory is written; then the handler of before is put back, and what trapped traps again.
static void handle(int number) {
    if (thread_mark) *thread_mark = (uint64_t)number;
    for (int i = 0; i < signal_count; i++) {
        if (trap_signals[i] == number) sigaction(number, &earlier[i], NULL);
    }
    if (number == SIGABRT || number == SIGTRAP) raise(number);
}

static void install(void) {
    for (int i = 0; i < signal_count; i++) {
        struct sigaction action = {.sa_flags = SA_ONSTACK | SA_NODEFER};
        action.sa_handler = handle;
        sigemptyset(&action.sa_mask);
        sigaction(trap_signals[i], &action, &earlier[i]);
    }
}

int tributary_mark_traps(volatile uint64_t *mark) {
    int error = pthread_once(&once, install);
    if (error) return error;
    // A stack that has overflowed has no room for a handler. It belongs to the thread until the process ends.
    stack_t stack = {.ss_sp = malloc(stack_bytes), .ss_size = stack_bytes};
    if (!stack.ss_sp) return ENOMEM;
    if (sigaltstack(&stack, NULL)) {
        free(stack.ss_sp);
        return errno;
    }
    thread_mark = mark;
    return 0;
}

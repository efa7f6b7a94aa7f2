/* SPDX-License-Identifier: BSD-2-Clause */
/* To be preloaded: counts the calls of the functions in table.h, and has one of them fail. It knows
 * nothing of the program. FAULTS_FILE names a file with a counter for each function, which all
 * processes of the program share. FAULTS_PLAN is "FUNCTION N WAY": the N-th call fails in that way.
 * With FAULTS_PRINT a process prints "FUNCTION WAYS CALLS" for what the file has counted, and ends.
 * FAULTS_TRACE names a file that gets the calls behind the one that failed.
 *
 * Each function is a few lines of assembler, because the functions have all kinds of arguments:
 * they save what the arguments are in, ask faults_judge(), and either jump into the real function
 * or return what that said. */
#if defined(__x86_64__)
#include <dlfcn.h>
#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <link.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What a call does instead of its work. */
enum how {
        /* sets errno where ${error} is not 0, and returns ${value} */
        FAIL,
        /* does its work with half of the bytes that its third argument says */
        SHORT,
        /* does its work and says that it failed */
        AFTER,
        /* fails, and sets the pointer to NULL that argument ${argument} points to */
        NO_OUT,
        /* fails, and argument ${argument} is a FILE that has failed */
        STREAM_FAILS,
        /* fails, and stdout has failed */
        STDOUT_FAILS,
};

struct way {
        long value;
        int error;
        enum how how;
        unsigned argument;
};

struct row {
        const char *name;
        const struct way *ways;
        unsigned n_ways;
        unsigned index;
        /* Calls of other libraries do not count. */
        bool by_program;
        void *real;
};

/* the functions here, and eight callers */
#define STACK_MAX       12
#define WAYS_MAX        8
#define WAYS(name, ...) static const struct way name[WAYS_MAX] = { __VA_ARGS__, { 0, -1, FAIL, 0 } }

WAYS(ALLOCATION, { 0, ENOMEM });
WAYS(ALLOCATION_MINUS, { -1, ENOMEM });
WAYS(MAPPING, { -1, ENOMEM });
WAYS(MEMORY, { -1, ENOMEM });
WAYS(MINUS, { -1 });
WAYS(ZERO, { 0 });
WAYS(ZERO_OR_MINUS, { 0 }, { -1 });
WAYS(NEGATIVE, { -ENOMEM }, { -EIO });
WAYS(CODE, { EAGAIN }, { ENOMEM });
WAYS(FULL, { ENOSPC }, { EIO });
WAYS(FULL_DISK, { -1, ENOSPC });
WAYS(SIZE, { -1, ENOMEM }, { -1, EIO });
WAYS(DESCRIPTOR, { -1, EMFILE }, { -1, ENOMEM });
WAYS(OPEN, { -1, EMFILE }, { -1, EACCES }, { -1, EIO }, { -1, ENOSPC });
WAYS(STREAM, { 0, ENOMEM }, { 0, EIO });
WAYS(READ, { -1, EIO }, { -1, EINTR }, { 0, 0, SHORT }, { 0 });
WAYS(WRITE, { -1, EIO }, { -1, ENOSPC }, { -1, EINTR }, { 0, 0, SHORT });
WAYS(SYNC, { -1, EIO }, { -1, EIO, AFTER });
WAYS(NAME, { -1, EIO }, { -1, ENOSPC }, { -1, EACCES }, { -1, EIO, AFTER });
WAYS(LOOK, { -1, EIO }, { -1, EACCES });
WAYS(LOCK, { -1, EIO }, { -1, ENOLCK });
WAYS(CLOSE, { -1, EIO, AFTER });
WAYS(STREAM_END, { -1, EIO, AFTER });
WAYS(STREAM_WRITE, { 0, ENOSPC, STREAM_FAILS, 3 });
WAYS(STREAM_PUT, { -1, ENOSPC, STREAM_FAILS, 1 });
WAYS(STDOUT_PUT, { -1, ENOSPC, STDOUT_FAILS });
WAYS(STREAM_PRINT, { -1, ENOSPC, STREAM_FAILS, 0 });
WAYS(STREAM_LINE, { -1, EIO, STREAM_FAILS, 3 });
WAYS(STREAM_READ, { 0, EIO, STREAM_FAILS, 2 });
WAYS(STREAM_BYTES, { 0, EIO, STREAM_FAILS, 3 });
WAYS(READDIR, { 0, EIO });
WAYS(SOCKET, { -1, ENOMEM }, { -1, EACCES });
WAYS(ACCEPT, { -1, EMFILE }, { -1, ECONNABORTED }, { -1, EINTR });
WAYS(SEND, { -1, EPIPE }, { -1, EAGAIN }, { -1, EINTR }, { -1, ENOBUFS }, { 0, 0, SHORT });
WAYS(SEND_MESSAGE, { -1, EPIPE }, { -1, EAGAIN }, { -1, EINTR }, { -1, ENOBUFS });
WAYS(RECEIVE, { -1, ECONNRESET }, { -1, EAGAIN }, { -1, EINTR }, { 0 }, { 0, 0, SHORT });
WAYS(RECEIVE_MESSAGE, { -1, ECONNRESET }, { -1, EAGAIN }, { -1, EINTR }, { 0 });
WAYS(WAIT, { -1, EINTR }, { -1, ENOMEM }, { 0 });
WAYS(EPOLL, { -1, EINTR }, { 0 });
WAYS(INTERRUPTED, { -1, EINTR }, { -1, EINVAL });
WAYS(PROCESS, { -1, EAGAIN }, { -1, EPERM });
WAYS(RANDOM, { -1, EAGAIN }, { -1, EINTR });
WAYS(LOOKUP, { EIO, 0, NO_OUT, 4 }, { ENOMEM, 0, NO_OUT, 4 }, { ERANGE, 0, NO_OUT, 4 });
WAYS(LOOKUP_NEXT, { EIO, 0, NO_OUT, 4 }, { ENOMEM, 0, NO_OUT, 4 });
WAYS(PAM, { 4 /* PAM_SYSTEM_ERR */ }, { 5 /* PAM_BUF_ERR */ });
/* SQLITE_IOERR, NOMEM, FULL, BUSY, and an fsync that failed. SQLITE_CORRUPT for pages that are not
 * damaged would be a lie. */
WAYS(SQLITE, { 10 }, { 7 }, { 13 }, { 5 });
WAYS(SQLITE_BIND, { 7 });
WAYS(SQLITE_STEP, { 10 }, { 7 }, { 13 }, { 5 }, { 10 | (4 << 8), 0, AFTER });
WAYS(SQLITE_OPEN, { 10, 0, NO_OUT, 1 }, { 7, 0, NO_OUT, 1 }, { 14, 0, NO_OUT, 1 });
WAYS(SQLITE_PREPARE3, { 10, 0, NO_OUT, 4 }, { 7, 0, NO_OUT, 4 });
WAYS(SQLITE_PREPARE, { 10, 0, NO_OUT, 3 }, { 7, 0, NO_OUT, 3 });

#define FAULT(function, ways)                                                                      \
        __attribute__((visibility("hidden"))) struct row faults_row_##function = { #function,      \
                                                                                   ways };
#include "table.h"
#undef FAULT

/* What these libraries call of themselves is their own matter. */
static const struct way *const of_libraries[] = {
        MINUS,       ZERO,        ZERO_OR_MINUS, NEGATIVE,       SQLITE,
        SQLITE_BIND, SQLITE_STEP, SQLITE_OPEN,   SQLITE_PREPARE,
};

static struct row *const rows[] = {
#define FAULT(function, ways) &faults_row_##function,
#include "table.h"
#undef FAULT
};
#define N_ROWS (sizeof(rows) / sizeof(rows[0]))

/* The file. */
static struct counted {
        atomic_uint hits; /* calls that failed as planned */
        atomic_uint same; /* calls that came the planned way */
        atomic_uint calls[N_ROWS];
} * counted;
static struct row *planned;
static uint64_t planned_stack; /* 0 for any */
static unsigned planned_call, planned_way;
static int trace_fd = -1, stacks_fd = -1;
static uintptr_t program_begins, program_ends;
/* What the functions below call themselves is neither counted nor does it fail. */
static __thread int inside __attribute__((tls_model("initial-exec")));

/* --- The plan --- */

static void take_plan(const char *plan) {
        unsigned long stack;
        char name[64];
        unsigned n, way;

        if (!plan || sscanf(plan, "%63s %lx %u %u", name, &stack, &n, &way) != 4)
                return;
        for (size_t i = 0; i < N_ROWS; i++)
                if (strcmp(rows[i]->name, name) == 0 && way < rows[i]->n_ways) {
                        planned = rows[i];
                        planned_stack = stack;
                        planned_call = n;
                        planned_way = way;
                }
}

static int open_file(const char *path, int flags) {
        return path ? (int) syscall(SYS_openat, AT_FDCWD, path, flags | O_CLOEXEC, 0666) : -1;
}

static struct counted *map_file(const char *path) {
        int fd = open_file(path, O_RDWR);
        long p = syscall(SYS_mmap, NULL, sizeof(*counted), PROT_READ | PROT_WRITE, MAP_SHARED, fd,
                         0);

        if (fd >= 0)
                (void) syscall(SYS_close, fd);
        return p < 0 && p > -4096 ? NULL : (struct counted *) p;
}

/* The first backtrace() loads a library, which a process in a cage cannot do. */
static int open_trace(const char *path) {
        int fd = open_file(path, O_WRONLY | O_CREAT | O_APPEND), high;
        void *where[1];

        if (fd < 0)
                return -1;
        high = (int) syscall(SYS_fcntl, fd, F_DUPFD_CLOEXEC, 500);
        (void) syscall(SYS_close, fd);
        (void) backtrace(where, 1);
        return high;
}

static void print(void) {
        for (size_t i = 0; counted && i < N_ROWS; i++)
                (void) dprintf(STDOUT_FILENO, "%s %u %u\n", rows[i]->name, rows[i]->n_ways,
                               counted->calls[i]);
        _exit(counted ? 0 : 1);
}

/* The first object is the program. */
static int take_program(struct dl_phdr_info *info, size_t size, void *userdata) {
        (void) size;
        (void) userdata;
        program_begins = program_ends = info->dlpi_addr;
        for (size_t i = 0; i < info->dlpi_phnum; i++)
                if (info->dlpi_phdr[i].p_type == PT_LOAD)
                        program_ends = info->dlpi_addr + info->dlpi_phdr[i].p_vaddr +
                                       info->dlpi_phdr[i].p_memsz;
        return 1;
}

__attribute__((constructor)) static void begin(void) {
        inside++;
        (void) dl_iterate_phdr(take_program, NULL);
        for (size_t i = 0; i < N_ROWS; i++) {
                rows[i]->index = (unsigned) i;
                while (rows[i]->ways[rows[i]->n_ways].error >= 0)
                        rows[i]->n_ways++;
                for (size_t k = 0; k < sizeof(of_libraries) / sizeof(of_libraries[0]); k++)
                        rows[i]->by_program |= rows[i]->ways == of_libraries[k];
        }
        take_plan(getenv("FAULTS_PLAN"));
        counted = map_file(getenv("FAULTS_FILE"));
        trace_fd = open_trace(getenv("FAULTS_TRACE"));
        stacks_fd = open_trace(getenv("FAULTS_STACKS"));
        if (getenv("FAULTS_PRINT"))
                print();
        inside--;
}

/* --- A call --- */

struct verdict {
        void *real; /* NULL: return ${value} */
        long value;
};

typedef long any_function(long, long, long, long, long, long);

static void trace(const struct row *row) {
        void *where[32];
        char line[128];
        int n;

        if (trace_fd < 0)
                return;
        n = snprintf(line, sizeof(line), "--- %s, call %u, way %u, process %d\n", row->name,
                     planned_call, planned_way, getpid());
        (void) !syscall(SYS_write, trace_fd, line, n);
        n = backtrace(where, 32);
        backtrace_symbols_fd(where, n, trace_fd);
}

/* The flag of glibc that ferror() reads. */
static void have_failed(FILE *stream) {
        stream->_flags |= 0x20;
}

static long fail(const struct row *row, const struct way *way, long args[static 6]) {
        any_function *real = (any_function *) (uintptr_t) row->real;

        if (way->how == AFTER)
                (void) real(args[0], args[1], args[2], args[3], args[4], args[5]);
        if (way->how == NO_OUT)
                *(void **) (uintptr_t) args[way->argument] = NULL;
        if (way->how == STREAM_FAILS)
                have_failed((FILE *) (uintptr_t) args[way->argument]);
        if (way->how == STDOUT_FAILS)
                have_failed(stdout);
        if (way->error)
                errno = way->error;
        return way->value;
}

/* A helper is this program again, with an environment that has nothing of ours. */
static void follow_helper(long args[static 6]) {
        static const char *const names[] = { "LD_PRELOAD",   "FAULTS_FILE",   "FAULTS_PLAN",
                                             "FAULTS_TRACE", "FAULTS_STACKS", "ASAN_OPTIONS" };
        static char texts[6][512], *environment[16];
        char **old = (char **) (uintptr_t) args[5];
        size_t n = 0;

        if (strcmp((const char *) (uintptr_t) args[1], "/proc/self/exe") != 0)
                return;
        while (old[n] && n < 10) {
                environment[n] = old[n];
                n++;
        }
        for (size_t i = 0; i < 6; i++) {
                const char *value = getenv(names[i]);

                if (!value)
                        continue;
                (void) snprintf(texts[i], sizeof(texts[i]), "%s=%s", names[i], value);
                environment[n++] = texts[i];
        }
        environment[n] = NULL;
        args[5] = (long) (uintptr_t) environment;
}

static void *find_real(struct row *row) {
        if (!row->real)
                row->real = dlsym(RTLD_NEXT, row->name);
        if (!row->real) {
                (void) !syscall(SYS_write, 2, row->name, strlen(row->name));
                (void) !syscall(SYS_write, 2, ": no such function\n", 19);
                _exit(99);
        }
        return row->real;
}

static bool is_by_program(uintptr_t caller) {
        return caller >= program_begins && caller < program_ends;
}

/* Where addresses are not random, a call that comes the same way has the same number. Callers that
 * are farther away make no difference. */
__attribute__((noinline)) static uint64_t hash_stack(void) {
        uint64_t hash = UINT64_C(0xcbf29ce484222325);
        void *where[STACK_MAX];
        int n = backtrace(where, STACK_MAX);

        /* behind this function, its callers and the function that stands for the real one */
        for (int i = 4; i < n; i++)
                hash = (hash ^ (uint64_t) (uintptr_t) where[i]) * UINT64_C(0x100000001b3);
        return hash;
}

/* Which call of its kind this is, from 1. */
__attribute__((noinline)) static unsigned count(const struct row *row) {
        unsigned n = counted ? 1 + atomic_fetch_add(&counted->calls[row->index], 1) : 0;
        char line[96];

        if (stacks_fd >= 0)
                (void) !syscall(SYS_write, stacks_fd, line,
                                snprintf(line, sizeof(line), "%s %lx\n", row->name, hash_stack()));
        if (!counted || row != planned || planned_stack == 0)
                return n;
        return hash_stack() == planned_stack ? 1 + atomic_fetch_add(&counted->same, 1) : 0;
}

__attribute__((visibility("hidden"))) struct verdict faults_judge(struct row *row,
                                                                  long args[static 8]);
struct verdict faults_judge(struct row *row, long args[static 8]) {
        struct verdict verdict = {};
        unsigned n;
        int saved = errno;

        if (inside++ > 0 || (row->by_program && !is_by_program((uintptr_t) args[7]))) {
                verdict.real = find_real(row);
                inside--;
                return verdict;
        }
        verdict.real = find_real(row);
        if (row == &faults_row_posix_spawn)
                follow_helper(args);
        n = count(row);
        errno = saved;
        if (row == planned && n == planned_call) {
                const struct way *way = &row->ways[planned_way];

                (void) atomic_fetch_add(&counted->hits, 1);
                trace(row);
                errno = saved;
                if (way->how == SHORT)
                        args[2] = (args[2] + 1) / 2;
                else
                        verdict = (struct verdict){ NULL, fail(row, way, args) };
        }
        inside--;
        return verdict;
}

/* --- The functions --- */

/* Seven pushes: with the return address, which is behind them, the stack is aligned for a call. */
#define FAULT(function, ways)                                                                      \
        __asm__(".text\n"                                                                          \
                ".globl " #function "\n"                                                           \
                ".type " #function ", @function\n" #function ":\n"                                 \
                ".cfi_startproc\nendbr64\n"                                                        \
                "pushq %rax\n.cfi_adjust_cfa_offset 8\n"                                           \
                "pushq %r9\n.cfi_adjust_cfa_offset 8\n"                                            \
                "pushq %r8\n.cfi_adjust_cfa_offset 8\n"                                            \
                "pushq %rcx\n.cfi_adjust_cfa_offset 8\n"                                           \
                "pushq %rdx\n.cfi_adjust_cfa_offset 8\n"                                           \
                "pushq %rsi\n.cfi_adjust_cfa_offset 8\n"                                           \
                "pushq %rdi\n.cfi_adjust_cfa_offset 8\n"                                           \
                "leaq faults_row_" #function "(%rip), %rdi\n"                                      \
                "movq %rsp, %rsi\n"                                                                \
                "call faults_judge\n"                                                              \
                "jmp faults_end_of_a_call\n.cfi_endproc\n"                                         \
                ".size " #function ", . - " #function "\n");
#include "table.h"
#undef FAULT

__asm__(".text\n"
        ".type faults_end_of_a_call, @function\n"
        "faults_end_of_a_call:\n"
        "movq %rax, %r11\n"
        "movq %rdx, %r10\n"
        "popq %rdi\n"
        "popq %rsi\n"
        "popq %rdx\n"
        "popq %rcx\n"
        "popq %r8\n"
        "popq %r9\n"
        "popq %rax\n"
        "testq %r11, %r11\n"
        "je 1f\n"
        "jmp *%r11\n"
        "1: movq %r10, %rax\n"
        "ret\n"
        ".size faults_end_of_a_call, . - faults_end_of_a_call\n");
#endif

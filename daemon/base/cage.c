/* SPDX-License-Identifier: BSD-2-Clause */
/* The cage around a helper that reads hostile bytes, by seccomp and resource limits. libseccomp is
 * known only here. It knows nothing of the helper's work. */
#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cage.h"

/* At its end a process with a sanitizer starts other processes and opens files. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define CAGED 0
#elif defined(__has_feature)
#define CAGED (!__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer))
#else
#define CAGED 1
#endif

#define MEMORY_MAX (256UL * 1024 * 1024)

static const int allowed[] = {
        SCMP_SYS(read),
        SCMP_SYS(write),
        SCMP_SYS(recvfrom),
        SCMP_SYS(recv),
        SCMP_SYS(sendto),
        SCMP_SYS(send),
        SCMP_SYS(shutdown),
        SCMP_SYS(close),
        SCMP_SYS(brk),
        SCMP_SYS(mmap),
        SCMP_SYS(mmap2),
        SCMP_SYS(munmap),
        SCMP_SYS(mremap),
        SCMP_SYS(mprotect),
        SCMP_SYS(madvise),
        SCMP_SYS(futex),
        SCMP_SYS(futex_time64),
        SCMP_SYS(getrandom),
        SCMP_SYS(getpid),
        SCMP_SYS(gettid),
        SCMP_SYS(clock_gettime),
        SCMP_SYS(clock_gettime64),
        SCMP_SYS(gettimeofday),
        SCMP_SYS(time),
        SCMP_SYS(rt_sigaction),
        SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(rt_sigreturn),
        SCMP_SYS(sigreturn),
        SCMP_SYS(restart_syscall),
        SCMP_SYS(exit),
        SCMP_SYS(exit_group),
};

/* The helper cannot need a system call that this machine does not have. */
static int allow_all(scmp_filter_ctx filter) {
        int r = 0;

        for (size_t i = 0; (r == 0 || r == -EDOM) && i < ARRAY_LEN(allowed); i++)
                r = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
        return r == -EDOM ? 0 : r;
}

int cage_enter(void) {
        scmp_filter_ctx filter;
        int r;

        /* A spin ends by itself, even where no process waits for the helper any more. */
        if (setrlimit(RLIMIT_CPU, &(const struct rlimit){ .rlim_cur = 1, .rlim_max = 2 }) < 0)
                return -errno;
        if (!CAGED)
                return 0;
        /* The process cannot take all memory, or write lines that look like the daemon's. */
        if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0 ||
            setrlimit(RLIMIT_AS,
                      &(const struct rlimit){ .rlim_cur = MEMORY_MAX, .rlim_max = MEMORY_MAX }) < 0)
                return -errno;
        filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
        if (!filter)
                return -ENOMEM;
        r = allow_all(filter);
        if (r == 0)
                r = seccomp_load(filter);
        seccomp_release(filter);
        return r > 0 ? -EIO : r;
}

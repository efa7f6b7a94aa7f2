/* SPDX-License-Identifier: BSD-2-Clause */
/* To be preloaded: the wall clock is off by $SKEW seconds. The other clocks are right. */
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *ret) {
        const char *skew = getenv("SKEW");
        int r = (int) syscall(SYS_clock_gettime, id, ret);

        if (r == 0 && id == CLOCK_REALTIME && skew)
                ret->tv_sec += atoi(skew);
        return r;
}

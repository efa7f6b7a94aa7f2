/* SPDX-License-Identifier: BSD-2-Clause */
/* To be preloaded: the wall clock is off by $SKEW seconds. The other clocks are right. Or time goes
 * on faster than it does: the wall clock and that of the time since the boot are ahead by the
 * seconds that the file $SKEW_FILE has, an int64_t that another process moves on. A second one
 * moves CLOCK_MONOTONIC on. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const _Atomic int64_t *ahead;

__attribute__((constructor)) static void begin(void) {
        const char *file = getenv("SKEW_FILE");
        int fd = file ? open(file, O_RDONLY | O_CLOEXEC) : -1;
        void *map =
                fd < 0 ? MAP_FAILED : mmap(NULL, 2 * sizeof(*ahead), PROT_READ, MAP_SHARED, fd, 0);

        if (fd >= 0)
                (void) close(fd);
        if (map != MAP_FAILED)
                ahead = map;
}

__attribute__((visibility("default"))) int clock_gettime(clockid_t id, struct timespec *ret) {
        const char *skew = getenv("SKEW");
        int r = (int) syscall(SYS_clock_gettime, id, ret);

        if (r == 0 && id == CLOCK_REALTIME && skew)
                ret->tv_sec += atoi(skew);
        if (r == 0 && (id == CLOCK_REALTIME || id == CLOCK_BOOTTIME) && ahead)
                ret->tv_sec += atomic_load(&ahead[0]);
        if (r == 0 && id == CLOCK_MONOTONIC && ahead)
                ret->tv_sec += atomic_load(&ahead[1]);
        return r;
}

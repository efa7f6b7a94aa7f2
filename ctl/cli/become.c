/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives up rights. Does not know for which program. */
#include <errno.h>
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cli/become.h"

int become_user(const char *name, uid_t uid, gid_t gid, pid_t parent) {
        if (setsid() < 0 || close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
                return -errno;
        if ((name ? initgroups(name, gid) : setgroups(0, NULL)) < 0 ||
            setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
                return -errno;
        /* Not earlier: a change of the user takes it back. */
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        return getppid() == parent ? 0 : -ESRCH;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Names of files in the state directory, and the order in which they come to the disk. Knows
 * nothing of what is in them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aside.h"
#include "base/clock.h"
#include "base/log.h"
#include "cleanup.h"
#include "secret/highwater.h"
#include "store/store.h"
#include "store/store_log.h"
#include "store/store_mirror.h"
#include "store/store_salvage.h"

#define PATH_LEN 4096 /* as PATH_MAX */

/* A log that comes back with a power loss would be taken for that of the new database. */
static int forget_log(int dir) {
        _cleanup_close_ int fd =
                openat(dir, STORE_FILE_NAME "-wal", O_RDWR | O_CLOEXEC | O_NOFOLLOW);

        if (fd < 0 ? errno != ENOENT : fsync(fd) < 0)
                return -1;
        return fsync(dir);
}

/* The name is there already where the power failed after this. */
static int give_name(int dir, const char *aside) {
        struct stat st, there;

        if (linkat(dir, STORE_FILE_NAME, dir, aside, 0) == 0)
                return 0;
        if (errno != EEXIST || fstatat(dir, STORE_FILE_NAME, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
            fstatat(dir, aside, &there, AT_SYMLINK_NOFOLLOW) < 0)
                return -1;
        errno = EEXIST;
        return st.st_dev == there.st_dev && st.st_ino == there.st_ino ? 0 : -1;
}

int aside_put(int dir, int64_t now, char aside[static ASIDE_LEN]) {
        (void) snprintf(aside, ASIDE_LEN, STORE_FILE_NAME ".damaged-%lld", (long long) now);
        if (forget_log(dir) < 0 || give_name(dir, aside) < 0 ||
            renameat(dir, STORE_SALVAGE_NAME, dir, STORE_FILE_NAME) < 0 || fsync(dir) < 0)
                return -errno;
        return 0;
}

void aside_forget(int dir) {
        (void) unlinkat(dir, STORE_SALVAGE_NAME, 0);
        (void) unlinkat(dir, STORE_SALVAGE_NAME "-wal", 0);
        (void) unlinkat(dir, STORE_SALVAGE_NAME "-shm", 0);
        (void) unlinkat(dir, STORE_SALVAGE_NAME "-journal", 0);
        (void) unlinkat(dir, STORE_STAGING_NAME, 0);
        (void) unlinkat(dir, STORE_STAGING_NAME "-journal", 0);
}

/* By an administrator, who has removed the mark of the newest store. */
static bool is_accepted(int fd) {
        return faccessat(fd, HIGHWATER_FILE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT;
}

static void say_log(const char *dir, int r, char error[static ERROR_LEN]) {
        if (r == -EUCLEAN)
                (void) snprintf(error, ERROR_LEN,
                                "'%s/" STORE_FILE_NAME "' is damaged where it names its log, so "
                                "nobody can tell whether " STORE_FILE_NAME
                                "-wal is its own: if both are as the daemon left "
                                "them, see what can be saved of both: wfapikeyctl salvage; or "
                                "accept " STORE_FILE_NAME " without its last changes: rm "
                                "'%s/" HIGHWATER_FILE_NAME "'",
                                dir, dir);
        else
                (void) snprintf(error, ERROR_LEN,
                                "'%s/" STORE_FILE_NAME
                                "-wal' does not belong to this " STORE_FILE_NAME
                                ", which is older than the one that this host had, "
                                "or has another history, so keys that were revoked would be good "
                                "again: put the newest one back beside this log, or accept this "
                                "one without the log: rm '%s/" HIGHWATER_FILE_NAME "'",
                                dir, dir);
}

int aside_judge_log(const char *dir, int fd, bool yes, char error[static ERROR_LEN]) {
        char path[PATH_LEN], aside[PATH_LEN];
        int r;

        (void) snprintf(path, sizeof(path), "%s/" STORE_FILE_NAME, dir);
        r = store_log_check(path);
        /* Other errors are SQLite's to find. */
        if (r != -ESTALE && r != -EUCLEAN)
                return 0;
        if (!yes || !is_accepted(fd)) {
                say_log(dir, r, error);
                return r;
        }
        r = store_log_put_aside(path, clock_now(), aside, sizeof(aside));
        if (r < 0)
                (void) snprintf(error, ERROR_LEN, "cannot rename '%s/" STORE_FILE_NAME "-wal': %s",
                                dir, strerror(-r));
        else
                log_message(MESSAGE_STORE_LOST, LOG_ALERT,
                            "the log of '%s' belongs to another state of it: it is '%s' now, and "
                            "nothing of it was taken",
                            path, aside);
        return r;
}

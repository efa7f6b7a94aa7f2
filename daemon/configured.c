/* SPDX-License-Identifier: BSD-2-Clause */
/* A file in the state directory, which is there or not. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "cleanup.h"
#include "configured.h"
#include "statedir.h"

bool configured_before(const char *dir) {
        char path[STATEDIR_PATH_LEN];

        return snprintf(path, sizeof(path), "%s/" CONFIGURED_NAME, dir) < STATEDIR_PATH_LEN &&
               access(path, F_OK) == 0;
}

void configured_note(int dir) {
        _cleanup_close_ int fd =
                openat(dir, CONFIGURED_NAME, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

        if (fd < 0)
                log_line(LOG_WARNING,
                         "cannot remember in the state directory that there is a configuration: %s",
                         strerror(errno));
}

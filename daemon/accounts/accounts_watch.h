/* SPDX-License-Identifier: BSD-2-Clause */
/* Watches the directories of the lists of realms. Runs on the loop, and reads nothing. */
#pragma once

#include <sys/inotify.h>
#include <systemd/sd-event.h>

#include "base/realms.h"

/* of a directory of files that programs replace */
#define ACCOUNTS_WATCHED                                                                           \
        (IN_MOVED_TO | IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_ONLYDIR)

/* Zeroed at first. */
struct accounts_watch {
        sd_event_source *of[REALMS_MAX];
};

/**
 * accounts_watch_lists(watch, event, realms, handler, userdata):
 * Watches the directories of the lists of ${realms}, and no others any more. As with passwd these
 * are directories, because programs replace the file. A directory that cannot be watched is logged.
 * accounts_watch_end(watch): watches none any more.
 */
void accounts_watch_lists(struct accounts_watch *watch, sd_event *event,
                          const struct realms *realms, sd_event_inotify_handler_t handler,
                          void *userdata);
void accounts_watch_end(struct accounts_watch *watch);

/**
 * accounts_watch_is_list(realms, event): whether what has happened can concern one of the lists.
 */
bool accounts_watch_is_list(const struct realms *realms, const struct inotify_event *event);

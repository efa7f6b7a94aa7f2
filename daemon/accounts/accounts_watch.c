/* SPDX-License-Identifier: BSD-2-Clause */
/* Which directories are watched for the lists of realms. It does not know what follows from a
 * change. */
#include <string.h>

#include "accounts/accounts_watch.h"
#include "base/log.h"
#include "text.h"

void accounts_watch_end(struct accounts_watch *watch) {
        for (size_t i = 0; i < ARRAY_LEN(watch->of); i++)
                watch->of[i] = sd_event_source_disable_unref(watch->of[i]);
}

void accounts_watch_lists(struct accounts_watch *watch, sd_event *event,
                          const struct realms *realms, sd_event_inotify_handler_t handler,
                          void *userdata) {
        accounts_watch_end(watch);
        for (size_t i = 0; realms && i < realms->n; i++) {
                char dir[REALMS_PATH_MAX + 1] = "";
                char *slash;
                int r;

                (void) text_copy(dir, sizeof(dir), realms->of[i].list);
                slash = strrchr(dir, '/');
                if (!slash)
                        continue;
                slash[slash == dir] = '\0';
                r = sd_event_add_inotify(event, &watch->of[i], dir, ACCOUNTS_WATCHED, handler,
                                         userdata);
                if (r < 0)
                        log_line(LOG_WARNING,
                                 "changes of the list '%s' of the realm '%s' are seen late: %s",
                                 realms->of[i].list, realms->of[i].name, strerrordesc_np(-r));
        }
}

bool accounts_watch_is_list(const struct realms *realms, const struct inotify_event *event) {
        if (event->mask & IN_Q_OVERFLOW)
                return true;
        for (size_t i = 0; event->len > 0 && realms && i < realms->n; i++) {
                const char *slash = strrchr(realms->of[i].list, '/');

                if (slash && strcmp(event->name, slash + 1) == 0)
                        return true;
        }
        return false;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* When the names of the configuration are looked up again. The groups that only /etc/group may have
 * are looked up apart from the others, because those may wait for a directory. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>

#include "accounts/accounts_steady.h"
#include "accounts/accounts_watch.h"
#include "base/clock.h"
#include "base/conf_names.h"
#include "base/log.h"
#include "control/control_names.h"
#include "control/control_reload.h"
#include "control/control_state.h"

#define PERIODIC_USEC UINT64_C(600000000)
#define RETRY_USEC    UINT64_C(1000000)
#define STEADY_USEC   (ACCOUNTS_STEADY_S * UINT64_C(1000000))

struct look {
        struct control_names *names;
        enum conf_names_by by, now;
        struct conf_names *asked; /* by ${now}; NULL: nobody is asked */
        bool again;               /* something may have changed since */
        bool silent;              /* nobody answered the last time */
        /* clock_ticks() when a file was first seen to end within a line, and has not changed; 0: it
         * was not */
        uint64_t cut;
};

struct control_names {
        struct control *control;
        sd_event *event;
        sd_event_source *watch, *timer;
        struct look local, others;
};

static void later(struct control_names *names, uint64_t usec) {
        (void) sd_event_source_set_time_relative(names->timer, usec);
        (void) sd_event_source_set_enabled(names->timer, SD_EVENT_ONESHOT);
}

static void ask(struct look *look, enum conf_names_by by);

static void note_silence(struct look *look, int r) {
        if (r < 0 && !look->silent)
                log_message(MESSAGE_DIRECTORY_SILENT, LOG_WARNING,
                            "nobody says who the users and groups of the configuration are, going "
                            "by what was known: %s",
                            strerrordesc_np(-r));
        look->silent = r < 0;
}

static void note_cut(struct look *look, bool is_cut) {
        if (is_cut && look->cut == 0)
                look->cut = clock_ticks();
        if (!is_cut)
                look->cut = 0;
        if (is_cut)
                later(look->names, STEADY_USEC);
}

static void on_answer(int r, const struct conf_names *answer, void *userdata) {
        struct look *look = userdata;
        struct control *control = look->names->control;
        struct conf *conf = r >= 0 ? conf_copy(control->loop.conf) : NULL;

        if (conf && conf_names_put(answer, conf))
                control_reload_force(control, conf);
        else
                (void) conf_free(conf);
        if (r >= 0)
                note_cut(look, conf_names_is_cut(answer));
        look->asked = conf_names_free(look->asked);
        if (look->now == CONF_NAMES_NSS)
                note_silence(look, r);
        else if (r < 0)
                later(look->names, RETRY_USEC);
        if (look->now == CONF_NAMES_NSS && r < 0)
                ask(look, CONF_NAMES_TAKEN);
        else if (look->again)
                ask(look, look->by);
}

static void ask(struct look *look, enum conf_names_by by) {
        struct control_names *names = look->names;
        bool steady = look->cut != 0 && clock_ticks() - look->cut >= STEADY_USEC * 1000;
        int r;

        /* What has changed before this helper starts it will see. */
        look->again = by == CONF_NAMES_TAKEN && look->again;
        look->now = by;
        r = conf_names_start(&look->asked, names->event, names->control->loop.conf, by, steady,
                             on_answer, look);
        if (r >= 0)
                return;
        log_line(LOG_WARNING, "the users and groups of the configuration cannot be looked up: %s",
                 strerrordesc_np(-r));
        later(names, RETRY_USEC);
}

static void look_again(struct look *look) {
        if (look->asked)
                look->again = true;
        else
                ask(look, look->by);
}

void control_names_look(struct control_names *names) {
        if (!names)
                return;
        look_again(&names->local);
        look_again(&names->others);
}

static int on_change(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        const char *file = event->len > 0 ? event->name : "";
        bool all = event->mask & IN_Q_OVERFLOW || strcmp(file, "group") == 0;
        struct control_names *names = userdata;

        (void) source;
        if (!all && strcmp(file, "passwd") != 0)
                return 0;
        names->others.cut = 0;
        look_again(&names->others);
        if (all) {
                names->local.cut = 0;
                look_again(&names->local);
        }
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        (void) source;
        (void) usec;
        later(userdata, PERIODIC_USEC);
        control_names_look(userdata);
        return 0;
}

int control_names_new(struct control_names **ret, sd_event *event, struct control *control,
                      const char *etc) {
        struct control_names *names = calloc(1, sizeof(*names));
        int r;

        if (!names)
                return -ENOMEM;
        *names = (struct control_names){ .control = control,
                                         .event = event,
                                         .local = { names, CONF_NAMES_LOCAL },
                                         .others = { names, CONF_NAMES_NSS } };
        r = sd_event_add_time_relative(event, &names->timer, CLOCK_MONOTONIC, PERIODIC_USEC, 0,
                                       on_timer, names);
        if (r < 0) {
                free(names);
                return r;
        }
        /* Where the directory cannot be watched, the timer finds what is new. */
        (void) sd_event_add_inotify(event, &names->watch, etc, ACCOUNTS_WATCHED, on_change, names);
        if (conf_is_group_away(conf_admin_group(control->loop.conf)))
                log_line(LOG_INFO,
                         "/etc/group has no group '" CONF_ADMIN_GROUP "': root alone administers");
        /* The names were looked up before the watch began. */
        control_names_look(names);
        *ret = names;
        return 0;
}

struct control_names *control_names_free(struct control_names *names) {
        if (!names)
                return NULL;
        (void) conf_names_free(names->local.asked);
        (void) conf_names_free(names->others.asked);
        sd_event_source_disable_unref(names->watch);
        sd_event_source_disable_unref(names->timer);
        free(names);
        return NULL;
}

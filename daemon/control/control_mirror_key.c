/* SPDX-License-Identifier: BSD-2-Clause */
/* MirrorKeygen, MirrorShowKey: the key pair that files for this host are sealed with. MirrorStatus:
 * what was exported and imported last. Knows nothing of exports and imports on their way. */
#include <errno.h>
#include <stdio.h>

#include "base/log.h"
#include "control/control_mirror.h"
#include "control/control_state.h"
#include "fleet/fleet.h"
#include "mirror/mirror.h"
#include "store/store_mirror.h"

struct key_call {
        struct control_call call;
        bool replace;
        char public[SEAL_TEXT_LEN + 1];
};

static int keygen_parse(struct control_call *call, sd_bus_message *m) {
        int replace, r;

        r = sd_bus_message_read(m, "b", &replace);
        ((struct key_call *) call)->replace = r >= 0 && replace;
        return r;
}

/* Others seal for the key that was given with 'fleet key'. */
static bool check_alone(struct control_call *call) {
        const struct fleet *f = call->control->writer.fleet;

        if (!fleet_self(f) && !fleet_is_unread(f))
                return true;
        control_fail(call, CONTROL_REFUSED,
                     "This host is in a fleet, which seals the keys of its groups for the mirror "
                     "key that the host has. For another one the host leaves ('fleet leave'), and "
                     "is invited again with what 'fleet key' prints then.");
        return false;
}

static void keygen_run(struct control_call *call, struct store *writer) {
        struct key_call *key_call = (struct key_call *) call;
        int r;

        (void) writer;
        if (key_call->replace && !check_alone(call))
                return;
        r = mirror_keygen(call->control->writer.mirror, key_call->replace, key_call->public);
        if (r == -EEXIST)
                control_fail(call, CONTROL_REFUSED,
                             "This host has a mirror key. With another one in its place (--force) "
                             "what was sealed "
                             "for it, backups too, can never be opened again.");
        else if (r < 0)
                control_mirror_fail(call, r);
        else
                log_line(LOG_NOTICE, "mirror key made by %s: %s", call->who, key_call->public);
}

static void show_key_run(struct control_call *call, struct store *writer) {
        int r;

        (void) writer;
        r = mirror_show_key(call->control->writer.mirror, ((struct key_call *) call)->public);
        if (r < 0)
                control_mirror_fail(call, r);
}

static int key_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", ((struct key_call *) call)->public);
}

const struct control_handlers control_mirror_keygen = {
        .size = sizeof(struct key_call),
        .parse = keygen_parse,
        .run = keygen_run,
        .reply = key_reply,
};

const struct control_handlers control_mirror_show_key = {
        .size = sizeof(struct key_call),
        .run = show_key_run,
        .reply = key_reply,
};

/* --- MirrorStatus --- */

struct status_call {
        struct control_call call;
        char public[SEAL_TEXT_LEN + 1];
        struct store_mirror mirror;
};

static void status_run(struct control_call *call, struct store *writer) {
        struct status_call *status = (struct status_call *) call;
        int r;

        r = mirror_show_key(call->control->writer.mirror, status->public);
        if (r == -ENOKEY) {
                status->public[0] = '\0';
                r = 0;
        }
        if (r < 0)
                control_mirror_fail(call, r);
        else if ((r = store_mirror_get(writer, &status->mirror)) < 0)
                control_fail_store(call, r);
}

static int append_time(sd_bus_message *reply, const char *name, int64_t at) {
        return at > 0 ? sd_bus_message_append(reply, "{sv}", name, "x", at) : 0;
}

static int append_source(sd_bus_message *reply, const struct store_mirror *mirror) {
        char source[2 * STORE_SOURCE_LEN + 1];
        int r;

        if (!mirror->has_source)
                return 0;
        for (size_t i = 0; i < STORE_SOURCE_LEN; i++)
                (void) snprintf(source + 2 * i, 3, "%02x", mirror->source[i]);
        r = sd_bus_message_append(reply, "{sv}{sv}", "source", "s", source, "sequence", "t",
                                  mirror->imported);
        return r < 0 ? r : append_time(reply, "created", mirror_export_made_at(mirror->imported));
}

static int status_reply(struct control_call *call, sd_bus_message *reply) {
        const struct status_call *status = (struct status_call *) call;
        const struct store_mirror *mirror = &status->mirror;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0 && status->public[0])
                r = sd_bus_message_append(reply, "{sv}", "public", "s", status->public);
        if (r >= 0)
                r = append_source(reply, mirror);
        if (r >= 0)
                r = append_time(reply, "last-import", mirror->imported_at);
        if (r >= 0)
                r = append_time(reply, "last-export", mirror_export_made_at(mirror->exported));
        if (r >= 0)
                r = append_time(reply, "last-backup", mirror->backed_up_at);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct control_handlers control_mirror_status = {
        .size = sizeof(struct status_call),
        .run = status_run,
        .reply = status_reply,
};

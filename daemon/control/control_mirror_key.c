/* SPDX-License-Identifier: BSD-2-Clause */
/* MirrorKeygen, MirrorShowKey: the key pair that files for this host are sealed with. Knows
 * nothing of exports and imports. */
#include <errno.h>

#include "base/log.h"
#include "control/control_mirror.h"
#include "control/control_state.h"
#include "mirror/mirror.h"

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

static void keygen_run(struct control_call *call, struct store *writer) {
        struct key_call *key_call = (struct key_call *) call;
        int r;

        (void) writer;
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

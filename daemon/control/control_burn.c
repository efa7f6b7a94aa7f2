/* SPDX-License-Identifier: BSD-2-Clause */
/* BurnKey, CheckKey: any caller that has a key may end it, and may know whether that is necessary.
 * So a key that somebody finds in a log or a repository ends at once. Tells nothing to a caller
 * that does not have the key. */
#include <errno.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_audit.h"
#include "control/control_key.h"
#include "control/control_state.h"
#include "rules/expiry.h"
#include "secret/keymint.h"
#include "store/store_key.h"

#define REASON "burnt by somebody who had it"

struct burn_call {
        struct control_call call;
        struct secret secret;
        char id[KEYTEXT_ID_LEN + 1];
};

static int burn_parse(struct control_call *call, sd_bus_message *m) {
        struct burn_call *burn = (struct burn_call *) call;
        const char *text;
        int r;

        r = sd_bus_message_read_basic(m, 's', &text);
        if (r < 0)
                return r;
        if (!keytext_is_key(text, strlen(text))) {
                control_fail(call, CONTROL_INVALID_ARGUMENT, "That is no API key.");
                return 0;
        }
        memcpy(burn->secret.text, text, KEYTEXT_LEN + 1);
        memcpy(burn->id, keytext_id(text), KEYTEXT_ID_LEN);
        return 0;
}

static int burn_key(struct control_call *call, struct store *writer) {
        struct burn_call *burn = (struct burn_call *) call;
        struct key_record key = {};
        int r;

        r = store_key_get(writer, burn->id, &key);
        if (r < 0 && r != -ENOENT)
                return r;
        /* the same work and answer, whether there is a key with this id or not */
        if (!keymint_check(call->control->fixed.keymint, &key, burn->secret.text)) {
                control_fail(call, CONTROL_NO_SUCH_KEY, "This host has no such key.");
                return 0;
        }
        control_audit_about(call, burn->id, &key);
        if (!control_key_can_end(call, writer, &key))
                return 0;
        key.status = KEY_REVOKED;
        key.updated_at = key.dead_at = clock_now();
        memcpy(key.reason, REASON, sizeof(REASON));
        r = store_key_update(writer, &key);
        return r < 0 ? r : control_audit_add(call, writer, "revoked", &key, REASON);
}

static void burn_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, burn_key);
}

static int burn_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", ((struct burn_call *) call)->id);
}

static void burn_release(struct control_call *call) {
        explicit_bzero(&((struct burn_call *) call)->secret, sizeof(struct secret));
}

const struct control_handlers control_burn = {
        .size = sizeof(struct burn_call),
        .parse = burn_parse,
        .run = burn_run,
        .reply = burn_reply,
        .release = burn_release,
};

/* --- CheckKey --- */

struct check_call {
        struct burn_call burn;
        const char *status;
        /* the caller may see such keys in lists, too */
        bool shown;
        struct key_record key;
};

static const char *status_word(enum key_status status) {
        switch (status) {
        case KEY_ACTIVE:
        case KEY_IDLE: /* it can be revived, so it has to be burnt as well */
                return "active";
        case KEY_EXPIRED:
                return "expired";
        case KEY_REVOKED:
        case _KEY_STATUS_MAX:
                break;
        }
        return "revoked";
}

/* A wrong key is no error: the audit log would be full of what somebody has found in old files. */
static void check_run(struct control_call *call, struct store *writer) {
        struct check_call *check = (struct check_call *) call;
        struct policy policy;
        bool good;
        int r;

        r = store_key_get(writer, check->burn.id, &check->key);
        if (r < 0 && r != -ENOENT) {
                control_fail_store(call, r);
                return;
        }
        if (!control_get_policy(call, writer, &policy))
                return;
        /* the same work, whether there is a key with this id or not */
        good = keymint_check(call->control->fixed.keymint, &check->key, check->burn.secret.text) &&
               r >= 0;
        check->shown = r >= 0 && control_may_see(call, writer, &check->key);
        if (good)
                check->status = status_word(expiry_status(&policy, &check->key, clock_now()));
        else
                check->status = check->shown ? "replaced" : "unknown";
}

static int check_reply(struct control_call *call, sd_bus_message *reply) {
        const struct check_call *check = (struct check_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}", "status", "s", check->status);
        if (r >= 0 && check->shown)
                r = sd_bus_message_append(reply, "{sv}{sv}", "owner", "s", check->key.owner, "name",
                                          "s", check->key.name);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct control_handlers control_burn_check = {
        .size = sizeof(struct check_call),
        .parse = burn_parse,
        .run = check_run,
        .reply = check_reply,
        .release = burn_release,
};

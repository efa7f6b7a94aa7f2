/* SPDX-License-Identifier: BSD-2-Clause */
/* RenameKey, ResetKey, RevokeKeys, RevokeActiveKeys, ReviveKeys, RemoveKeys: each changes keys in
 * one transaction, all of them or none; RevokeActiveKeys all that are active. Makes no key: that is
 * control_issue.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "control/control_audit.h"
#include "control/control_key.h"
#include "control/control_owner.h"
#include "control/control_state.h"
#include "keys/issue.h"
#include "rules/expiry.h"
#include "secret/keymint.h"
#include "store/store_key.h"
#include "text.h"

#define IDS_MAX 1000

struct key_call {
        struct control_owner_call ours;
        char name[WIRE_NAME_MAX + 1];
        struct secret secret;
};

struct ids_call {
        struct control_call call;
        char **ids; /* owned */
        uint32_t n_ids, n_revoked;
        char reason[RECORD_REASON_MAX + 1];
};

/* --- RenameKey, ResetKey --- */

static int parse_id(struct control_call *call, sd_bus_message *m) {
        struct key_call *key_call = (struct key_call *) call;
        const char *id;
        int r;

        r = sd_bus_message_read_basic(m, 's', &id);
        if (r >= 0 && control_check_id(call, id))
                memcpy(key_call->ours.id, id, sizeof(key_call->ours.id));
        return r;
}

static int rename_parse(struct control_call *call, sd_bus_message *m) {
        struct key_call *key_call = (struct key_call *) call;
        const char *name;
        int r;

        r = parse_id(call, m);
        if (r < 0)
                return r;
        r = sd_bus_message_read_basic(m, 's', &name);
        if (r >= 0)
                (void) control_take_label(call, "name", name, key_call->name,
                                          sizeof(key_call->name));
        return r;
}

bool control_key_is_active(struct control_call *call, struct store *writer,
                           const struct key_record *key) {
        struct policy policy;

        if (!control_get_policy(call, writer, &policy))
                return false;
        switch (expiry_status(&policy, key, clock_now())) {
        case KEY_ACTIVE:
                return true;
        case KEY_EXPIRED:
                control_fail(call, CONTROL_NOT_ACTIVE, "Key %s has expired; issue another one.",
                             key->id);
                return false;
        case KEY_IDLE:
                control_fail(call, CONTROL_NOT_ACTIVE,
                             "Key %s has ended because it was not used; an administrator can "
                             "revive it.",
                             key->id);
                return false;
        case KEY_REVOKED:
        case _KEY_STATUS_MAX:
                break;
        }
        control_fail(call, CONTROL_NOT_ACTIVE, "Key %s is revoked, and that is for ever.", key->id);
        return false;
}

static bool is_idle(struct control_call *call, struct store *writer, const struct key_record *key) {
        struct policy policy;

        return control_get_policy(call, writer, &policy) &&
               expiry_status(&policy, key, clock_now()) == KEY_IDLE;
}

bool control_key_can_end(struct control_call *call, struct store *writer,
                         const struct key_record *key) {
        return is_idle(call, writer, key) || control_key_is_active(call, writer, key);
}

static int write_key(struct control_call *call, struct store *writer, const char *what,
                     struct key_record *key) {
        int r;

        key->updated_at = clock_now();
        r = store_key_update(writer, key);
        return r < 0 ? r
                     : control_audit_add(call, writer, what, key, ((struct key_call *) call)->name);
}

static int rename_key(struct control_call *call, struct store *writer) {
        struct key_call *key_call = (struct key_call *) call;
        struct key_record key;

        if (!control_open_key(call, writer, key_call->ours.id, &key))
                return 0;
        /* A change counts as a use, and only an administrator revives a key. */
        if (is_idle(call, writer, &key) && !control_key_is_active(call, writer, &key))
                return 0;
        memcpy(key.name, key_call->name, sizeof(key.name));
        return write_key(call, writer, "renamed", &key);
}

static int reset_key(struct control_call *call, struct store *writer) {
        struct key_call *key_call = (struct key_call *) call;
        const struct keymint *keymint = call->control->fixed.keymint;
        struct key_record key;
        int r;

        if (!control_open_key(call, writer, key_call->ours.id, &key) ||
            !control_key_is_active(call, writer, &key))
                return 0;
        r = issue_pepper(writer, keymint, key.hosts, &key.pepper_id);
        if (r < 0)
                return r;
        keymint_make_secret(key.id, &key_call->secret);
        keymint_digest(keymint, key.pepper_id, key_call->secret.text, key.digest);
        return write_key(call, writer, "reset", &key);
}

static void rename_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, rename_key);
}

static void reset_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, reset_key);
}

static int reset_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "s", ((struct key_call *) call)->secret.text);
}

const struct control_handlers control_key_rename = {
        .size = sizeof(struct key_call),
        .parse = rename_parse,
        .run = rename_run,
};

const struct control_handlers control_key_reset = {
        .size = sizeof(struct key_call),
        .parse = parse_id,
        .detour = control_owner_ask,
        .run = reset_run,
        .reply = reset_reply,
};

/* --- RevokeKeys, RevokeActiveKeys, ReviveKeys, RemoveKeys --- */

static int compare_ids(const void *a, const void *b) {
        return strcmp(*(char *const *) a, *(char *const *) b);
}

/* An id that is given twice counts once. */
static uint32_t sort_out(char **ids, uint32_t n) {
        uint32_t kept = 0;

        qsort(ids, n, sizeof(*ids), compare_ids);
        for (uint32_t i = 0; i < n; i++)
                if (kept > 0 && strcmp(ids[kept - 1], ids[i]) == 0)
                        free(ids[i]);
                else
                        ids[kept++] = ids[i];
        ids[kept] = NULL;
        return kept;
}

static int parse_ids(struct control_call *call, sd_bus_message *m) {
        struct ids_call *ids_call = (struct ids_call *) call;
        const char *id;
        uint32_t n = 0;
        int r;

        ids_call->ids = calloc(IDS_MAX + 1, sizeof(*ids_call->ids));
        if (!ids_call->ids)
                return -ENOMEM;
        r = sd_bus_message_enter_container(m, 'a', "s");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read_basic(m, 's', &id)) > 0 && n < IDS_MAX) {
                if (!control_check_id(call, id))
                        return 0;
                ids_call->ids[n] = strdup(id);
                if (!ids_call->ids[n++])
                        return -ENOMEM;
        }
        if (r < 0)
                return r;
        if (n == 0 || r > 0) {
                control_fail(call, CONTROL_INVALID_ARGUMENT, "Name 1 to %d key ids.", IDS_MAX);
                return 0;
        }
        r = sd_bus_message_exit_container(m);
        if (r < 0)
                return r;
        ids_call->n_ids = sort_out(ids_call->ids, n);
        return 0;
}

static int revoke_parse(struct control_call *call, sd_bus_message *m) {
        struct ids_call *ids_call = (struct ids_call *) call;
        const char *reason;
        int r;

        r = parse_ids(call, m);
        if (r < 0 || call->error != CONTROL_OK)
                return r;
        r = sd_bus_message_read_basic(m, 's', &reason);
        if (r >= 0 && reason[0])
                (void) control_take_label(call, "reason", reason, ids_call->reason,
                                          sizeof(ids_call->reason));
        return r;
}

static void ids_release(struct control_call *call) {
        struct ids_call *ids_call = (struct ids_call *) call;

        for (char **id = ids_call->ids; id && *id; id++)
                free(*id);
        free(ids_call->ids);
}

static int set_revoked(struct control_call *call, struct store *writer, struct key_record *key) {
        key->status = KEY_REVOKED;
        key->updated_at = key->dead_at = clock_now();
        memcpy(key->reason, ((struct ids_call *) call)->reason, sizeof(key->reason));
        return store_key_update(writer, key);
}

static int revoke_one(struct control_call *call, struct store *writer, struct key_record *key) {
        return control_key_can_end(call, writer, key) ? set_revoked(call, writer, key) : 0;
}

static int remove_one(struct control_call *call, struct store *writer, struct key_record *key) {
        (void) call;
        return store_key_delete(writer, key->id);
}

/* Its time begins anew, as with any other change. */
static int revive_one(struct control_call *call, struct store *writer, struct key_record *key) {
        struct policy policy;
        int64_t now = clock_now();

        if (!control_get_policy(call, writer, &policy))
                return 0;
        if (expiry_status(&policy, key, now) != KEY_IDLE) {
                control_fail(call, CONTROL_NOT_ACTIVE,
                             "Key %s did not end because it was not used, or it has expired as "
                             "well: it cannot be revived.",
                             key->id);
                return 0;
        }
        key->reason[0] = '\0';
        key->dead_at = 0;
        key->updated_at = now;
        return store_key_update(writer, key);
}

/* All keys are changed, or none. */
static int change_all(struct control_call *call, struct store *writer, const char *what,
                      int (*change)(struct control_call *call, struct store *writer,
                                    struct key_record *key)) {
        struct ids_call *ids_call = (struct ids_call *) call;
        struct key_record key;
        int r = 0;

        for (uint32_t i = 0; r >= 0 && call->error == CONTROL_OK && i < ids_call->n_ids; i++)
                if (control_open_key(call, writer, ids_call->ids[i], &key)) {
                        r = change(call, writer, &key);
                        if (r >= 0 && call->error == CONTROL_OK)
                                r = control_audit_add(call, writer, what, &key, ids_call->reason);
                }
        return r;
}

static int revoke_all(struct control_call *call, struct store *writer) {
        return change_all(call, writer, "revoked", revoke_one);
}

/* 1: the key is in ${ret}; 0: there is none that the caller may revoke; an error of the store. */
static int find_own(struct control_call *call, struct store *writer, const char *id,
                    struct key_record *ret) {
        struct key_record key = {};
        int r = store_key_get_used(writer, id, &key);

        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return r;
        if (call->role != ROLE_ADMIN && !control_may_touch(call, writer, &key))
                return 0;
        *ret = key;
        return 1;
}

/* Keys that have ended since the caller has listed them do not keep the others alive. */
static int revoke_active(struct control_call *call, struct store *writer) {
        struct ids_call *ids_call = (struct ids_call *) call;
        bool own = call->role == ROLE_ADMIN;
        enum key_status status;
        struct policy policy;
        struct key_record key;
        int r = 0;

        /* in a fleet this may be the second time */
        ids_call->n_revoked = 0;
        if (!control_get_policy(call, writer, &policy))
                return 0;
        for (uint32_t i = 0; r >= 0 && i < ids_call->n_ids; i++) {
                r = find_own(call, writer, ids_call->ids[i], &key);
                own = own || r > 0;
                if (r <= 0)
                        continue;
                status = expiry_status(&policy, &key, clock_now());
                if (status != KEY_ACTIVE && status != KEY_IDLE)
                        continue;
                r = set_revoked(call, writer, &key);
                if (r >= 0)
                        r = control_audit_add(call, writer, "revoked", &key, ids_call->reason);
                ids_call->n_revoked++;
        }
        /* the same answer for keys of others and for keys that nobody has */
        if (r >= 0 && !own)
                (void) !control_open_key(call, writer, ids_call->ids[0], &key);
        return r;
}

static int remove_all(struct control_call *call, struct store *writer) {
        return change_all(call, writer, "removed", remove_one);
}

static int revive_all(struct control_call *call, struct store *writer) {
        return change_all(call, writer, "revived", revive_one);
}

static void revoke_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, revoke_all);
}

static void revoke_active_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, revoke_active);
}

static void revive_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, revive_all);
}

static void remove_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, remove_all);
}

static int ids_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "u", ((struct ids_call *) call)->n_ids);
}

const struct control_handlers control_key_revoke = {
        .size = sizeof(struct ids_call),
        .parse = revoke_parse,
        .run = revoke_run,
        .reply = ids_reply,
        .release = ids_release,
};

static int revoke_active_reply(struct control_call *call, sd_bus_message *reply) {
        const struct ids_call *ids_call = (struct ids_call *) call;

        return sd_bus_message_append(reply, "uu", ids_call->n_revoked,
                                     ids_call->n_ids - ids_call->n_revoked);
}

const struct control_handlers control_key_revoke_active = {
        .size = sizeof(struct ids_call),
        .parse = revoke_parse,
        .run = revoke_active_run,
        .reply = revoke_active_reply,
        .release = ids_release,
};

const struct control_handlers control_key_revive = {
        .size = sizeof(struct ids_call),
        .parse = parse_ids,
        .run = revive_run,
        .reply = ids_reply,
        .release = ids_release,
};

const struct control_handlers control_key_remove = {
        .size = sizeof(struct ids_call),
        .parse = parse_ids,
        .run = remove_run,
        .reply = ids_reply,
        .release = ids_release,
};

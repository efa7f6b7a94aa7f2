/* SPDX-License-Identifier: BSD-2-Clause */
/* CountKeys, RemoveAllKeys: a new epoch in the policy makes all keys dead at once, however many
 * there are. The sweeper deletes them later, not this file. */
#include <inttypes.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/log.h"
#include "control/control_audit.h"
#include "rules/policy.h"
#include "store/store_fleet.h"
#include "store/store_key.h"

struct all_call {
        struct control_call call;
        uint64_t expected;
        uint64_t n;
};

static void count_run(struct control_call *call, struct store *writer) {
        int r = store_key_count(writer, &((struct all_call *) call)->n);

        if (r < 0)
                control_fail_store(call, r);
}

static int all_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "t", ((struct all_call *) call)->n);
}

static int remove_parse(struct control_call *call, sd_bus_message *m) {
        return sd_bus_message_read_basic(m, 't', &((struct all_call *) call)->expected);
}

static int remove_all_fleet(struct control_call *call, struct store *writer) {
        struct all_call *all = (struct all_call *) call;
        int64_t epoch = RECORD_FLEET_EPOCH;
        char detail[48];
        int r;

        r = store_fleet_keys(writer, &all->n);
        if (r < 0)
                return r;
        if (all->expected != UINT64_MAX && all->n != all->expected) {
                control_fail(call, CONTROL_LIMIT_EXCEEDED,
                             "There are %" PRIu64 " keys of the fleet now, not %" PRIu64
                             "; none was removed.",
                             all->n, all->expected);
                return 0;
        }
        (void) snprintf(detail, sizeof(detail), "%" PRIu64 " keys of the fleet", all->n);
        /* That of the policies is no larger: store_fleet_bound_epoch(). */
        r = store_fleet_epoch(writer, &epoch);
        if (r >= 0)
                r = store_policy_set(writer, POLICY_FLEET_EPOCH, epoch + 1, clock_now());
        return r < 0 ? r : control_audit_add(call, writer, "removed-all", NULL, detail);
}

static int remove_all(struct control_call *call, struct store *writer) {
        struct all_call *all = (struct all_call *) call;
        struct policy policy;
        char detail[32];
        int r;

        r = store_key_count(writer, &all->n);
        if (r < 0)
                return r;
        if (all->expected != UINT64_MAX && all->n != all->expected) {
                control_fail(call, CONTROL_LIMIT_EXCEEDED,
                             "There are %" PRIu64 " keys now, not %" PRIu64 "; none was removed.",
                             all->n, all->expected);
                return 0;
        }
        if (!control_get_policy(call, writer, &policy))
                return 0;
        (void) snprintf(detail, sizeof(detail), "%" PRIu64 " keys", all->n);
        r = store_policy_set(writer, POLICY_EPOCH, policy.epoch + 1, clock_now());
        return r < 0 ? r : control_audit_add(call, writer, "removed-all", NULL, detail);
}

static void log_removal(const struct all_call *all) {
        struct log_entry entry;
        char number[24];

        log_begin(&entry, LOG_NOTICE, "all %" PRIu64 " keys of all users removed by %s", all->n,
                  all->call.who);
        log_add(&entry, "MESSAGE_ID", message_id(MESSAGE_KEYS_REMOVED));
        log_add(&entry, "WFA_ACTION", "removed-all");
        (void) snprintf(number, sizeof(number), "%u", all->call.uid);
        log_add(&entry, "WFA_PEER_UID", number);
        (void) snprintf(number, sizeof(number), "%d", all->call.pid);
        log_add(&entry, "WFA_PEER_PID", number);
        log_end(&entry);
}

static void remove_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, remove_all);
}

static void remove_committed(struct control_call *call) {
        log_removal((struct all_call *) call);
}

static int remove_fleet_parse(struct control_call *call, sd_bus_message *m) {
        call->wide = true;
        return remove_parse(call, m);
}

static void remove_fleet_run(struct control_call *call, struct store *writer) {
        (void) control_transact(call, writer, remove_all_fleet);
}

const struct control_handlers control_remove_all_count = {
        .size = sizeof(struct all_call),
        .run = count_run,
        .reply = all_reply,
};

const struct control_handlers control_remove_all = {
        .size = sizeof(struct all_call),
        .parse = remove_parse,
        .run = remove_run,
        .committed = remove_committed,
        .reply = all_reply,
};

const struct control_handlers control_remove_all_fleet = {
        .size = sizeof(struct all_call),
        .parse = remove_fleet_parse,
        .run = remove_fleet_run,
        .committed = remove_committed,
        .reply = all_reply,
};

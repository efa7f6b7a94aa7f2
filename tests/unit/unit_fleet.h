/* SPDX-License-Identifier: BSD-2-Clause */
/* Hosts of a fleet, each with a store and a state directory of its own, and the log that PostgreSQL
 * keeps for them. */
#pragma once

#include "unit_keymint.h"
#include "unit_store.h"

#include "fleet/fleet_age.h"
#include "fleet/fleet_apply.h"
#include "fleet/fleet_hosts.h"
#include "fleet/fleet_join.h"
#include "store/store_delta.h"

struct unit_host {
        struct unit_store *store;
        struct keymint *keymint;
        struct fleet *fleet;
        int dir;
};

static const struct audit_record unit_fleet_record = { .at = UNIT_BEGUN_AT,
                                                       .until = UNIT_BEGUN_AT,
                                                       .count = 1,
                                                       .uid = AUDIT_NOBODY,
                                                       .owner_uid = AUDIT_NOBODY,
                                                       .event = "fleet",
                                                       .verdict = "done",
                                                       .door = "control" };

static inline void unit_host_make(struct unit_host *h, uint8_t first) {
        uint8_t pepper[PEPPER_LEN];
        void *state = NULL;

        memset(pepper, first, sizeof(pepper));
        assert_int_equal(unit_store_make(&state), 0);
        h->store = state;
        assert_int_equal(keymint_new(&h->keymint, pepper), 0);
        h->dir = open(h->store->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(h->dir >= 0);
        assert_int_equal(fleet_new(&h->fleet, h->dir, h->keymint), 0);
        assert_int_equal(fleet_load(h->fleet, h->store->writer), 0);
}

static inline void unit_host_drop(struct unit_host *h) {
        void *state = h->store;

        if (!h->store)
                return;
        assert_null(fleet_free(h->fleet));
        keymint_free(h->keymint);
        assert_int_equal(close(h->dir), 0);
        assert_int_equal(unit_store_remove(&state), 0);
        h->store = NULL;
}

/* The daemon ends and starts. */
static inline void unit_host_again(struct unit_host *h) {
        assert_null(fleet_free(h->fleet));
        assert_int_equal(fleet_new(&h->fleet, h->dir, h->keymint), 0);
        assert_int_equal(fleet_load(h->fleet, h->store->writer), 0);
}

static inline void unit_host_init(struct unit_host *h, const char *name) {
        assert_int_equal(fleet_join_init(h->fleet, h->store->writer, name,
                                         "dbname=x user=hub password=hidden", &unit_fleet_record),
                         0);
}

/* The issuer ${h} invites ${guest}, who comes. */
static inline void unit_host_invite(struct unit_host *h, struct unit_host *guest, const char *name,
                                    const char *groups, bool issuing,
                                    struct fleet_change *ret_change) {
        uint8_t invitation[FLEET_INVITATION_MAX];
        struct fleet_invite invite = { .issuing = issuing };
        char key[FLEET_KEY_LEN + 1];
        struct fleet_news news;
        size_t len;

        assert_int_equal(fleet_join_key(guest->fleet, key), 0);
        assert_int_equal(fleet_join_take_key(&invite, key), 0);
        (void) snprintf(invite.host.name, sizeof(invite.host.name), "%s", name);
        (void) snprintf(invite.host.groups, sizeof(invite.host.groups), "%s", groups);
        assert_int_equal(fleet_join_invite(h->fleet, h->store->writer, &invite, ret_change), 0);
        assert_int_equal(fleet_change_apply(h->fleet, h->store->writer, ret_change, NULL, &news),
                         0);
        assert_int_equal(fleet_join_seal(h->fleet, h->store->writer, &invite, invitation, &len), 0);
        assert_int_equal(fleet_join_accept(guest->fleet, guest->store->writer, invitation, len,
                                           &unit_fleet_record),
                         0);
}

/* What ${body} changes on ${h} becomes a change of the fleet, which ${h} has then. */
static inline void unit_host_change(struct unit_host *h, void (*body)(struct store *, void *),
                                    void *userdata, struct fleet_change *ret) {
        struct store *writer = h->store->writer;
        struct store_delta *delta = NULL;
        struct fleet_news news;

        assert_int_equal(store_delta_new(&delta), 0);
        store_delta_watch(writer, delta);
        assert_int_equal(store_begin(writer), 0);
        body(writer, userdata);
        assert_true(store_delta_has_fleet(delta));
        assert_int_equal(fleet_change_make(h->fleet, writer, delta, ret), 0);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
        assert_int_equal(fleet_change_apply(h->fleet, writer, ret, delta, &news), 0);
        assert_null(store_delta_free(delta));
}

static inline int unit_host_take(struct unit_host *h, const struct fleet_frame *frame) {
        struct fleet_news news = {};
        int r;

        r = fleet_apply_bytes(h->fleet, h->store->writer, frame->group, frame->bytes, frame->len,
                              &news);
        while (r >= 0 && news.more)
                r = fleet_apply_more(h->fleet, h->store->writer, frame->group, &news);
        return r;
}

static inline const struct fleet_frame *unit_frame_of(const struct fleet_change *change,
                                                      const char *group) {
        size_t i = 0;

        while (i < change->n && strcmp(change->frames[i].group, group) != 0)
                i++;
        assert_in_range(i + 1, 1, change->n);
        return &change->frames[i];
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* A fleet of an issuing host, "hub", and a member, "web1", in the groups all and web; and a key
 * that lives in it. */
#pragma once

#include "unit_fleet.h"

#include "base/clock.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"

#define ID "abcdefghij"

struct fixture {
        struct unit_host issuer, member;
        struct fleet_change group, invite;
};

static inline int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));
        struct fleet_news news;

        if (!f)
                return -1;
        unit_host_make(&f->issuer, 1);
        unit_host_make(&f->member, 2);
        unit_host_init(&f->issuer, "hub");
        assert_int_equal(
                fleet_hosts_group(f->issuer.fleet, f->issuer.store->writer, "web", &f->group), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &f->group,
                                            NULL, &news),
                         0);
        unit_host_invite(&f->issuer, &f->member, "web1", "all web", false, &f->invite);
        assert_int_equal(unit_host_take(&f->member, &f->group.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &f->invite.frames[0]), 0);
        *state = f;
        return 0;
}

static inline int drop(void **state) {
        struct fixture *f = *state;

        fleet_change_done(&f->group);
        fleet_change_done(&f->invite);
        unit_host_drop(&f->issuer);
        unit_host_drop(&f->member);
        free(f);
        return 0;
}

static inline uint32_t fleet_pepper(const struct unit_host *h) {
        return fleet_self(h->fleet)->pepper_id;
}

static inline void insert(struct store *writer, void *userdata) {
        assert_int_equal(store_key_insert(writer, userdata), 0);
}

static inline void change_key(struct store *writer, void *userdata) {
        struct key_record key, *want = userdata;

        assert_int_equal(store_key_get(writer, want->id, &key), 0);
        memcpy(key.name, want->name, sizeof(key.name));
        key.status = want->status;
        key.updated_at = want->updated_at;
        assert_int_equal(store_key_update(writer, &key), 0);
}

static inline void remove_key(struct store *writer, void *userdata) {
        const struct key_record *key = userdata;

        assert_int_equal(store_key_delete(writer, key->id), 0);
}

static inline struct key_record fleet_key(const struct fixture *f, const char *hosts) {
        struct key_record key = unit_key(ID, "alice");

        key.pepper_id = fleet_pepper(&f->issuer);
        key.epoch = RECORD_FLEET_EPOCH;
        key.revision = 1;
        (void) snprintf(key.hosts, sizeof(key.hosts), "%s", hosts);
        return key;
}

static inline struct key_record get(const struct unit_host *h, const char *id) {
        struct key_record key = {};

        assert_int_equal(store_key_get(h->store->writer, id, &key), 0);
        return key;
}

/* Four states of a key: made, renamed, revoked, removed. */
struct life {
        struct fleet_change made, renamed, revoked, removed;
};

static inline void live(struct fixture *f, struct life *l, const char *hosts) {
        struct key_record key = fleet_key(f, hosts);

        unit_host_change(&f->issuer, insert, &key, &l->made);
        memcpy(key.name, "another", 8);
        unit_host_change(&f->issuer, change_key, &key, &l->renamed);
        key.status = KEY_REVOKED;
        unit_host_change(&f->issuer, change_key, &key, &l->revoked);
        unit_host_change(&f->issuer, remove_key, &key, &l->removed);
}

static inline void end(struct life *l) {
        fleet_change_done(&l->made);
        fleet_change_done(&l->renamed);
        fleet_change_done(&l->revoked);
        fleet_change_done(&l->removed);
}

/* Statements of all groups, signed ${ago_ms} ago, as the member gets them now. */
static inline int take_statements(struct fixture *f, int64_t ago_ms) {
        uint8_t secret[SEAL_SECRET_LEN], out[FRAME_STATE_LEN];
        int r;

        r = mirror_key_source(f->issuer.dir, secret);
        f->issuer.fleet->sign_ahead_ms -= ago_ms;
        for (size_t i = 0; r >= 0 && fleet_group(f->issuer.fleet, i); i++) {
                r = fleet_age_state(f->issuer.fleet, i, secret, out);
                if (r >= 0)
                        r = fleet_age_take(f->member.fleet, out, sizeof(out));
        }
        f->issuer.fleet->sign_ahead_ms += ago_ms;
        return r;
}

#define HOUR_MS INT64_C(3600000)

static inline int64_t age_ms(const struct unit_host *h) {
        return clock_boot_ms() - fleet_age_current(h->fleet);
}

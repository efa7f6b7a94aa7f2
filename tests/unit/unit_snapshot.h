/* SPDX-License-Identifier: BSD-2-Clause */
/* An issuing host and a member that gets snapshots of its groups. */
#pragma once

#include "unit_fleet.h"

#include "fleet/fleet_snapshot.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"
#include "store/store_pages.h"

#define PAGES_MAX 64

struct fixture {
        struct unit_host issuer, member;
        struct fleet_change groups[2], invite;
};

struct pages {
        size_t n;
        struct fleet_frame pages[PAGES_MAX];
};

static inline void add_group(struct fixture *f, const char *name, struct fleet_change *ret) {
        struct store *writer = f->issuer.store->writer;
        struct fleet_news news;

        assert_int_equal(fleet_hosts_group(f->issuer.fleet, writer, name, ret), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, ret, NULL, &news), 0);
}

static inline int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        unit_host_make(&f->issuer, 1);
        unit_host_make(&f->member, 2);
        unit_host_init(&f->issuer, "hub");
        add_group(f, "web", &f->groups[0]);
        add_group(f, "mail", &f->groups[1]);
        unit_host_invite(&f->issuer, &f->member, "web1", "all mail web", false, &f->invite);
        *state = f;
        return 0;
}

static inline int drop(void **state) {
        struct fixture *f = *state;

        fleet_change_done(&f->groups[0]);
        fleet_change_done(&f->groups[1]);
        fleet_change_done(&f->invite);
        unit_host_drop(&f->issuer);
        unit_host_drop(&f->member);
        free(f);
        return 0;
}

/* --- What hosts do --- */

static inline void snapshot(struct unit_host *h, const char *group, bool rebase,
                            struct pages *ret) {
        struct fleet_snapshot *s = NULL;
        bool last = false;

        *ret = (struct pages){};
        assert_int_equal(fleet_snapshot_open(&s, h->fleet, h->store->writer, group, rebase), 0);
        while (!last) {
                struct fleet_frame *page = &ret->pages[ret->n++];

                assert_in_range(ret->n, 1, PAGES_MAX);
                (void) snprintf(page->group, sizeof(page->group), "%s", group);
                page->number = fleet_snapshot_number(s);
                assert_int_equal(fleet_snapshot_next(s, h->fleet, &page->bytes, &page->len, &last),
                                 0);
        }
        assert_null(fleet_snapshot_free(s));
}

static inline void end(struct pages *p) {
        for (size_t i = 0; i < p->n; i++)
                free(p->pages[i].bytes);
        p->n = 0;
}

static inline void take_all(struct unit_host *h, struct pages *p) {
        for (size_t i = 0; i < p->n; i++)
                assert_int_equal(unit_host_take(h, &p->pages[i]), 0);
        end(p);
}

/* The host catches up with ${from} by a snapshot. */
static inline void resync(struct unit_host *h, struct unit_host *from, const char *group) {
        struct pages p;

        snapshot(from, group, false, &p);
        take_all(h, &p);
        assert_int_equal(fleet_find_group(h->fleet, group)->group.number,
                         fleet_find_group(from->fleet, group)->group.number);
}

static inline void insert(struct store *writer, void *userdata) {
        assert_int_equal(store_key_insert(writer, userdata), 0);
}

static inline void revoke_key(struct store *writer, void *userdata) {
        struct key_record key;

        assert_int_equal(store_key_get(writer, userdata, &key), 0);
        key.status = KEY_REVOKED;
        assert_int_equal(store_key_update(writer, &key), 0);
}

static inline void remove_key(struct store *writer, void *userdata) {
        assert_int_equal(store_key_delete(writer, userdata), 0);
}

static inline struct key_record fleet_key(const struct fixture *f, const char *id,
                                          const char *hosts) {
        struct key_record key = unit_key(id, "alice");

        key.pepper_id = fleet_self(f->issuer.fleet)->pepper_id;
        key.epoch = RECORD_FLEET_EPOCH;
        key.revision = 1;
        (void) snprintf(key.hosts, sizeof(key.hosts), "%s", hosts);
        return key;
}

/* The change is lost on its way, unless ${to} gets it. */
static inline void change(struct fixture *f, void (*body)(struct store *, void *), void *userdata,
                          struct unit_host *to, const char *group) {
        struct fleet_change change = {};

        unit_host_change(&f->issuer, body, userdata, &change);
        if (to)
                assert_int_equal(unit_host_take(to, unit_frame_of(&change, group)), 0);
        fleet_change_done(&change);
}

static inline void issue(struct fixture *f, const char *id, const char *hosts) {
        struct key_record key = fleet_key(f, id, hosts);

        change(f, insert, &key, NULL, NULL);
}

/* Without the fleet: by this host alone. */
static inline void here(struct unit_host *h, void (*body)(struct store *, void *), char *id) {
        assert_int_equal(store_begin(h->store->writer), 0);
        body(h->store->writer, id);
        assert_int_equal(store_commit(h->store->writer), 0);
}

static inline int status_of(const struct unit_host *h, const char *id) {
        struct key_record key;
        int r = store_key_get(h->store->writer, id, &key);

        return r < 0 ? r : (int) key.status;
}

/* --- What they say of their age --- */

static inline int state(struct unit_host *by, const char *group,
                        uint8_t out[static FRAME_STATE_LEN]) {
        uint8_t secret[SEAL_SECRET_LEN];

        assert_int_equal(mirror_key_source(by->dir, secret), 0);
        for (size_t i = 0; fleet_group(by->fleet, i); i++)
                if (strcmp(fleet_group(by->fleet, i)->name, group) == 0)
                        return fleet_age_state(by->fleet, i, secret, out);
        return -ENOENT;
}

static inline void hear(struct unit_host *to, struct unit_host *by, const char *group) {
        uint8_t head[FRAME_STATE_LEN];

        assert_int_equal(state(by, group, head), 0);
        assert_int_equal(fleet_age_take(to->fleet, head, sizeof(head)), 0);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes the state of a group as signed and sealed pages. Takes none in. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_issuers.h"
#include "fleet/fleet_snapshot.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"
#include "secret/keymint.h"
#include "store/store_mirror.h"
#include "store/store_pages.h"
#include "text.h"

#define PAGE_SIZE ((size_t) 524288)
/* of the record at the end of a page */
#define END_SIZE (STORE_RECORD_HEAD + 5 + (size_t) STORE_PAGE_KEYS * KEYTEXT_ID_LEN)
/* more than the record of an issuer has, and what a page says of a host at most */
#define RECORD_SIZE 128
#define HOST_SIZE   ((size_t) 16384)
/* Sealing the keys of groups takes time. */
#define HOSTS_MAX 50

struct fleet_snapshot {
        struct store_pages *pages;
        char group[FRAME_GROUP_MAX + 1];
        int64_t number;
        uint8_t before[FRAME_HASH_LEN]; /* of the next page */
        uint32_t index;
        /* Whole records that come before all else; in the group of all hosts then come the hosts.
         */
        struct bytes_writer first;
        struct store_fleet_host *hosts; /* owned */
        size_t n_hosts, host_at;
};

int64_t fleet_snapshot_number(const struct fleet_snapshot *s) {
        return s->number;
}

const char *fleet_snapshot_group(const struct fleet_snapshot *s) {
        return s->group;
}

uint32_t fleet_snapshot_index(const struct fleet_snapshot *s) {
        return s->index;
}

struct fleet_snapshot *fleet_snapshot_free(struct fleet_snapshot *s) {
        if (!s)
                return NULL;
        store_pages_free(s->pages);
        free(s->first.out);
        free(s->hosts);
        free(s);
        return NULL;
}

/* --- The first records --- */

struct numbering {
        struct fleet_snapshot *s;
        bool rebase;
};

static int get_number(const struct store_fleet_group *group, void *userdata) {
        const struct numbering *n = userdata;

        if (strcmp(group->name, n->s->group) != 0)
                return 0;
        n->s->number = group->number + (n->rebase ? FLEET_REBASE_STEP : 0);
        /* Two hosts that go on from one number are two logs. */
        if (n->rebase)
                keymint_draw(n->s->before, sizeof(n->s->before));
        else
                memcpy(n->s->before, group->hash, sizeof(n->s->before));
        return 0;
}

static int add_host(const struct store_fleet_host *host, void *userdata) {
        struct fleet_snapshot *s = userdata;

        if ((s->n_hosts & (s->n_hosts - 1)) == 0) {
                struct store_fleet_host *hosts = reallocarray(
                        s->hosts, s->n_hosts == 0 ? 1 : 2 * s->n_hosts, sizeof(*hosts));

                if (!hosts)
                        return -ENOMEM;
                s->hosts = hosts;
        }
        s->hosts[s->n_hosts++] = *host;
        return 0;
}

static int count_cert(const uint8_t *thumbprint, void *userdata) {
        (void) thumbprint;
        ++*(size_t *) userdata;
        return 0;
}

static int put_cert(const uint8_t *thumbprint, void *userdata) {
        struct bytes_writer *w = userdata;

        bytes_write_raw(w, thumbprint, RECORD_THUMBPRINT_LEN);
        return 0;
}

/* The thumbprints of all certificates of the fleet, of which there are ${n}. */
static int put_certs(struct fleet_snapshot *s, size_t n) {
        struct bytes_writer list = { .size = n * RECORD_THUMBPRINT_LEN + 1 };
        int r;

        list.out = malloc(list.size);
        if (!list.out)
                return -ENOMEM;
        r = store_pages_each_cert(s->pages, put_cert, &list);
        fleet_body_put_certs(&s->first, list.out, n);
        free(list.out);
        return r;
}

static int put_first(struct fleet_snapshot *s, bool rebase) {
        struct store *reader = store_pages_snapshot(s->pages);
        bool all = strcmp(s->group, FLEET_GROUP_ALL) == 0;
        struct numbering numbering = { .s = s, .rebase = rebase };
        size_t n_certs = 0, n_issuers = 0;
        int r;

        r = store_fleet_each_group(reader, get_number, &numbering);
        if (r >= 0 && all)
                r = store_fleet_each_host(reader, add_host, s);
        if (r >= 0 && all)
                r = store_pages_each_cert(s->pages, count_cert, &n_certs);
        if (r >= 0)
                r = fleet_issuers_count(reader, &n_issuers);
        if (r < 0)
                return r;
        s->first.size = STORE_RECORD_HEAD + (n_issuers + n_certs) * RECORD_SIZE;
        s->first.out = malloc(s->first.size);
        if (!s->first.out)
                return -ENOMEM;
        if (all)
                r = fleet_issuers_put(reader, &s->first);
        if (r >= 0 && all)
                r = put_certs(s, n_certs);
        return r < 0 ? r : s->first.full ? -EMSGSIZE : 0;
}

int fleet_snapshot_open(struct fleet_snapshot **ret, struct fleet *f, struct store *writer,
                        const char *group, bool rebase) {
        struct fleet_snapshot *s;
        int r;

        if (!f->joined || !f->self.issuing)
                return fleet_absence(f);
        if (!fleet_has_group(f, group))
                return -EXDEV;
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        (void) text_copy(s->group, sizeof(s->group), group);
        r = store_pages_open(&s->pages, writer, group, strcmp(group, FLEET_GROUP_ALL) == 0);
        if (r >= 0)
                r = put_first(s, rebase);
        if (r < 0) {
                fleet_snapshot_free(s);
                return r;
        }
        *ret = s;
        return 0;
}

/* --- Pages --- */

/* One host, and the keys of its groups, which it may not have yet. */
static int put_host(struct fleet *f, const struct store_fleet_host *host, struct bytes_writer *w) {
        bool issues = fleet_host_issues(f, host);
        int r = 0;

        fleet_body_put_host(w, host);
        for (size_t i = 0; r >= 0 && i < f->n_groups; i++) {
                const char *name = f->groups[i].group.name;
                struct fleet_share share = {};
                size_t begin;

                if (strcmp(name, FLEET_GROUP_ALL) == 0 ||
                    !(issues || text_has_word(host->groups, name)))
                        continue;
                (void) text_copy(share.host, sizeof(share.host), host->name);
                r = seal_box(host->recipient, f->groups[i].key, share.sealed);
                /* A host with a bad key is left out. */
                if (r == -EINVAL) {
                        r = 0;
                        continue;
                }
                begin = fleet_body_begin_group(w, name);
                fleet_body_put_share(w, &share);
                fleet_body_end_group(w, begin);
        }
        return r;
}

/* What fits into the page of all that comes before the rows. 1: all of it, and rows may follow. */
static int put_before_rows(struct fleet_snapshot *s, struct fleet *f, struct bytes_writer *w) {
        int r = 0;

        if (s->index == 0)
                bytes_write_raw(w, s->first.out, s->first.len);
        for (size_t n = 0; r >= 0 && s->host_at < s->n_hosts; n++) {
                if (n == HOSTS_MAX || w->len + HOST_SIZE > PAGE_SIZE)
                        return 0;
                r = put_host(f, &s->hosts[s->host_at++], w);
        }
        return r < 0 ? r : w->len < PAGE_SIZE / 2;
}

static int sign(struct fleet_snapshot *s, struct fleet *f, const struct bytes_writer *body,
                uint8_t *out) {
        const struct fleet_member *member = fleet_find_group(f, s->group);
        struct frame_head head = { .kind = FRAME_PAGE,
                                   .clock = f->sign_clock,
                                   .number = (uint64_t) s->number,
                                   .signed_at_ms = fleet_age_sign_time(f) };
        uint8_t secret[SEAL_SECRET_LEN];
        int r;

        if (!member || !f->self.issuing)
                return f->joined ? -EXDEV : fleet_absence(f);
        memcpy(head.fleet, f->self.id, sizeof(head.fleet));
        memcpy(head.group, s->group, sizeof(head.group));
        memcpy(head.before, s->before, sizeof(head.before));
        r = mirror_key_source(f->dir, secret);
        if (r >= 0)
                r = frame_make(&head, secret, member->key, body->out, body->len, out);
        explicit_bzero(secret, sizeof(secret));
        return r;
}

static int make_body(struct fleet_snapshot *s, struct fleet *f, struct bytes_writer *w,
                     bool *ret_last) {
        struct fleet_page page = { .index = s->index };
        size_t len = 0;
        int r, more = 1;

        r = put_before_rows(s, f, w);
        if (r < 0)
                return r;
        if (r > 0) {
                more = store_pages_next(s->pages, w->out + w->len, PAGE_SIZE - w->len, &len);
                if (more < 0)
                        return more;
                w->len += len;
                page.ids = store_pages_ids(s->pages, &page.n);
        }
        page.last = more == 0;
        fleet_body_put_page(w, &page);
        *ret_last = page.last;
        return w->full ? -EMSGSIZE : 0;
}

int fleet_snapshot_next(struct fleet_snapshot *s, struct fleet *f, uint8_t **ret, size_t *ret_len,
                        bool *ret_last) {
        /* The first records can be more than a page. */
        struct bytes_writer w = { .size = PAGE_SIZE + s->first.len + END_SIZE };
        uint8_t *frame = NULL;
        int r = -ENOMEM;

        w.out = malloc(w.size);
        if (w.out)
                r = make_body(s, f, &w, ret_last);
        if (r >= 0)
                frame = malloc(w.len + FRAME_EXTRA);
        if (r >= 0)
                r = frame ? sign(s, f, &w, frame) : -ENOMEM;
        if (r < 0)
                free(frame);
        else {
                *ret = frame;
                *ret_len = w.len + FRAME_EXTRA;
                frame_hash(frame, *ret_len, s->before);
                s->index++;
        }
        free(w.out);
        return r;
}

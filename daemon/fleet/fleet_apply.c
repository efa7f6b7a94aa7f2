/* SPDX-License-Identifier: BSD-2-Clause */
/* Applies changes of a fleet's logs to the store. What it takes in has been signed, but it checks
 * each row as that of an import. Makes no change itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "cleanup.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_apply.h"
#include "fleet/fleet_body.h"
#include "fleet/fleet_groups.h"
#include "fleet/fleet_issuers.h"
#include "fleet/fleet_page.h"
#include "fleet/fleet_row.h"
#include "fleet/fleet_state.h"
#include "keys/facts.h"
#include "keys/registered.h"
#include "mirror/mirror_certs.h"
#include "store/store_account.h"
#include "store/store_audit.h"
#include "store/store_delta.h"
#include "store/store_mirror.h"
#include "store/store_pages.h"
#include "text.h"

/* A change or page that is being applied. */
struct applying {
        struct fleet *f;
        struct fleet_member *member;
        struct store *writer;
        struct store_import *load;
        struct fleet_news *news;
        /* it is a change of the group of all hosts */
        bool all;
        /* The fleet has said it before this host was invited. Who issues, and in which groups this
         * host is, was said by the invitation. */
        bool past;
        bool wide;  /* there were rows that are no keys */
        bool certs; /* certificates have gone */
        /* it is a page of a snapshot, and the last one */
        bool page, last;
        bool waits;                   /* the outbox is not empty */
        bool ended;                   /* all of the page was taken */
        struct fleet_issuers issuers; /* and its number */
};

static int take_host(struct applying *a, const uint8_t *in, size_t len) {
        struct store_fleet_host host;
        int r;

        r = fleet_body_get_host(in, len, &host);
        if (r >= 0 && a->page)
                r = fleet_page_host(a->member, a->writer, host.name);
        if (r >= 0 && !a->past && strcmp(host.name, a->f->self.host) == 0)
                r = fleet_groups_leave(a->f, a->writer, host.groups, &a->news->self);
        return r < 0 ? r : store_fleet_put_host(a->writer, &host);
}

static int take_issuer(struct applying *a, const uint8_t *in, size_t len) {
        a->news->self |= !a->page;
        return fleet_issuers_take(a->f, a->writer, &a->issuers, in, len);
}

static int take_group(struct applying *a, const uint8_t *in, size_t len) {
        struct bytes_reader reader = { .in = in, .len = len };
        char name[FRAME_GROUP_MAX + 1];
        int r;

        r = fleet_body_get_group(&reader, name);
        while (r >= 0 && !bytes_is_at_end(&reader)) {
                struct fleet_share share;

                r = fleet_body_get_share(&reader, &share);
                if (r >= 0 && !a->past && strcmp(share.host, a->f->self.host) == 0)
                        r = fleet_groups_join(a->f, a->writer, name, share.sealed, &a->news->self);
                /* In a snapshot the record of a host has them all. */
                if (r >= 0 && !a->page)
                        r = fleet_groups_note(a->writer, share.host, name);
        }
        return r;
}

static int take_row(struct applying *a, uint8_t type, const uint8_t *in, size_t len) {
        struct account_record account = {};
        struct key_record key;
        uint64_t fresh = store_import_fresh(a->load);
        int r;

        r = store_import_record(a->load, type, in, len, &key);
        if (r >= 0 && !store_import_has_keys(a->load)) {
                a->wide |= type == STORE_RECORD_ROW;
                return a->all ? 0 : -EPROTONOSUPPORT;
        }
        if (r <= 0)
                return r;
        r = fleet_issuers_epoch(a->f, &a->issuers, a->all, &key);
        if (r < 0)
                return r;
        r = fleet_row_check(&(struct fleet_row){ a->f, a->member, a->writer, a->load,
                                                 a->issuers.number, a->waits },
                            &key, store_import_fresh(a->load) > fresh);
        if (r < 0)
                return r;
        if (store_account_get(a->writer, key.owner, &account) == -ENOENT ||
            (key.linked[0] && store_account_get(a->writer, key.linked, &account) == -ENOENT))
                a->news->owners = true;
        return 0;
}

static int take_certs(struct applying *a, const uint8_t *in, size_t len) {
        a->certs = true;
        return len % RECORD_THUMBPRINT_LEN != 0
                       ? -EBADMSG
                       : store_pages_drop_certs(a->writer, in, len / RECORD_THUMBPRINT_LEN);
}

/* What only pages have. */
static int take_page_record(struct applying *a, uint8_t type, const uint8_t *in, size_t len) {
        int r;

        switch (type) {
        case FLEET_RECORD_PAGE:
                /* It is the end of a page. */
                r = a->ended ? -EBADMSG : fleet_page_take(a->f, a->member, a->writer, in, len);
                a->ended = true;
                a->last = r > 0;
                return r < 0 ? r : 0;
        }
        return a->all && type == FLEET_RECORD_CERTS ? take_certs(a, in, len) : -EPROTONOSUPPORT;
}

/* Only the group of all hosts speaks of more than keys. */
static int take_record(struct applying *a, uint8_t type, const uint8_t *in, size_t len) {
        switch (type) {
        case STORE_RECORD_TABLE:
        case STORE_RECORD_ROW:
                return take_row(a, type, in, len);
        case STORE_RECORD_REMOVED:
                return store_delta_take(a->writer, type, in, len);
        case FLEET_RECORD_PAGE:
        case FLEET_RECORD_CERTS:
                return a->page ? take_page_record(a, type, in, len) : -EPROTONOSUPPORT;
        }
        if (!a->all)
                return -EPROTONOSUPPORT;
        switch (type) {
        case STORE_RECORD_CERTS_GONE:
                a->certs = true;
                return store_delta_take(a->writer, type, in, len);
        case FLEET_RECORD_HOST:
                return take_host(a, in, len);
        case FLEET_RECORD_ISSUER:
                return take_issuer(a, in, len);
        case FLEET_RECORD_GROUP:
                return take_group(a, in, len);
        }
        return -EPROTONOSUPPORT;
}

static int take_records(struct applying *a, const uint8_t *at, size_t len) {
        const uint8_t *end = at + len;
        int r = 0;

        while (r >= 0 && at < end) {
                size_t left = (size_t) (end - at), length;

                if (left < STORE_RECORD_HEAD)
                        return -EBADMSG;
                length = bytes_get(at + 1, 4);
                if (length > left - STORE_RECORD_HEAD)
                        return -EBADMSG;
                r = take_record(a, at[0], at + STORE_RECORD_HEAD, length);
                at += STORE_RECORD_HEAD + length;
        }
        return r;
}

/* A policy that this build does not know is one that it could not obey. */
static int check_wide(const struct applying *a) {
        struct policy policy;
        int r;

        if (!a->wide && !a->certs)
                return 0;
        r = store_fleet_bound_epoch(a->writer, a->issuers.number);
        if (r >= 0)
                r = facts_policy(a->writer, &policy);
        if (r >= 0)
                r = mirror_certs_check(a->writer, a->writer);
        return r < 0 ? r : registered_touch(a->writer, clock_now());
}

static int find_one(const struct store_fleet_revocation *revocation, void *userdata) {
        *(bool *) userdata = revocation;
        return 0;
}

static int apply_body(struct applying *a, const uint8_t *body, size_t len) {
        struct fleet_taking *taking = a->page ? a->member->taking : NULL;
        int r;

        r = store_fleet_each_revocation(a->writer, find_one, &a->waits);
        if (r >= 0)
                r = store_import_open_live(&a->load, a->writer, taking ? taking->bulk : NULL);
        if (r >= 0)
                r = take_records(a, body, len);
        if (r >= 0 && taking) {
                taking->fresh += store_import_fresh(a->load);
                taking->seen += store_import_keys(a->load);
                taking->owners |= a->news->owners;
        }
        a->load = store_import_free(a->load);
        if (r >= 0 && a->page && !a->ended)
                r = -EBADMSG;
        if (r >= 0 && a->all)
                r = fleet_issuers_end(a->f, a->writer, &a->issuers);
        return r < 0 ? r : check_wide(a);
}

static int check_head(struct fleet *f, const struct fleet_member *member,
                      const struct frame_head *head) {
        int r = 0;

        if (head->kind != FRAME_CHANGE && head->kind != FRAME_PAGE)
                return -EMEDIUMTYPE;
        if (memcmp(head->fleet, f->self.id, sizeof(f->self.id)) != 0)
                return -EXDEV;
        if (head->kind == FRAME_PAGE)
                r = fleet_page_check(f, member, head);
        else if ((int64_t) head->number != member->group.number + 1 ||
                 memcmp(head->before, member->group.hash, sizeof(head->before)) != 0)
                r = -ESTALE;
        return r < 0 ? r : fleet_find_issuer(f, head->issuer) ? 0 : -EKEYREJECTED;
}

static void note_arrival(struct fleet_news *news, const struct fleet_member *member, bool all) {
        news->gone = member->taking->gone;
        news->snapshot = true;
        news->self |= all;
}

/* What the group is after it. */
static int move_on(struct applying *a, const struct frame_head *head, const uint8_t *in,
                   size_t len) {
        struct fleet_member *member = a->member;
        bool there = true;
        int r = 0;

        if (a->page) {
                there = fleet_page_end(member, in, len, a->last);
                a->news->more = a->last && !there;
                if (there)
                        note_arrival(a->news, member, a->all);
                if (there && a->all)
                        r = store_fleet_has_all(a->writer);
        } else {
                member->group.number++;
                frame_hash(in, len, member->group.hash);
                if (member->group.number == member->own_number)
                        member->own_there =
                                memcmp(member->group.hash, member->own, FRAME_HASH_LEN) == 0;
                fleet_age_note_later(a->f, head);
        }
        if (there)
                member->fork[0] = '\0';
        a->news->applied += there;
        a->news->wide |= a->wide;
        a->news->number = member->group.number;
        return r < 0 || !there ? r : store_fleet_put_group(a->writer, &member->group);
}

int fleet_apply_one(struct fleet *f, struct store *writer, const uint8_t *in, size_t len,
                    struct fleet_news *news) {
        struct applying a = { .f = f, .writer = writer, .news = news };
        struct fleet_member *member;
        struct frame_head head;
        uint8_t *body;
        size_t body_len;
        int r;

        if (frame_read(in, len, &head) != (ssize_t) len)
                return -EBADMSG;
        member = fleet_find_group(f, head.group);
        r = member ? check_head(f, member, &head) : f->joined ? -EXDEV : fleet_absence(f);
        if (r >= 0)
                r = frame_check(in, len);
        if (r < 0)
                return r;
        body = malloc(head.body_len);
        if (!body)
                return -ENOMEM;
        a.member = member;
        a.all = strcmp(head.group, FLEET_GROUP_ALL) == 0;
        a.page = head.kind == FRAME_PAGE;
        a.past = (int64_t) head.number <= f->self.invited;
        a.issuers = (struct fleet_issuers){ .page = a.page,
                                            .past = a.past,
                                            .number = (int64_t) head.number };
        r = a.page ? fleet_page_begin(f, member, writer, &head) : fleet_page_break(member);
        if (r >= 0)
                r = frame_open(in, len, member->key, body, &body_len);
        if (r >= 0)
                r = apply_body(&a, body, body_len);
        if (r >= 0 && a.all)
                r = fleet_groups_check_room(writer);
        explicit_bzero(body, head.body_len);
        free(body);
        return r < 0 ? r : move_on(&a, &head, in, len);
}

/* --- Bytes --- */

#define PART_MAX (FRAME_BODY_MAX + FRAME_EXTRA)

void fleet_apply_forget(struct fleet *f) {
        free(f->part);
        f->part = NULL;
        f->part_len = f->part_size = 0;
        f->part_group[0] = '\0';
}

/* What another group has left unfinished is forgotten. */
static int keep_part(struct fleet *f, const char *group, const uint8_t *in, size_t len) {
        if (strcmp(f->part_group, group) != 0)
                fleet_apply_forget(f);
        if (len > PART_MAX - f->part_len)
                return -EBADMSG;
        if (f->part_len + len > f->part_size) {
                size_t size = 2 * (f->part_len + len);
                uint8_t *part;

                size = size < PART_MAX ? size : PART_MAX;
                part = realloc(f->part, size);
                if (!part)
                        return -ENOMEM;
                f->part = part;
                f->part_size = size;
        }
        memcpy(f->part + f->part_len, in, len);
        f->part_len += len;
        (void) text_copy(f->part_group, sizeof(f->part_group), group);
        return 0;
}

/* Applies what is complete of the bytes. Says how many bytes that were. */
static ssize_t apply_part(struct fleet *f, struct store *writer, struct fleet_news *news) {
        size_t done = 0;

        while (done < f->part_len) {
                struct frame_head head;
                ssize_t n = frame_read(f->part + done, f->part_len - done, &head);
                int r;

                if (n < 0)
                        return n;
                if (n == 0 || (size_t) n > f->part_len - done)
                        break;
                if (strcmp(head.group, f->part_group) != 0)
                        return -EXDEV;
                r = fleet_apply_one(f, writer, f->part + done, (size_t) n, news);
                if (r < 0)
                        return r;
                done += (size_t) n;
                /* The next one is judged by what this host is now. */
                if (news->self)
                        break;
        }
        return (ssize_t) done;
}

static void drop_done(struct fleet *f, size_t done) {
        f->part_len -= done;
        if (f->part_len > 0 && done > 0)
                memmove(f->part, f->part + done, f->part_len);
        if (f->part_len == 0)
                fleet_apply_forget(f);
}

static int add_record(struct store *writer, const struct fleet_member *member,
                      const struct fleet_news *news) {
        struct audit_record record = { .count = 1,
                                       .uid = AUDIT_NOBODY,
                                       .owner_uid = AUDIT_NOBODY,
                                       .event = "fleet",
                                       .verdict = "done",
                                       .door = "fleet" };

        /* Policies of a page have the times of the fleet at once: see store_check_policy(). */
        if (news->applied == 0 && !news->wide)
                return 0;
        record.at = record.until = clock_now();
        if (news->snapshot)
                (void) snprintf(record.detail, sizeof(record.detail),
                                "group %s by a snapshot up to %" PRId64 ", %" PRIu64 " keys gone",
                                member->group.name, news->number, news->gone);
        else if (news->applied == 0)
                (void) snprintf(record.detail, sizeof(record.detail),
                                "group %s, a part of a snapshot", member->group.name);
        else
                (void) snprintf(record.detail, sizeof(record.detail),
                                "group %s up to %" PRId64 ", %" PRIu64 " changes",
                                member->group.name, news->number, news->applied);
        return store_audit_add(writer, &record);
}

/* What this host is has changed. The bytes that follow are still to be applied. */
static void load_again(struct fleet *f, struct store *writer) {
        uint8_t *part = take_ptr(f->part);
        size_t len = f->part_len, size = f->part_size;
        char group[sizeof(f->part_group)];

        memcpy(group, f->part_group, sizeof(group));
        fleet_apply_forget(f);
        /* It is committed, whether or not this can be read now. */
        if (fleet_load(f, writer) < 0 || !fleet_find_group(f, group)) {
                free(part);
                return;
        }
        f->part = part;
        f->part_len = len;
        f->part_size = size;
        memcpy(f->part_group, group, sizeof(group));
}

static int apply_some(struct fleet *f, struct store *writer, struct fleet_member *member,
                      struct fleet_news *news) {
        struct frame_head head;
        bool known = frame_read(f->part, f->part_len, &head) > 0;
        ssize_t done = 0;
        int r;

        if (known)
                fleet_page_look(member, &head);
        /* A page of a snapshot that is lost in a crash comes again, because the group's number does
         * not move before the last one. */
        r = known && head.kind == FRAME_PAGE ? store_begin_lazily(writer) : store_begin(writer);
        if (r >= 0) {
                done = apply_part(f, writer, news);
                r = done < 0 ? (int) done : add_record(writer, member, news);
        }
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        fleet_age_settle(f, r >= 0);
        if (r >= 0 && news->snapshot)
                store_settle(writer);
        if (r < 0) {
                fleet_apply_forget(f);
                fleet_page_forget(member);
                (void) !fleet_load(f, writer);
                return r;
        }
        drop_done(f, (size_t) done);
        if (news->snapshot)
                fleet_page_forget(member);
        else
                fleet_page_ready(f, member, writer);
        if (news->self)
                load_again(f, writer);
        return news->self && f->part_len > 0;
}

int fleet_apply_bytes(struct fleet *f, struct store *writer, const char *group, const uint8_t *in,
                      size_t len, struct fleet_news *ret) {
        struct fleet_member *member = fleet_find_group(f, group);
        struct fleet_news all = {};
        int r;

        if (!member)
                return f->joined ? -EXDEV : fleet_absence(f);
        all.number = member->group.number;
        if (len == 0) {
                fleet_apply_forget(f);
                *ret = all;
                return 0;
        }
        r = keep_part(f, member->group.name, in, len);
        if (r < 0) {
                fleet_apply_forget(f);
                fleet_page_forget(member);
                (void) !fleet_load(f, writer);
                return r;
        }
        do {
                struct fleet_news news = { .number = all.number };

                member = fleet_find_group(f, group);
                if (!member)
                        break;
                r = apply_some(f, writer, member, &news);
                if (r < 0)
                        break;
                all.number = news.number;
                all.applied += news.applied;
                all.gone += news.gone;
                all.snapshot |= news.snapshot;
                all.wide |= news.wide;
                all.owners |= news.owners;
                all.self |= news.self;
                all.more = news.more;
        } while (r > 0);
        /* What was applied before stays. */
        if (r < 0 && all.applied == 0)
                return r;
        *ret = all;
        return 0;
}

/* The keys of a snapshot that are beside the store go into it. */
static int arrive(struct fleet_member *member, struct store *writer, struct fleet_news *news) {
        bool all = strcmp(member->group.name, FLEET_GROUP_ALL) == 0;
        int r;

        r = store_begin(writer);
        if (r >= 0)
                r = fleet_page_arrive(member);
        if (r >= 0)
                r = store_fleet_put_group(writer, &member->group);
        if (r >= 0 && all)
                r = store_fleet_has_all(writer);
        note_arrival(news, member, all);
        news->applied = 1;
        news->owners = member->taking->owners;
        news->number = member->group.number;
        if (r >= 0)
                r = add_record(writer, member, news);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        if (r < 0)
                store_bulk_undo(member->taking->bulk);
        else
                store_settle(writer);
        return r;
}

int fleet_apply_more(struct fleet *f, struct store *writer, const char *group,
                     struct fleet_news *ret) {
        struct fleet_member *member = fleet_find_group(f, group);
        struct fleet_news news = {};
        int r;

        if (!member)
                return f->joined ? -EXDEV : fleet_absence(f);
        /* It has begun anew meanwhile. That one goes on. */
        if (!fleet_page_has_ended(member))
                return -ESTALE;
        r = fleet_page_next(member);
        news.number = member->group.number;
        news.more = r > 0;
        if (r == 0)
                r = arrive(member, writer, &news);
        if (r < 0) {
                fleet_page_forget(member);
                (void) !fleet_load(f, writer);
                return r;
        }
        *ret = news;
        if (news.more)
                return 0;
        fleet_page_forget(member);
        if (news.self)
                (void) !fleet_load(f, writer);
        return 0;
}

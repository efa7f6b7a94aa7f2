/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the frames of a change, and applies them when the database has taken them. Does not know
 * how they get there. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_change.h"
#include "fleet/fleet_page.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"
#include "store/store_account.h"
#include "store/store_audit.h"

void fleet_change_done(struct fleet_change *change) {
        for (size_t i = 0; i < change->n; i++) {
                explicit_bzero(change->frames[i].bytes, change->frames[i].len);
                free(change->frames[i].bytes);
        }
        change->n = 0;
}

static int add_frame(struct fleet *f, struct fleet_member *member, const uint8_t *body, size_t len,
                     struct fleet_change *change) {
        struct fleet_frame *frame = &change->frames[change->n];
        struct frame_head head = { .kind = FRAME_CHANGE,
                                   .clock = f->sign_clock,
                                   .number = (uint64_t) member->group.number + 1,
                                   .signed_at_ms = fleet_age_sign_time(f) };
        uint8_t secret[SEAL_SECRET_LEN];
        int r;

        frame->len = len + FRAME_EXTRA;
        frame->bytes = malloc(frame->len);
        if (!frame->bytes)
                return -ENOMEM;
        change->n++;
        frame->number = member->group.number + 1;
        memcpy(frame->group, member->group.name, sizeof(frame->group));
        memcpy(head.fleet, f->self.id, sizeof(head.fleet));
        memcpy(head.group, member->group.name, sizeof(head.group));
        memcpy(head.before, member->group.hash, sizeof(head.before));
        r = mirror_key_source(f->dir, secret);
        if (r >= 0)
                r = frame_make(&head, secret, member->key, body, len, frame->bytes);
        explicit_bzero(secret, sizeof(secret));
        member->own_number = frame->number;
        frame_hash(frame->bytes, frame->len, member->own);
        member->own_there = false;
        return r;
}

#define BODY_MAX (FRAME_BODY_MAX - FRAME_BODY_EXTRA)

static int make(struct fleet *f, struct store *writer, const struct store_delta *delta,
                uint8_t *body, struct fleet_change *change) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < f->n_groups; i++) {
                const char *group = f->groups[i].group.name;
                bool all = strcmp(group, FLEET_GROUP_ALL) == 0;
                size_t len;

                if (!store_delta_concerns(delta, group, all))
                        continue;
                r = store_delta_encode(delta, writer, group, all, body, BODY_MAX, &len);
                if (r >= 0)
                        r = add_frame(f, &f->groups[i], body, len, change);
        }
        return r;
}

/* That of the change that is made. A group that this host is not in has none. */
static int64_t next_number(const char *group, void *userdata) {
        const struct fleet_member *member = fleet_find_group(userdata, group);

        return member ? member->group.number + 1 : 0;
}

int fleet_change_make(struct fleet *f, struct store *writer, struct store_delta *delta,
                      struct fleet_change *ret) {
        struct fleet_change change = {};
        uint8_t *body;
        int r;

        if (!f->joined || !f->self.issuing)
                return f->joined ? -EOPNOTSUPP : fleet_absence(f);
        body = malloc(BODY_MAX);
        if (!body)
                return -ENOMEM;
        r = store_delta_count_up(delta, writer, next_number, f);
        if (r >= 0)
                r = make(f, writer, delta, body, &change);
        free(body);
        if (r < 0) {
                fleet_change_done(&change);
                return r;
        }
        *ret = change;
        return 0;
}

int fleet_change_say(struct fleet *f, const uint8_t *body, size_t len, struct fleet_change *ret) {
        struct fleet_member *all = fleet_find_group(f, FLEET_GROUP_ALL);
        struct fleet_change change = {};
        int r;

        if (!all || !f->self.issuing)
                return all ? -EOPNOTSUPP : fleet_absence(f);
        r = add_frame(f, all, body, len, &change);
        if (r < 0) {
                fleet_change_done(&change);
                return r;
        }
        *ret = change;
        return 0;
}

static int put_account(const struct account_record *account, void *userdata) {
        return store_account_put(userdata, account);
}

static int put_audit(const struct audit_record *record, void *userdata) {
        return store_audit_add(userdata, record);
}

/* What the change says of a key is in the log of all of its groups now. */
static int drop_revocation(const char *id, void *userdata) {
        return store_fleet_drop_revocation(userdata, id);
}

/* The log can have brought the frame before fleetd has said that it is there. Another frame with
 * its number does not count: fleetd has then said what is not so. */
static bool is_there(struct fleet *f, const struct fleet_frame *frame) {
        const struct fleet_member *member = fleet_find_group(f, frame->group);
        uint8_t hash[FRAME_HASH_LEN];

        if (!member || !member->own_there || member->group.number < frame->number)
                return false;
        frame_hash(frame->bytes, frame->len, hash);
        return memcmp(hash, member->own, sizeof(hash)) == 0;
}

bool fleet_change_is_there(struct fleet *f, const struct fleet_change *change) {
        for (size_t i = 0; i < change->n; i++)
                if (is_there(f, &change->frames[i]))
                        return true;
        return false;
}

/* A database that lies can have given pages of a snapshot meanwhile. */
static void end_snapshots(struct fleet *f, const struct fleet_change *change) {
        for (size_t i = 0; i < change->n; i++) {
                struct fleet_member *member = fleet_find_group(f, change->frames[i].group);

                if (member && !is_there(f, &change->frames[i]))
                        fleet_page_forget(member);
        }
}

int fleet_change_apply(struct fleet *f, struct store *writer, const struct fleet_change *change,
                       const struct store_delta *delta, struct fleet_news *ret) {
        struct fleet_news news = {};
        int r;

        end_snapshots(f, change);
        r = store_begin(writer);
        if (r >= 0 && delta)
                r = store_delta_each_account(delta, put_account, writer);
        if (r >= 0 && delta)
                r = store_delta_each_key(delta, drop_revocation, writer);
        for (size_t i = 0; r >= 0 && i < change->n; i++)
                if (!is_there(f, &change->frames[i]))
                        r = fleet_apply_one(f, writer, change->frames[i].bytes,
                                            change->frames[i].len, &news);
        if (r >= 0 && delta)
                r = store_delta_each_audit(delta, put_audit, writer);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        fleet_age_settle(f, r >= 0);
        if (r < 0) {
                (void) !fleet_load(f, writer);
                return r;
        }
        *ret = news;
        /* It is committed, whether or not this can be read now. */
        if (news.self)
                (void) !fleet_load(f, writer);
        return 0;
}

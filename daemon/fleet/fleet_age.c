/* SPDX-License-Identifier: BSD-2-Clause */
/* Measures how old the state is, and states as an issuer that it is current. Reads no change. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "cleanup.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"
#include "text.h"

#define KEEP_MS 60000
/* By so much wall clocks may be wrong: an hour, and what it takes. */
#define LATE_MS INT64_C(3900000)
/* From one boot to the next the clocks of two hosts drift by no more, or it is made up later. */
#define DRIFT_MS 5000
/* A rebase does not take so long. */
#define REBASE_MS INT64_C(3600000)

/* The id of this boot. "" when there is none: then no boot is the same. */
static void read_boot(char out[static sizeof(((struct store_fleet_clock *) 0)->boot)]) {
        _cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? -1 : read(fd, out, 36);

        out[n == 36 ? 36 : 0] = '\0';
}

/* --- As a host that listens --- */

/* How late a statement is by the wall clocks. */
static int64_t lateness(const struct fleet_trusted *issuer, const struct frame_head *head) {
        return clock_now() * 1000 - head->signed_at_ms - (issuer->skew_known ? issuer->skew_ms : 0);
}

/* They may be wrong by an hour. */
static int64_t without_tolerance(int64_t late) {
        return late > LATE_MS ? late : 0;
}

/* The first statement that is heard says nothing about how long it was on its way. Otherwise one
 * that was withheld for days would count as new after a reboot. */
static void hear_first(struct fleet_trusted *issuer, const struct frame_head *head, int64_t ahead) {
        int64_t late;

        if (head->clock != issuer->clock)
                issuer->skew_known = false;
        issuer->heard = true;
        issuer->clock = head->clock;
        issuer->ahead_ms = ahead;
        late = lateness(issuer, head);
        issuer->late_ms = without_tolerance(late);
        issuer->doubt_ms = issuer->skew_known && late > 0 ? late : 0;
}

static void hear_next(struct fleet_trusted *issuer, const struct frame_head *head, int64_t ahead) {
        int64_t late;

        if (ahead < issuer->ahead_ms) {
                late = issuer->late_ms - (issuer->ahead_ms - ahead);
                issuer->late_ms = late > 0 ? late : 0;
                issuer->ahead_ms = ahead;
        }
        if (issuer->late_ms == 0 && issuer->doubt_ms == 0)
                return;
        /* The wall clock can have been set right since. */
        late = lateness(issuer, head) - (ahead - issuer->ahead_ms);
        if (late < issuer->doubt_ms)
                issuer->doubt_ms = late > 0 ? late : 0;
        late = without_tolerance(lateness(issuer, head)) - (ahead - issuer->ahead_ms);
        if (late < issuer->late_ms)
                issuer->late_ms = late > 0 ? late : 0;
}

void fleet_age_sum(struct fleet *f) {
        f->current_ms = INT64_MAX;
        for (size_t i = 0; i < f->n_groups; i++)
                if (f->groups[i].current_ms < f->current_ms)
                        f->current_ms = f->groups[i].current_ms;
}

/* Whether the first was signed before the second, by the same issuer. */
static bool is_before(uint32_t clock, int64_t at_ms, uint32_t then_clock, int64_t then_ms) {
        return clock < then_clock || (clock == then_clock && at_ms < then_ms);
}

bool fleet_age_is_void(struct fleet *f, const struct frame_head *head) {
        const struct fleet_trusted *issuer = fleet_find_issuer(f, head->issuer);
        const struct fleet_member *member = fleet_find_group(f, head->group);
        size_t i;

        if (!issuer || !member)
                return false;
        i = (size_t) (issuer - f->issuers);
        return is_before(head->clock, head->signed_at_ms + REBASE_MS, member->signed_clock[i],
                         member->signed_at_ms[i]);
}

static void note_signed(struct fleet_member *member, size_t i, const struct frame_head *head) {
        if (!is_before(member->signed_clock[i], member->signed_at_ms[i], head->clock,
                       head->signed_at_ms))
                return;
        member->signed_clock[i] = head->clock;
        member->signed_at_ms[i] = head->signed_at_ms;
}

static bool is_own(const struct fleet *f, const struct fleet_trusted *issuer) {
        uint8_t secret[SEAL_SECRET_LEN], public[SEAL_PUBLIC_LEN];

        if (!f->self.issuing || strcmp(issuer->issuer.host, f->self.host) != 0 ||
            mirror_key_source(f->dir, secret) < 0)
                return false;
        seal_source_of(secret, public);
        explicit_bzero(secret, sizeof(secret));
        return memcmp(public, issuer->issuer.public, sizeof(public)) == 0;
}

/* This host has signed later than its store says, which is an older copy then. By the clock of the
 * store it would not be heard any more. */
static void go_above(struct fleet *f, const struct fleet_trusted *issuer,
                     const struct frame_head *head) {
        if (!is_before(f->sign_clock, fleet_age_sign_time(f), head->clock, head->signed_at_ms) ||
            head->clock == UINT32_MAX || !is_own(f, issuer))
                return;
        f->sign_clock = head->clock + 1;
        f->clock_kept_ms = FLEET_UNKNOWN; /* it is kept at once */
}

void fleet_age_note(struct fleet *f, const struct frame_head *head) {
        struct fleet_trusted *issuer = fleet_find_issuer(f, head->issuer);
        struct fleet_member *member = fleet_find_group(f, head->group);
        int64_t ahead = clock_boot_ms() - head->signed_at_ms, current;

        /* Of the past, before this host was invited. */
        if (member && strcmp(member->group.name, FLEET_GROUP_ALL) == 0 &&
            member->group.number < f->self.invited)
                return;
        if (!issuer || !member)
                return;
        go_above(f, issuer, head);
        if (head->clock < issuer->clock)
                return;
        note_signed(member, (size_t) (issuer - f->issuers), head);
        if (!issuer->heard || head->clock > issuer->clock)
                hear_first(issuer, head, ahead);
        else
                hear_next(issuer, head, ahead);
        current = head->signed_at_ms + issuer->ahead_ms - issuer->late_ms;
        if (current > member->current_ms)
                member->current_ms = current;
        if (current > member->stated_ms[issuer - f->issuers])
                member->stated_ms[issuer - f->issuers] = current;
        fleet_age_sum(f);
}

void fleet_age_note_later(struct fleet *f, const struct frame_head *head) {
        struct fleet_member *member = fleet_find_group(f, head->group);

        if (!member)
                return;
        member->pending = true;
        member->pending_head = *head;
}

void fleet_age_settle(struct fleet *f, bool committed) {
        for (size_t i = 0; i < f->n_groups; i++) {
                if (f->groups[i].pending && committed)
                        fleet_age_note(f, &f->groups[i].pending_head);
                f->groups[i].pending = false;
        }
}

int64_t fleet_age_current(const struct fleet *f) {
        return f->joined ? f->current_ms : FLEET_UNKNOWN;
}

int64_t fleet_age_issuer(const struct fleet *f, size_t i) {
        int64_t at = INT64_MAX;

        for (size_t k = 0; f->joined && k < f->n_groups; k++)
                if (f->groups[k].stated_ms[i] < at)
                        at = f->groups[k].stated_ms[i];
        return at;
}

int64_t fleet_age_silent(const struct fleet *f, size_t *ret_i) {
        int64_t at = INT64_MAX;

        for (size_t i = 0; f->joined && i < f->n_issuers; i++)
                if (fleet_age_issuer(f, i) < at) {
                        at = fleet_age_issuer(f, i);
                        *ret_i = i;
                }
        return at;
}

static int take_state(struct fleet *f, const uint8_t *in, size_t len,
                      const struct frame_head *head) {
        struct fleet_member *member = fleet_find_group(f, head->group);
        const struct fleet_trusted *issuer;
        int r;

        if (head->kind != FRAME_STATE || memcmp(head->fleet, f->self.id, sizeof(f->self.id)) != 0)
                return -EMEDIUMTYPE;
        if (!member || !fleet_find_issuer(f, head->issuer))
                return 0;
        r = frame_check(in, len);
        issuer = fleet_find_issuer(f, head->issuer);
        if (r >= 0)
                go_above(f, issuer, head);
        /* Of an older state it says nothing about what came after. An issuer that has not heard of
         * a rebase would otherwise make up for changes that this host lacks. */
        if (r < 0 || (int64_t) head->number != member->group.number)
                return r;
        if (memcmp(head->before, member->group.hash, sizeof(head->before)) != 0) {
                (void) text_copy(member->fork, sizeof(member->fork), issuer->issuer.host);
                return -ESTALE;
        }
        if (strcmp(member->fork, issuer->issuer.host) == 0)
                member->fork[0] = '\0';
        fleet_age_note(f, head);
        return 0;
}

const char *fleet_age_fork(const struct fleet *f, const char **ret_host) {
        for (size_t i = 0; f->joined && i < f->n_groups; i++)
                if (f->groups[i].fork[0]) {
                        *ret_host = f->groups[i].fork;
                        return f->groups[i].group.name;
                }
        return NULL;
}

int fleet_age_take(struct fleet *f, const uint8_t *in, size_t len) {
        struct frame_head head;
        int r = 0;

        if (!f->joined)
                return fleet_absence(f);
        while (len > 0) {
                ssize_t n = frame_read(in, len, &head);
                int error;

                if (n <= 0 || (size_t) n > len)
                        return n < 0 ? (int) n : -EBADMSG;
                /* What one says does not take away what others say behind it. */
                error = take_state(f, in, (size_t) n, &head);
                r = r < 0 ? r : error;
                in += n;
                len -= (size_t) n;
        }
        return r;
}

/* --- Over the end of the daemon --- */

/* In the same boot what was heard of issuers still holds. Otherwise a statement that was withheld
 * until the daemon started again would be taken for a new one. Of another boot the wall clock says
 * what it is worth. */
static void restore_issuers(struct fleet *f, const struct store_fleet_clock *clock, bool same) {
        for (size_t i = 0; i < f->n_issuers; i++) {
                struct fleet_trusted *issuer = &f->issuers[i];
                int64_t number = issuer->issuer.clock;

                issuer->heard = same && number > 0;
                issuer->clock = (uint32_t) (number < 0 ? -number : number);
                issuer->ahead_ms = issuer->issuer.ahead_ms;
                issuer->skew_known =
                        number != 0 && clock->wall_at > 0 && issuer->ahead_ms != FLEET_UNKNOWN;
                if (!issuer->skew_known)
                        continue;
                issuer->skew_ms = issuer->ahead_ms + (clock->wall_at - clock->current_at) * 1000;
        }
}

/* Silence goes on over the end of the daemon. After a reboot it is what it was, and as long as the
 * host was away: by the wall clock, but at least since the boot, because a wall clock may be
 * wrong. */
static void restore_silence(struct fleet *f, const struct store_fleet_clock *clock, bool same) {
        int64_t now = clock_boot_ms(), kept = clock->signed_at_ms - clock->sign_ahead_ms,
                away = now;

        if (clock->wall_at > 0) {
                int64_t boot_at = clock->wall_at - clock->current_at,
                        wall = (clock_now() - boot_at) * 1000 - kept;

                away = wall > away ? wall : away;
        }
        for (size_t i = 0; i < f->n_issuers; i++) {
                int64_t at = f->issuers[i].issuer.stated_ms;

                if (at == 0)
                        continue;
                if (!same)
                        at += now - kept - away;
                for (size_t k = 0; k < f->n_groups; k++)
                        f->groups[k].stated_ms[i] = at < now ? at : now;
        }
}

/* The number is negative where nothing was heard in this boot. So it is where what was heard is in
 * doubt: what was known before goes on, and the next one is judged by that. Otherwise what is
 * withheld could be an hour later after each boot. */
static void fill_issuer(const struct fleet_trusted *issuer, int64_t boot_at_ms,
                        struct store_fleet_issuer *ret) {
        int64_t late = issuer->late_ms, doubt = issuer->doubt_ms - DRIFT_MS;
        bool heard = issuer->heard && doubt <= late;

        late = doubt > late ? doubt : late;
        *ret = issuer->issuer;
        ret->clock = heard ? (int64_t) issuer->clock : -(int64_t) issuer->clock;
        ret->ahead_ms = issuer->heard        ? issuer->ahead_ms - late
                        : issuer->skew_known ? issuer->skew_ms - boot_at_ms
                                             : FLEET_UNKNOWN;
}

static int keep_issuers(const struct fleet *f, struct store *writer,
                        const struct store_fleet_clock *clock) {
        int64_t boot_at_ms = (clock->wall_at - clock->current_at) * 1000;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < f->n_issuers; i++) {
                struct store_fleet_issuer issuer;

                fill_issuer(&f->issuers[i], boot_at_ms, &issuer);
                issuer.stated_ms = f->n_groups > 0 ? fleet_age_issuer(f, i) : 0;
                r = store_fleet_put_issuer_clock(writer, &issuer);
        }
        return r;
}

/* When it was last kept, the time that this host signed by was ahead of the wall clock, which had
 * been wrong at that boot and was set right. By the wall clock the time goes back now, though it is
 * later than all that was signed. */
static bool was_ahead(const struct store_fleet_clock *clock) {
        int64_t boot_at_ms = (clock->wall_at - clock->current_at) * 1000;

        return clock->wall_at > 0 && clock->sign_ahead_ms > boot_at_ms + DRIFT_MS;
}

int fleet_age_restore(struct fleet *f, struct store *writer) {
        struct store_fleet_clock clock;
        int64_t now = clock_boot_ms(), wall = clock_now();
        char boot[sizeof(clock.boot)];
        bool same;
        int r;

        f->current_ms = FLEET_UNKNOWN;
        f->clock_kept_ms = FLEET_UNKNOWN;
        f->sign_clock = 1;
        f->sign_ahead_ms = wall * 1000 - now;
        r = store_fleet_get_clock(writer, &clock);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        read_boot(boot);
        same = boot[0] && strcmp(boot, clock.boot) == 0;
        /* A wall clock that went back over a reboot says nothing. */
        if (clock.wall_at > 0 && (same || wall >= clock.wall_at)) {
                f->current_ms =
                        same ? clock.current_at * 1000 : now - (wall - clock.wall_at) * 1000;
                for (size_t i = 0; i < f->n_groups; i++)
                        f->groups[i].current_ms = f->current_ms;
        }
        f->sign_clock = (uint32_t) clock.sign_clock;
        restore_issuers(f, &clock, same);
        restore_silence(f, &clock, same);
        if (same)
                f->sign_ahead_ms = clock.sign_ahead_ms;
        /* What was signed since it was last kept is not known. */
        else if (f->sign_ahead_ms + now <= clock.signed_at_ms + KEEP_MS) {
                f->sign_clock++;
                f->sign_ahead_ms = clock.signed_at_ms + KEEP_MS + 1 - now;
        } else if (was_ahead(&clock))
                f->sign_clock++;
        return 0;
}

int fleet_age_put(const struct fleet *f, struct store *writer) {
        int64_t now = clock_boot_ms();
        struct store_fleet_clock clock = { .sign_ahead_ms = f->sign_ahead_ms,
                                           .sign_clock = f->sign_clock,
                                           .signed_at_ms = fleet_age_sign_time(f) };
        int r;

        read_boot(clock.boot);
        if (f->current_ms != FLEET_UNKNOWN) {
                clock.current_at = f->current_ms / 1000;
                clock.wall_at = clock_now() - (now - f->current_ms) / 1000;
        }
        r = store_fleet_put_clock(writer, &clock);
        return r < 0 ? r : keep_issuers(f, writer, &clock);
}

int fleet_age_keep(struct fleet *f, struct store *writer, bool force) {
        int64_t now = clock_boot_ms();
        int r;

        if (!f->joined ||
            (!force && f->clock_kept_ms != FLEET_UNKNOWN && now - f->clock_kept_ms < KEEP_MS))
                return 0;
        r = store_begin(writer);
        if (r >= 0)
                r = fleet_age_put(f, writer);
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        if (r >= 0)
                f->clock_kept_ms = now;
        return r;
}

/* --- As an issuer --- */

int64_t fleet_age_sign_time(const struct fleet *f) {
        return clock_boot_ms() + f->sign_ahead_ms;
}

static int find_one(const struct store_fleet_revocation *revocation, void *userdata) {
        (void) revocation;
        (void) userdata;
        return 1;
}

int fleet_age_may_state(const struct fleet *f, struct store *writer) {
        int r;

        if (!f->joined || !f->self.issuing)
                return f->joined ? -EOPNOTSUPP : fleet_absence(f);
        r = store_fleet_each_revocation(writer, find_one, NULL);
        if (r == 0)
                r = store_fleet_epoch_waits(writer);
        return r < 0 ? r : r == 0;
}

int fleet_age_state(struct fleet *f, size_t i, const uint8_t secret[static SEAL_SECRET_LEN],
                    uint8_t out[static FRAME_STATE_LEN]) {
        struct fleet_member *member = &f->groups[i];
        struct frame_head head = { .kind = FRAME_STATE,
                                   .clock = f->sign_clock,
                                   .number = (uint64_t) member->group.number,
                                   .signed_at_ms = fleet_age_sign_time(f) };

        if (!f->joined || !f->self.issuing)
                return f->joined ? -EOPNOTSUPP : fleet_absence(f);
        memcpy(head.fleet, f->self.id, sizeof(head.fleet));
        memcpy(head.group, member->group.name, sizeof(head.group));
        memcpy(head.before, member->group.hash, sizeof(head.before));
        /* The statement counts for this host when it comes back from the database, as for all. */
        return frame_make(&head, secret, member->key, NULL, 0, out);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the reports of this host, one after the other. Reads the audit log, and writes nothing into
 * it. Does not know how a report gets to its readers. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "fleet/fleet_report.h"
#include "fleet/fleet_report_body.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"
#include "secret/keymint.h"
#include "text.h"

#define INTERVAL_MS INT64_C(900000)
/* so that hosts that were cut off together do not all come at once */
#define JITTER_MS INT64_C(180000)
#define FIRST_MS  INT64_C(60000)
#define AGAIN_MS  INT64_C(300000)

static int64_t draw(int64_t below) {
        uint64_t v;

        keymint_draw(&v, sizeof(v));
        return (int64_t) (v % (uint64_t) below);
}

static void schedule(struct fleet *f, int64_t after_ms, int64_t jitter_ms) {
        f->report_at_ms = clock_boot_ms() + after_ms + draw(jitter_ms);
}

int fleet_report_begin(struct store *writer, const struct store_fleet *self) {
        struct store_report report = {};
        int r;

        r = store_report_get(writer, &report);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r >= 0 && strcmp(report.host, self->host) == 0 &&
            memcmp(report.fleet, self->id, sizeof(report.fleet)) == 0)
                return 0;
        report = (struct store_report){};
        memcpy(report.fleet, self->id, sizeof(report.fleet));
        memcpy(report.host, self->host, sizeof(report.host));
        /* A log whose seal is broken is reported from its first record on. */
        r = store_audit_mark(writer, 0, &report.mark);
        if (r == -EBADMSG || r == -ENOENT || r == -ENOKEY)
                r = 0;
        if (r >= 0)
                r = store_report_put(writer, &report);
        return r < 0 ? r : store_report_set_pending(writer, NULL, 0);
}

/* --- The body --- */

struct making {
        struct store *writer;
        struct bytes_writer w;
        struct store_report report;
        size_t n; /* records behind the first one */
        int r;
};

static int put_use(const struct key_use *use, void *userdata) {
        struct making *m = userdata;

        m->n++;
        fleet_report_body_put_use(&m->w, use);
        return store_report_drop_used(m->writer, use->id);
}

/* What does not fit goes with the next report. */
static int put_audit(const struct audit_record *record,
                     const uint8_t seal[static RECORD_DIGEST_LEN], void *userdata) {
        struct making *m = userdata;
        size_t before = m->w.len;

        m->n += record->has_login ? 2 : 1;
        if (m->n > FLEET_REPORT_RECORDS_MAX + FLEET_REPORT_USES_MAX)
                return 1;
        fleet_report_body_put_audit(&m->w, record, seal);
        if (m->w.full) {
                m->w.len = before;
                m->w.full = false;
                return 1;
        }
        m->report.mark.seq = record->seq;
        memcpy(m->report.mark.hash, seal, RECORD_DIGEST_LEN);
        return 0;
}

/* The log behind the last record that was reported is looked at, and another piece of all of it,
 * from one report to the next. So what was altered before shows as well. */
static int look_at_log(struct making *m, struct fleet_report_log *log) {
        struct audit_check check = {};
        int r;

        log->from.seq = m->report.mark.seq;
        r = store_audit_mark(m->writer, log->from.seq > 0 ? log->from.seq : INT64_MAX, &log->from);
        if (r == -ENOENT || r == -ENODATA)
                r = 0;
        if (r >= 0)
                r = store_audit_mark(m->writer, 0, &log->last);
        if (r == -EBADMSG || r == -ENOENT)
                r = 0;
        if (r >= 0)
                r = store_audit_verify(m->writer, m->report.mark.seq, FLEET_REPORT_RECORDS_MAX,
                                       &check);
        if (r >= 0 && check.fault == AUDIT_INTACT)
                r = store_audit_verify(m->writer, m->report.checked, FLEET_REPORT_RECORDS_MAX,
                                       &check);
        if (r < 0)
                return r;
        m->report.checked = check.fault == AUDIT_INTACT ? check.next : 0;
        log->fault = check.fault;
        log->bad = check.bad;
        return 0;
}

static int put_body(struct making *m) {
        struct fleet_report_log log = {};
        int r;

        r = look_at_log(m, &log);
        if (r < 0)
                return r;
        fleet_report_body_put_log(&m->w, &log);
        r = store_report_each_use(m->writer, FLEET_REPORT_USES_MAX, put_use, m);
        return r < 0 ? r
                     : store_audit_each_sealed(m->writer, m->report.mark.seq,
                                               FLEET_REPORT_RECORDS_MAX, put_audit, m);
}

/* --- The frame --- */

static int sign(struct fleet *f, const struct making *m, struct fleet_report *ret) {
        struct frame_head head = { .kind = FRAME_REPORT,
                                   .number = (uint64_t) m->report.number + 1,
                                   .signed_at_ms = clock_now() * 1000,
                                   .group = FLEET_GROUP_ALL };
        uint8_t readers[FLEET_ISSUERS_MAX][SEAL_PUBLIC_LEN], secret[SEAL_SECRET_LEN];
        int r;

        memcpy(head.fleet, f->self.id, sizeof(head.fleet));
        memcpy(head.before, m->report.hash, sizeof(head.before));
        for (size_t i = 0; i < f->n_issuers; i++)
                memcpy(readers[i], f->issuers[i].issuer.public, SEAL_PUBLIC_LEN);
        ret->number = m->report.number + 1;
        ret->len = m->w.len + FRAME_REPORT_EXTRA(f->n_issuers);
        ret->frame = malloc(ret->len);
        if (!ret->frame)
                return -ENOMEM;
        r = mirror_key_source(f->dir, secret);
        if (r >= 0)
                r = frame_report_make(&head, secret, readers, f->n_issuers, m->w.out, m->w.len,
                                      ret->frame);
        explicit_bzero(secret, sizeof(secret));
        return r;
}

_Static_assert(FLEET_REPORT_BODY_MAX + FRAME_REPORT_EXTRA(FLEET_ISSUERS_MAX) <= STORE_REPORT_MAX,
               "a report fits");
_Static_assert(FLEET_ISSUERS_MAX <= FRAME_READERS_MAX, "all issuing hosts read reports");

/* In one transaction: what is in the report is no longer to be reported. */
static int make(struct fleet *f, struct making *m, struct fleet_report *ret) {
        struct fleet_report report = {};
        int r;

        r = store_begin(m->writer);
        if (r >= 0)
                r = put_body(m);
        if (r >= 0)
                r = sign(f, m, &report);
        if (r >= 0)
                r = store_report_put(m->writer, &m->report);
        if (r >= 0)
                r = store_report_set_pending(m->writer, report.frame, report.len);
        if (r >= 0)
                r = store_commit_quietly(m->writer);
        store_rollback(m->writer);
        if (r < 0) {
                fleet_report_done(&report);
                return r;
        }
        *ret = report;
        return 0;
}

static int make_new(struct fleet *f, struct store *writer, const struct store_report *own,
                    struct fleet_report *ret) {
        struct making m = { .writer = writer,
                            .report = *own,
                            .w = { .size = FLEET_REPORT_BODY_MAX } };
        int r;

        m.w.out = malloc(m.w.size);
        if (!m.w.out)
                return -ENOMEM;
        r = make(f, &m, ret);
        explicit_bzero(m.w.out, m.w.size);
        free(m.w.out);
        return r;
}

static int get_own(struct fleet *f, struct store *writer, struct store_report *ret) {
        int r;

        if (!f->joined)
                return fleet_absence(f);
        r = store_report_get(writer, ret);
        if (r != -ENOENT)
                return r;
        /* It came into the fleet with an older version. */
        r = store_begin(writer);
        if (r >= 0)
                r = fleet_report_begin(writer, &f->self);
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        return r < 0 ? r : store_report_get(writer, ret);
}

int fleet_report_next(struct fleet *f, struct store *writer, struct fleet_report *ret) {
        struct fleet_report report = {};
        struct store_report own;
        int64_t now = clock_boot_ms();
        int r;

        r = get_own(f, writer, &own);
        if (r < 0)
                return r;
        if (f->report_at_ms == 0)
                own.number == 0 ? schedule(f, 0, FIRST_MS) : schedule(f, INTERVAL_MS, JITTER_MS);
        report.number = own.number + 1;
        r = now < f->report_failed_ms ? -ENOENT
                                      : store_report_pending(writer, &report.frame, &report.len);
        if (r == -ENOENT && now >= f->report_at_ms)
                r = make_new(f, writer, &own, &report);
        if (r < 0 && r != -ENOENT)
                return r;
        if (report.frame) {
                struct frame_head head;

                if (frame_read(report.frame, report.len, &head) != (ssize_t) report.len) {
                        fleet_report_done(&report);
                        return -EUCLEAN;
                }
                report.number = (int64_t) head.number;
        }
        report.wait_s = now < f->report_at_ms ? (uint64_t) (f->report_at_ms - now) / 1000 + 1 : 60;
        *ret = report;
        return 0;
}

void fleet_report_done(struct fleet_report *report) {
        free(report->frame);
        report->frame = NULL;
}

void fleet_report_ask(struct fleet *f) {
        f->report_at_ms = clock_boot_ms();
        f->report_failed_ms = 0;
}

/* --- What has become of it --- */

static int save(struct store *writer, const struct store_report *own, const uint8_t *frame,
                size_t len) {
        int r;

        r = store_begin(writer);
        if (r >= 0)
                r = store_report_put(writer, own);
        if (r >= 0)
                r = store_report_set_pending(writer, frame, len);
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        return r;
}

int fleet_report_stored(struct fleet *f, struct store *writer, int64_t number) {
        struct frame_head head;
        struct store_report own;
        uint8_t *frame;
        size_t len;
        int r;

        r = get_own(f, writer, &own);
        if (r >= 0)
                r = store_report_pending(writer, &frame, &len);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        if (frame_read(frame, len, &head) == (ssize_t) len && (int64_t) head.number == number) {
                own.number = number;
                own.stored_at = clock_now();
                frame_hash(frame, len, own.hash);
                r = save(writer, &own, NULL, 0);
                f->report_failed_ms = 0;
                schedule(f, INTERVAL_MS, JITTER_MS);
        }
        free(frame);
        return r;
}

/* The database has lost reports, or this host has: a store that was copied back, or the word of an
 * attacker who speaks for this host there. Those who read the reports see by their chain which it
 * is. */
int fleet_report_taken(struct fleet *f, struct store *writer, int64_t number, int64_t last) {
        uint8_t secret[SEAL_SECRET_LEN], *frame;
        struct store_report own;
        size_t len;
        int r;

        if (last < number || last > INT64_MAX - 2 * FLEET_REPORT_LEAP ||
            last - number > FLEET_REPORT_LEAP)
                return -ESTALE;
        r = get_own(f, writer, &own);
        if (r >= 0)
                r = store_report_pending(writer, &frame, &len);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = mirror_key_source(f->dir, secret);
        if (r >= 0)
                r = frame_report_renumber(frame, len, (uint64_t) last + 1, secret);
        explicit_bzero(secret, sizeof(secret));
        if (r >= 0)
                r = save(writer, &own, frame, len);
        free(frame);
        return r;
}

void fleet_report_failed(struct fleet *f) {
        f->report_failed_ms = clock_boot_ms() + AGAIN_MS + draw(JITTER_MS);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes reports of other hosts. What is in one was signed by its host, which may lie: nothing in it
 * is believed but that the host has said so. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attr.h"
#include "base/clock.h"
#include "fleet/fleet_hosts.h"
#include "fleet/fleet_report_body.h"
#include "fleet/fleet_reported.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"
#include "store/store_report.h"
#include "text.h"

/* records and uses in one transaction, so that the writer thread is free again soon */
#define PIECE_MAX 100

/* Invariant: body is set when the report was judged, and part before. */
struct fleet_intake {
        char host[STORE_FLEET_HOST_MAX + 1];
        uint8_t *part; /* owned */
        size_t part_len;
        uint8_t *body;               /* owned */
        struct bytes_reader records; /* those that wait */
        size_t n;                    /* those that were read */
        /* the audit record that a login uid may follow; 0: none */
        int64_t named;
        int64_t room; /* records that the host can have */
        /* It is the first one that has come, and was not the first one of the host. */
        bool late;
        /* what is known of the host; and what it will be when all records are kept */
        struct store_reported now, then;
        struct fleet_reported_news news;
};

static const struct {
        const char *word, *text;
} faults[] = {
        [REPORTED_RIGHT] = { "", "is right" },
        [REPORTED_ALTERED] = { "altered", "says that a record of its audit log was altered" },
        [REPORTED_LACKS] = { "lacks", "says that a record of its audit log is missing" },
        [REPORTED_UNSEALED] = { "unsealed", "says that the seal of its audit log is broken" },
        [REPORTED_FORKED] = { "forked", "has sent a report that does not follow its last one" },
        [REPORTED_MISSING] = { "missing", "has sent reports or records that have not come" },
        [REPORTED_REWRITTEN] = { "rewritten",
                                 "has another audit log than the one it has reported" },
        [REPORTED_FULL] = { "full", "has reported more records than are kept" },
        [REPORTED_UNREADABLE] = { "unreadable", "has sent a report that cannot be read" },
};
_Static_assert(ARRAY_LEN(faults) == _REPORTED_MAX, "a row for each fault");

const char *fleet_reported_word(enum store_reported_fault fault) {
        return faults[fault].word;
}

const char *fleet_reported_text(enum store_reported_fault fault) {
        return faults[fault].text;
}

void fleet_reported_forget(struct fleet *f) {
        if (!f->intake)
                return;
        free(f->intake->part);
        if (f->intake->body)
                explicit_bzero(f->intake->body, f->intake->records.len);
        free(f->intake->body);
        free(f->intake);
        f->intake = NULL;
}

/* The first one stays until somebody has seen to it. */
/* Somebody has changed the past. What is missing can be a fault of the network or of a disk. */
static bool is_grave(enum store_reported_fault fault) {
        return fault == REPORTED_ALTERED || fault == REPORTED_FORKED || fault == REPORTED_REWRITTEN;
}

/* The first fault stays until an administrator has seen it. A host must not hide a grave one behind
 * another that it has provoked. */
static void raise_fault(struct fleet_intake *in, enum store_reported_fault fault, int64_t seq) {
        if (in->now.fault != REPORTED_RIGHT && (is_grave(in->now.fault) || !is_grave(fault)))
                return;
        in->now.fault = in->news.fault = fault;
        in->now.fault_at = clock_now();
        in->now.fault_number = in->news.fault_number = in->then.number;
        in->now.fault_seq = in->news.fault_seq = seq;
}

/* --- The frame --- */

static int keep_part(struct fleet *f, const char *host, const uint8_t *bytes, size_t len) {
        struct fleet_intake *in = f->intake;
        uint8_t *part;

        if (!in) {
                in = calloc(1, sizeof(*in));
                if (!in)
                        return -ENOMEM;
                (void) text_copy(in->host, sizeof(in->host), host);
                f->intake = in;
        }
        if (in->part_len + len > STORE_REPORT_MAX)
                return -EBADMSG;
        part = realloc(in->part, in->part_len + len);
        if (!part)
                return -ENOMEM;
        memcpy(part + in->part_len, bytes, len);
        in->part = part;
        in->part_len += len;
        return 0;
}

static int check_frame(struct fleet *f, struct store *writer, const struct fleet_intake *in,
                       const struct frame_head *head) {
        struct store_fleet_host host;
        int r;

        if (head->kind != FRAME_REPORT)
                return -EMEDIUMTYPE;
        if (memcmp(head->fleet, f->self.id, sizeof(f->self.id)) != 0)
                return -EXDEV;
        if (head->number == 0 || head->number > INT64_MAX - 2)
                return -EBADMSG;
        r = fleet_hosts_find(writer, in->host, &host);
        if (r < 0)
                return r;
        return memcmp(host.issuer, head->issuer, sizeof(host.issuer)) != 0
                       ? -EKEYREJECTED
                       : frame_check(in->part, in->part_len);
}

/* The log of a host begins anew: it has a new key, or has forgotten what it has said. */
static void begin_chain(struct fleet_intake *in, const struct frame_head *head) {
        struct store_reported *now = &in->now;

        now->chain++;
        now->number = 0;
        memset(now->hash, 0, sizeof(now->hash));
        memcpy(now->key, head->issuer, sizeof(now->key));
        now->mark = (struct audit_mark){};
        now->last = 0;
}

/* Whether it is the next one. -EALREADY: it was taken. -ENODATA: another one with that number was
 * taken, which stays. */
static int check_order(struct fleet_intake *in, const struct frame_head *head) {
        static const uint8_t none[FRAME_HASH_LEN];
        struct store_reported *now = &in->now;
        uint8_t hash[FRAME_HASH_LEN];

        frame_hash(in->part, in->part_len, hash);
        in->then.number = (int64_t) head->number;
        memcpy(in->then.hash, hash, sizeof(hash));
        in->then.signed_at = head->signed_at_ms / 1000;
        /* An administrator has invited it with that key. */
        if (memcmp(now->key, head->issuer, sizeof(now->key)) != 0)
                begin_chain(in, head);
        in->late = now->number == 0 && memcmp(head->before, none, sizeof(none)) != 0;
        if (now->number == 0)
                return 0;
        if ((int64_t) head->number == now->number && memcmp(hash, now->hash, sizeof(hash)) == 0)
                return -EALREADY;
        if ((int64_t) head->number < now->number)
                return -ESTALE;
        if ((int64_t) head->number == now->number) {
                raise_fault(in, REPORTED_FORKED, 0);
                return -ENODATA;
        }
        if (memcmp(head->before, now->hash, sizeof(now->hash)) == 0)
                return 0;
        if (memcmp(head->before, none, sizeof(none)) == 0) {
                raise_fault(in, REPORTED_FORKED, 0);
                begin_chain(in, head);
        } else
                raise_fault(in,
                            (int64_t) head->number == now->number + 1 ? REPORTED_FORKED
                                                                      : REPORTED_MISSING,
                            0);
        return 0;
}

/* --- The log as the host sees it --- */

static void check_log(struct fleet_intake *in, const struct fleet_report_log *log) {
        static const uint8_t none[RECORD_DIGEST_LEN];
        const struct audit_mark *mark = &in->now.mark;

        in->then.mark = log->from;
        in->then.last = log->last.seq;
        if (log->fault != AUDIT_INTACT)
                raise_fault(in, (enum store_reported_fault) log->fault, log->bad);
        /* This host has just begun to listen. */
        if (in->now.number == 0 || mark->seq == 0)
                return;
        /* Saying less does not make a gap smaller. */
        if (log->from.seq < mark->seq)
                in->then.mark = *mark;
        if (log->last.seq < mark->seq && memcmp(log->last.hash, none, sizeof(none)) != 0)
                raise_fault(in, REPORTED_REWRITTEN, log->last.seq);
        else if (log->from.seq == mark->seq && memcmp(log->from.hash, none, sizeof(none)) != 0 &&
                 memcmp(log->from.hash, mark->hash, sizeof(mark->hash)) != 0)
                raise_fault(in, REPORTED_REWRITTEN, mark->seq);
        else if (log->from.seq > mark->seq)
                raise_fault(in, REPORTED_MISSING, mark->seq + 1);
}

static int open_body(struct fleet *f, struct fleet_intake *in) {
        struct fleet_report_log log;
        uint8_t secret[SEAL_SECRET_LEN], type;
        struct bytes_reader record;
        int r;

        in->body = malloc(in->part_len);
        if (!in->body)
                return -ENOMEM;
        r = mirror_key_source(f->dir, secret);
        if (r >= 0)
                r = frame_report_open(in->part, in->part_len, secret, in->body, &in->records.len);
        explicit_bzero(secret, sizeof(secret));
        in->records.in = in->body;
        /* This host did not issue yet when it was made. */
        if (r == -ENOKEY)
                return 0;
        if (r >= 0)
                r = fleet_report_body_next(&in->records, &type, &record) > 0 &&
                                    type == FLEET_REPORT_LOG
                            ? fleet_report_body_get_log(&record, &log)
                            : -EBADMSG;
        if (r >= 0)
                check_log(in, &log);
        /* Others were made for this host as well, or before it issued: those would have come, too.
         */
        if (in->late)
                raise_fault(in, REPORTED_MISSING, 0);
        return r;
}

/* The host has signed what cannot be read. It counts as a report all the same: otherwise the next
 * ones could not be taken. */
static void give_up(struct fleet_intake *in) {
        raise_fault(in, REPORTED_UNREADABLE, 0);
        explicit_bzero(in->body, in->records.len);
        in->records = (struct bytes_reader){ .in = in->body };
        in->then.mark = in->now.mark;
        in->then.last = in->now.last;
}

/* Nothing of it counts but its fault. */
static int stay(struct fleet_intake *in) {
        in->then = in->now;
        in->body = malloc(1);
        return in->body ? 0 : -ENOMEM;
}

static int judge(struct fleet *f, struct store *writer, const struct frame_head *head) {
        struct fleet_intake *in = f->intake;
        int r;

        r = check_frame(f, writer, in, head);
        if (r < 0)
                return r;
        r = store_reported_room(writer, in->host, &in->room);
        if (r >= 0)
                r = store_reported_get(writer, in->host, &in->now);
        if (r < 0 && r != -ENOENT)
                return r;
        if (r == -ENOENT) {
                memcpy(in->now.host, in->host, sizeof(in->host));
                memcpy(in->now.key, head->issuer, sizeof(in->now.key));
        }
        r = check_order(in, head);
        in->news.number = in->now.number;
        if (r == -ENODATA)
                return stay(in);
        if (r < 0)
                return r;
        in->then.mark = in->now.mark;
        r = open_body(f, in);
        if (r != -EBADMSG)
                return r;
        give_up(in);
        return 0;
}

/* --- The records --- */

static int take_audit(struct fleet_intake *in, struct store *writer, struct bytes_reader *reader) {
        uint8_t seal[RECORD_DIGEST_LEN];
        struct audit_record record;
        int r;

        r = fleet_report_body_get_audit(reader, &record, seal);
        if (r < 0)
                return r;
        if (record.seq > in->then.mark.seq + 1 && in->then.mark.seq > 0)
                raise_fault(in, REPORTED_MISSING, in->then.mark.seq + 1);
        if (in->now.records >= in->room) {
                raise_fault(in, REPORTED_FULL, record.seq);
                r = 0;
        } else
                r = store_reported_add(writer, &in->now, &record, seal, clock_now());
        /* What is kept is never changed, not even by what follows. */
        in->named = r >= 0 && record.seq > in->now.mark.seq ? record.seq : 0;
        if (r == -EEXIST) {
                raise_fault(in, REPORTED_REWRITTEN, record.seq);
                r = 0;
        }
        in->now.records += r > 0;
        in->then.mark.seq = record.seq;
        memcpy(in->then.mark.hash, seal, sizeof(seal));
        return r < 0 ? r : 0;
}

/* The login uid of the record before it. */
static int take_login(struct fleet_intake *in, struct store *writer, struct bytes_reader *reader) {
        struct fleet_report_login login;
        int64_t named = in->named;
        int r;

        r = fleet_report_body_get_login(reader, &login);
        in->named = 0;
        if (r < 0)
                return r;
        return login.seq == named ? store_reported_add_login(writer, &in->now, login.seq, login.uid)
                                  : 0;
}

static int take_record(struct fleet_intake *in, struct store *writer, uint8_t type,
                       struct bytes_reader *reader) {
        struct key_use use;
        int r;

        if (++in->n > FLEET_REPORT_RECORDS_MAX + FLEET_REPORT_USES_MAX)
                return -EBADMSG;
        if (type == FLEET_REPORT_AUDIT)
                return take_audit(in, writer, reader);
        if (type == FLEET_REPORT_LOGIN)
                return take_login(in, writer, reader);
        /* A newer version may say more. That is no harm: it decides nothing. */
        if (type != FLEET_REPORT_USE)
                return 0;
        r = fleet_report_body_get_use(reader, &use);
        /* A key would never be idle. */
        if (r >= 0 && use.at > clock_now())
                use.at = clock_now();
        return r < 0 ? r : store_reported_use(writer, in->host, &use);
}

static int take_piece(struct fleet_intake *in, struct store *writer) {
        struct bytes_reader record;
        uint8_t type;
        int r = 1;

        for (size_t i = 0; i < PIECE_MAX && r > 0; i++) {
                r = fleet_report_body_next(&in->records, &type, &record);
                if (r > 0)
                        r = take_record(in, writer, type, &record) ?: 1;
        }
        if (r == -EBADMSG) {
                give_up(in);
                r = 0;
        }
        return r;
}

/* The audit log of this host says so, too: it goes to all issuing hosts. */
static int add_alarm(const struct fleet_intake *in, struct store *writer) {
        struct audit_record record = { .count = 1,
                                       .uid = AUDIT_NOBODY,
                                       .owner_uid = AUDIT_NOBODY,
                                       .event = "fleet-report",
                                       .verdict = "refused",
                                       .door = "fleet" };

        if (in->news.fault == REPORTED_RIGHT)
                return 0;
        record.at = record.until = clock_now();
        (void) text_copy(record.reason, sizeof(record.reason), fleet_reported_word(in->news.fault));
        (void) snprintf(record.detail, sizeof(record.detail), "host %s, report %" PRId64 ": %s",
                        in->host, in->then.number, fleet_reported_text(in->news.fault));
        return store_audit_add(writer, &record);
}

static int take(struct fleet_intake *in, struct store *writer) {
        int r, more;

        r = store_begin(writer);
        if (r < 0)
                return r;
        r = more = take_piece(in, writer);
        if (r == 0) {
                in->now.number = in->then.number;
                memcpy(in->now.hash, in->then.hash, sizeof(in->now.hash));
                in->now.signed_at = in->then.signed_at;
                in->now.taken_at = clock_now();
                in->now.mark = in->then.mark;
                in->now.last = in->then.last;
        }
        if (r >= 0)
                r = store_reported_put(writer, &in->now);
        if (r >= 0)
                r = add_alarm(in, writer);
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        if (r < 0)
                return r;
        in->news.number = in->now.number;
        in->news.more = more > 0;
        return 0;
}

/* Returns whether the report is complete: 1, then it was judged. */
static int complete(struct fleet *f, struct store *writer) {
        struct fleet_intake *in = f->intake;
        struct frame_head head;
        ssize_t n;
        int r;

        n = frame_read(in->part, in->part_len, &head);
        if (n < 0)
                return (int) n;
        if (n == 0 || (size_t) n > in->part_len)
                return (size_t) n > STORE_REPORT_MAX ? -EBADMSG : 0;
        r = (size_t) n < in->part_len ? -EBADMSG : judge(f, writer, &head);
        return r < 0 ? r : 1;
}

static int take_bytes(struct fleet *f, struct store *writer, const char *host, const uint8_t *in,
                      size_t len, struct fleet_reported_news *ret) {
        int r = 1;

        if (f->intake && (strcmp(f->intake->host, host) != 0 || (len > 0 && f->intake->body) ||
                          (len == 0 && !f->intake->body)))
                fleet_reported_forget(f);
        if (len == 0 && !f->intake)
                return 0;
        if (len > 0) {
                r = keep_part(f, host, in, len);
                if (r >= 0)
                        r = complete(f, writer);
        }
        if (r > 0)
                r = take(f->intake, writer);
        if (r >= 0 || r == -EALREADY)
                *ret = f->intake->news;
        if (r >= 0)
                f->intake->news.fault = REPORTED_RIGHT;
        return r;
}

int fleet_reported_take(struct fleet *f, struct store *writer, const char *host, const uint8_t *in,
                        size_t len, struct fleet_reported_news *ret) {
        struct fleet_reported_news news = {};
        struct store_reported known;
        int r;

        if (!f->joined || !f->self.issuing)
                return f->joined ? -EOPNOTSUPP : fleet_absence(f);
        r = take_bytes(f, writer, host, in, len, &news);
        if (r < 0 || (f->intake && f->intake->body && !news.more))
                fleet_reported_forget(f);
        if (r < 0 && r != -EALREADY)
                return r;
        if (news.number == 0 && store_reported_get(writer, host, &known) >= 0)
                news.number = known.number;
        *ret = news;
        return 0;
}

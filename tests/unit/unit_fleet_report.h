/* SPDX-License-Identifier: BSD-2-Clause */
/* Reports of the member web1, and what the issuing host hub makes of them. */
#pragma once

#include "unit_fleet_pair.h"

#include "fleet/fleet_report.h"
#include "fleet/fleet_report_body.h"
#include "fleet/fleet_reported.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_key.h"

static inline void log_event(struct unit_host *h, const char *event) {
        struct audit_record record = unit_fleet_record;

        (void) snprintf(record.event, sizeof(record.event), "%s", event);
        (void) snprintf(record.user, sizeof(record.user), "alice");
        assert_int_equal(store_begin(h->store->writer), 0);
        assert_int_equal(store_audit_add(h->store->writer, &record), 0);
        assert_int_equal(store_commit(h->store->writer), 0);
}

/* The next report of ${h}. The caller frees it. */
static inline struct fleet_report report_of(struct unit_host *h) {
        struct fleet_report report = {};

        fleet_report_ask(h->fleet);
        assert_int_equal(fleet_report_next(h->fleet, h->store->writer, &report), 0);
        assert_non_null(report.frame);
        return report;
}

/* The database takes it. */
static inline void stored(struct unit_host *h, const struct fleet_report *report) {
        assert_int_equal(fleet_report_stored(h->fleet, h->store->writer, report->number), 0);
}

/* Hands ${len} bytes to the issuing host, as many calls as it takes. */
static inline int take_bytes_of(struct unit_host *hub, const char *host, const uint8_t *in,
                                size_t len, struct fleet_reported_news *ret) {
        enum store_reported_fault fault = REPORTED_RIGHT;
        int r;

        r = fleet_reported_take(hub->fleet, hub->store->writer, host, in, len, ret);
        while (r >= 0 && ret->more) {
                fault = fault ?: ret->fault;
                r = fleet_reported_take(hub->fleet, hub->store->writer, host, NULL, 0, ret);
        }
        if (r >= 0)
                ret->fault = fault ?: ret->fault;
        return r;
}

static inline struct fleet_reported_news take_report(struct unit_host *hub, const char *host,
                                                     const struct fleet_report *report) {
        struct fleet_reported_news news = {};

        assert_int_equal(take_bytes_of(hub, host, report->frame, report->len, &news), 0);
        return news;
}

/* The member reports, the database takes it, and the issuing host reads it. */
static inline struct fleet_reported_news go_home(struct fixture *f) {
        struct fleet_report report = report_of(&f->member);
        struct fleet_reported_news news;

        stored(&f->member, &report);
        news = take_report(&f->issuer, "web1", &report);
        fleet_report_done(&report);
        return news;
}

static inline struct store_reported reported(const struct fixture *f) {
        struct store_reported row = {};

        assert_int_equal(store_reported_get(f->issuer.store->writer, "web1", &row), 0);
        return row;
}

/* A report of the member that says ${body}. */
static inline struct fleet_report made_up(struct fixture *f, int64_t number,
                                          const uint8_t before[static FRAME_HASH_LEN],
                                          const uint8_t *body, size_t len) {
        struct frame_head head = { .kind = FRAME_REPORT,
                                   .number = (uint64_t) number,
                                   .group = FLEET_GROUP_ALL };
        struct fleet_report report = { .number = number, .len = len + FRAME_REPORT_EXTRA(1) };
        uint8_t secret[SEAL_SECRET_LEN], readers[1][SEAL_PUBLIC_LEN];

        memcpy(head.fleet, fleet_self(f->member.fleet)->id, sizeof(head.fleet));
        memcpy(head.before, before, sizeof(head.before));
        memcpy(readers[0], fleet_issuer(f->member.fleet, 0)->public, sizeof(readers[0]));
        report.frame = malloc(report.len);
        assert_non_null(report.frame);
        assert_int_equal(mirror_key_source(f->member.dir, secret), 0);
        assert_int_equal(frame_report_make(&head, secret, readers, 1, body, len, report.frame), 0);
        return report;
}

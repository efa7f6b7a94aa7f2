/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host reports to the issuing hosts of its fleet: uses of the fleet's keys, and its audit
 * log. Runs on the writer thread. */
#pragma once

#include "fleet/fleet.h"
#include "store/store_report.h"

/* The database refuses more than that many numbers between two reports. */
#define FLEET_REPORT_LEAP 10000000

/* A report that is to be put into the database. */
struct fleet_report {
        int64_t number;
        uint8_t *frame; /* owned; NULL: nothing is due */
        size_t len;
        uint64_t wait_s; /* until something may be due */
};

/**
 * fleet_report_begin(writer, self): this host is ${self} from now on, inside a transaction. What
 * its audit log gets from now on is reported; and, where it was the same host before, what the log
 * got meanwhile. 0, or an error of the store.
 */
int fleet_report_begin(struct store *writer, const struct store_fleet *self) _must_check_;

/**
 * fleet_report_next(f, writer, ret): the report that is on its way, or a new one when it is time.
 * The store has it before the caller. 0; -ENOLINK; an error of the store or of a file.
 */
int fleet_report_next(struct fleet *f, struct store *writer, struct fleet_report *ret) _must_check_;
void fleet_report_done(struct fleet_report *report);

/**
 * fleet_report_ask(f): a report is due now.
 */
void fleet_report_ask(struct fleet *f);

/**
 * fleet_report_stored(f, writer, number): the database has the report ${number}. 0; -ENOLINK; an
 * error of the store. Another number than that of the report on its way counts for nothing.
 */
int fleet_report_stored(struct fleet *f, struct store *writer, int64_t number) _must_check_;

/**
 * fleet_report_taken(f, writer, number, last): it has another report with that number, and ${last}
 * is the greatest. The one on its way gets the next number. 0; -ENOLINK; -ESTALE; an error of the
 * store or of a file.
 */
int fleet_report_taken(struct fleet *f, struct store *writer, int64_t number,
                       int64_t last) _must_check_;

/**
 * fleet_report_failed(f): it does not take it now.
 */
void fleet_report_failed(struct fleet *f);

/* SPDX-License-Identifier: BSD-2-Clause */
/* The records in a report. Bytes in and out. FLEET has the byte tables. */
#pragma once

#include "base/bytes.h"
#include "store/store_reported.h"

#define FLEET_REPORT_BODY_MAX    524288 /* bytes of plain text */
#define FLEET_REPORT_RECORDS_MAX 1000
#define FLEET_REPORT_USES_MAX    1000

/* Values are in frames: never renumber. */
enum fleet_report_record {
        FLEET_REPORT_LOG = 24,
        FLEET_REPORT_USE = 25,
        FLEET_REPORT_AUDIT = 26,
        FLEET_REPORT_LOGIN = 27,
};

/* The login uid of a record of the audit log. It has a type of its own, because a version that
 * does not know it must be able to read the record. */
struct fleet_report_login {
        int64_t seq;
        uid_t uid;
};

/* How the audit log of the host is. */
struct fleet_report_log {
        /* the last record that was reported before, with the seal that it has now; zeroes: the log
         * does not have it any more */
        struct audit_mark from;
        /* of the whole log; zeroes: its seal is broken */
        struct audit_mark last;
        /* what the host itself has found, and where */
        enum audit_fault fault;
        int64_t bad;
};

/**
 * fleet_report_body_put_log(w, log), fleet_report_body_put_use(w, use),
 * fleet_report_body_put_audit(w, record, seal): whole records. The login uid of ${record} is a
 * second one behind it, where there is one.
 */
void fleet_report_body_put_log(struct bytes_writer *w, const struct fleet_report_log *log);
void fleet_report_body_put_use(struct bytes_writer *w, const struct key_use *use);
void fleet_report_body_put_audit(struct bytes_writer *w, const struct audit_record *record,
                                 const uint8_t seal[static RECORD_DIGEST_LEN]);

/**
 * fleet_report_body_next(r, ret_type, ret): the next record: its content is at ${ret}, borrowed. 1;
 * 0 at the end; -EBADMSG.
 */
int fleet_report_body_next(struct bytes_reader *r, uint8_t *ret_type,
                           struct bytes_reader *ret) _must_check_;

/**
 * fleet_report_body_get_log(r, ret), fleet_report_body_get_use(r, ret),
 * fleet_report_body_get_audit(r, ret, seal), fleet_report_body_get_login(r, ret): the content of a
 * record. No text has what could harm a terminal. 0; -EBADMSG.
 */
int fleet_report_body_get_log(struct bytes_reader *r, struct fleet_report_log *ret) _must_check_;
int fleet_report_body_get_use(struct bytes_reader *r, struct key_use *ret) _must_check_;
int fleet_report_body_get_audit(struct bytes_reader *r, struct audit_record *ret,
                                uint8_t seal[static RECORD_DIGEST_LEN]) _must_check_;
int fleet_report_body_get_login(struct bytes_reader *r,
                                struct fleet_report_login *ret) _must_check_;

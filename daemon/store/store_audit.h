/* SPDX-License-Identifier: BSD-2-Clause */
/* The audit log: records in a chain of seals. Errors are those of store.h. */
#pragma once

#include "store/store.h"

/* Which records to visit. A field that is NULL or 0 does not matter. */
struct audit_filter {
        const char *key, *user, *service, *verdict;
        /* only records of keys that belong to the number owner_uid */
        bool own;
        uid_t owner_uid;
        /* records with some part between the two */
        int64_t since, until;
        int64_t after; /* begin behind this seq */
        /* from the last record to the first: after is then the seq before which to begin, or 0 */
        bool reverse;
};

/* The result of checking a piece of the log. */
struct audit_check {
        enum audit_fault {
                AUDIT_INTACT = 0,
                /* the record bad is not as it was written */
                AUDIT_ALTERED,
                AUDIT_MISSING, /* the record bad is not there */
                /* the seal on both ends of the log is not ours: records before or after may be
                 * missing */
                AUDIT_UNSEALED,
        } fault;
        int64_t bad;
        uint64_t n; /* records looked at */
        /* where to go on; 0: that was the end */
        int64_t next;
};

/**
 * store_audit_begin(writer, now):
 * Begins the log of a store that was never used, with the record that says so. Only code that knows
 * that the store is new may call it: a log that was wiped looks the same. Until then the log counts
 * as broken. Returns 1; 0 when the log has begun before; -ENOKEY; an error of the store.
 */
int store_audit_begin(struct store *writer, int64_t now) _must_check_;

/**
 * store_audit_add(writer, record):
 * Adds a record, in the transaction of the change that it reports. Its seq is ignored.
 * Returns 0; -ENOKEY without a seal; an error of the store. When it fails, do not commit the change
 * either.
 */
int store_audit_add(struct store *writer, const struct audit_record *record) _must_check_;

/**
 * store_audit_each(writer, filter, most, visit, userdata, ret_next):
 * Visits the records that ${filter} lets pass, in order of seq or in reverse. Ends when it has
 * looked at ${most} records, whether they passed or not, and when ${visit} returns positive.
 * ${ret_next} is where to go on (filter.after), or 0 at the end of the log. Returns 0; what
 * ${visit} returned when that is negative; an error of the store.
 */
int store_audit_each(struct store *writer, const struct audit_filter *filter, size_t most,
                     int (*visit)(const struct audit_record *record, void *userdata),
                     void *userdata, int64_t *ret_next) _must_check_;

/**
 * store_audit_start(filter): the number behind which, or before which, ${filter} begins.
 */
int64_t store_audit_start(const struct audit_filter *filter);

/**
 * store_audit_passes(filter, record): whether ${filter} lets ${record} pass. after does not count.
 */
bool store_audit_passes(const struct audit_filter *filter, const struct audit_record *record);

/**
 * store_audit_each_sealed(writer, after, most, visit, userdata): visits at most ${most} records
 * behind ${after}, each with the seal that is stored with it, until ${visit} returns positive.
 * Checks no seal. A record that cannot be read is left out. 0; what ${visit} returned when that is
 * negative; an error of the store.
 */
int store_audit_each_sealed(struct store *writer, int64_t after, size_t most,
                            int (*visit)(const struct audit_record *record,
                                         const uint8_t seal[static RECORD_DIGEST_LEN],
                                         void *userdata),
                            void *userdata) _must_check_;

/**
 * store_audit_head(writer, ret): the seq of the last record, 0 when there is none. 0, or an
 * error of the store.
 */
int store_audit_head(struct store *writer, int64_t *ret) _must_check_;

/* A record, and its seal, which depends on all records before it. */
struct audit_mark {
        int64_t seq;
        uint8_t hash[RECORD_DIGEST_LEN];
};

/**
 * store_audit_mark(writer, seq, ret):
 * The mark of the record ${seq}, or of the last one for 0. Returns 0; -ENOENT when there is no such
 * record; -ENODATA when it was purged; -EBADMSG for the last one of a log whose seal is broken;
 * -ENOKEY; an error of the store.
 */
int store_audit_mark(struct store *writer, int64_t seq, struct audit_mark *ret) _must_check_;

/**
 * store_audit_purge(writer, until, now, most):
 * Removes the oldest records, up to the first one that lasted longer than ${until}, at most
 * ${most}. Inside a transaction. A record from the time after ${now} goes with the first of these
 * that was written after it, and is not counted.
 * Returns how many; -ENOKEY; an error of the store.
 */
int store_audit_purge(struct store *writer, int64_t until, int64_t now, int64_t most) _must_check_;

/**
 * store_audit_verify(writer, after, most, ret):
 * Checks at most ${most} records behind the one with the seq ${after} (0: from the oldest). Begin
 * with 0 and go on with ret.next, so that a long log does not block other jobs. Returns 0: then
 * ${ret} has the verdict; -ENOKEY; an error of the store.
 */
int store_audit_verify(struct store *writer, int64_t after, size_t most,
                       struct audit_check *ret) _must_check_;

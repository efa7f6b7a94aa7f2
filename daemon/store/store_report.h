/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host reports to the issuing hosts of its fleet: how far it is, the report that is on
 * its way, and which keys of the fleet were used since. Errors are those of store.h. */
#pragma once

#include "store/store_audit.h"
#include "store/store_fleet.h"

/* bytes of a whole report */
#define STORE_REPORT_MAX 540672

struct store_report {
        uint8_t fleet[STORE_FLEET_PUBLIC_LEN];
        char host[STORE_FLEET_HOST_MAX + 1];
        /* of the last report that the database has; 0: none */
        int64_t number;
        uint8_t hash[RECORD_HASH_LEN];
        int64_t stored_at; /* UNIX seconds; 0: never */
        /* the last record of the audit log that was reported, and its seal */
        struct audit_mark mark;
        /* the whole log up to this record was looked at since the last look began */
        int64_t checked;
};

/**
 * store_report_get(s, ret), store_report_put(writer, report): the latter inside a transaction. What
 * is on its way stays. 0; -ENOENT when this host was in no fleet yet; an error of the store.
 */
int store_report_get(struct store *s, struct store_report *ret) _must_check_;
int store_report_put(struct store *writer, const struct store_report *report) _must_check_;

/**
 * store_report_pending(s, ret, ret_len): the report that is on its way, which the caller frees. 0;
 * -ENOENT when there is none; -ENOMEM; an error of the store.
 * store_report_set_pending(writer, frame, len): inside a transaction; no bytes: none. 0, or an
 * error of the store.
 */
int store_report_pending(struct store *s, uint8_t **ret, size_t *ret_len) _must_check_;
int store_report_set_pending(struct store *writer, const uint8_t *frame, size_t len) _must_check_;

/**
 * store_report_each_use(writer, most, visit, userdata): the last use of each key of the fleet that
 * was used since it was reported; count has all its uses on this host. 0; what ${visit} returned
 * when that is negative; an error of the store.
 * store_report_drop_used(writer, id): it is reported, inside a transaction. 0, or an error of the
 * store.
 */
int store_report_each_use(struct store *writer, size_t most,
                          int (*visit)(const struct key_use *use, void *userdata),
                          void *userdata) _must_check_;
int store_report_drop_used(struct store *writer, const char *id) _must_check_;

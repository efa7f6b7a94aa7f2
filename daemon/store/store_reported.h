/* SPDX-License-Identifier: BSD-2-Clause */
/* What an issuing host was told by the hosts of its fleet: how far each one is, its audit log, and
 * when it has last used which key. Errors are those of store.h. */
#pragma once

#include "store/store_audit.h"
#include "store/store_fleet.h"

/* Records of one host that are kept. Further ones are not, so that a host that floods its log does
 * not push out what it has said before. */
#define STORE_REPORTED_MAX 500000
/* and of all hosts, so that nobody fills the disk of an issuing host with many of them. One half is
 * for those that come first. Of the other one each host can have its share alone, so that nobody
 * keeps the others out. */
#define STORE_REPORTED_ALL_MAX 10000000

/* What is wrong with the reports of a host. Values are in the store and in reports: never
 * renumber. */
enum store_reported_fault {
        REPORTED_RIGHT = 0,
        /* as the host itself has found its log: see enum audit_fault */
        REPORTED_ALTERED = 1,
        REPORTED_LACKS = 2,
        REPORTED_UNSEALED = 3,
        /* a report does not follow the one before */
        REPORTED_FORKED = 4,
        REPORTED_MISSING = 5, /* reports or records have not come */
        /* the log is not the one that was reported */
        REPORTED_REWRITTEN = 6,
        /* too many records: not all are kept */
        REPORTED_FULL = 7,
        REPORTED_UNREADABLE = 8,
        _REPORTED_MAX,
};

struct store_reported {
        char host[STORE_FLEET_HOST_MAX + 1];
        uint8_t key[STORE_FLEET_PUBLIC_LEN]; /* that signs its reports */
        /* counted up when its audit log begins anew */
        int64_t chain;
        /* of its last report */
        int64_t number;
        uint8_t hash[RECORD_HASH_LEN];
        /* UNIX seconds: by its clock, by ours */
        int64_t signed_at, taken_at;
        /* the last record that it has reported, and the last one that its log had then */
        struct audit_mark mark;
        int64_t last;
        int64_t records; /* that are kept */
        /* The first fault since an administrator has seen to it. */
        enum store_reported_fault fault;
        int64_t fault_at, fault_number, fault_seq;
};

/* One record of a host. */
struct store_reported_record {
        int64_t place; /* in the order in which they came */
        char host[STORE_FLEET_HOST_MAX + 1];
        struct audit_record record;
};

/* The last use of a key on a host. */
struct store_reported_use {
        char host[STORE_FLEET_HOST_MAX + 1];
        struct key_use use;
};

/**
 * store_reported_get(s, host, ret), store_reported_put(writer, reported): the latter inside a
 * transaction. 0; -ENOENT; an error of the store.
 * store_reported_each(s, visit, userdata): all hosts that have reported, by name, also those that
 * are in the fleet no more. 0; what ${visit} returned; an error of the store.
 */
int store_reported_get(struct store *s, const char *host, struct store_reported *ret) _must_check_;
int store_reported_put(struct store *writer, const struct store_reported *reported) _must_check_;

/**
 * store_reported_room(s, host, ret): how many records the host can have now, as long as no other
 * host gets any. 0, or an error of the store.
 */
int store_reported_room(struct store *s, const char *host, int64_t *ret) _must_check_;
int store_reported_each(struct store *s,
                        int (*visit)(const struct store_reported *reported, void *userdata),
                        void *userdata) _must_check_;

/**
 * store_reported_each_all(s, visit, userdata): the same, and also the hosts of the fleet that have
 * not reported; their number is 0.
 * store_reported_each_number(s, visit, userdata): the number of the last report of each host of the
 * fleet, with the key that it has now.
 */
int store_reported_each_all(struct store *s,
                            int (*visit)(const struct store_reported *reported, void *userdata),
                            void *userdata) _must_check_;
int store_reported_each_number(struct store *s,
                               int (*visit)(const char *host, int64_t number, void *userdata),
                               void *userdata) _must_check_;

/**
 * store_reported_add(writer, reported, record, seal, now): keeps a record of the host, inside a
 * transaction. 1; 0 when it was there as it is; -EEXIST when another one is there with that number,
 * which stays; an error of the store.
 */
int store_reported_add(struct store *writer, const struct store_reported *reported,
                       const struct audit_record *record,
                       const uint8_t seal[static RECORD_DIGEST_LEN], int64_t now) _must_check_;

/**
 * store_reported_add_login(writer, reported, seq, uid): inside a transaction: the record ${seq} of
 * the host came with a login uid, unless it has one. 0, or an error of the store.
 */
int store_reported_add_login(struct store *writer, const struct store_reported *reported,
                             int64_t seq, uid_t uid) _must_check_;

/**
 * store_reported_list(s, host, filter, most, visit, userdata, ret_next): as store_audit_each(), of
 * the records of ${host}, or of all for NULL. filter->after and ${ret_next} are places.
 */
int store_reported_list(struct store *s, const char *host, const struct audit_filter *filter,
                        size_t most,
                        int (*visit)(const struct store_reported_record *record, void *userdata),
                        void *userdata, int64_t *ret_next) _must_check_;

/**
 * store_reported_use(writer, host, use): inside a transaction. A key that this host does not know,
 * or that is of no group of ${host}, is ignored. 0, or an error of the store.
 * store_reported_each_use(s, id, visit, userdata): of one key, by host. 0; what ${visit} returned;
 * an error of the store. store_reported_last_use(s, id, ret): the time of the last use that any
 * host has reported, or 0. 0, or an error of the store.
 */
int store_reported_use(struct store *writer, const char *host,
                       const struct key_use *use) _must_check_;
int store_reported_each_use(struct store *s, const char *id,
                            int (*visit)(const struct store_reported_use *use, void *userdata),
                            void *userdata) _must_check_;
int store_reported_last_use(struct store *s, const char *id, int64_t *ret) _must_check_;

/**
 * store_reported_purge(writer, until, most): removes the oldest records that came until then, at
 * most ${most}, inside a transaction. How many that were, or an error of the store.
 */
int store_reported_purge(struct store *writer, int64_t until, int64_t most) _must_check_;

/**
 * store_reported_sum(s, now, ret): 0, or an error of the store.
 */
struct store_reported_sum {
        uint64_t hosts, silent,
                /* of the fleet; without a report for an hour; with a fault */
                wrong;
        /* one that is wrong, else one that is silent */
        char example[STORE_FLEET_HOST_MAX + 1];
};
#define STORE_REPORTED_SILENT_S 3600
int store_reported_sum(struct store *s, int64_t now, struct store_reported_sum *ret) _must_check_;

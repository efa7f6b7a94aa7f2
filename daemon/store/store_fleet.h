/* SPDX-License-Identifier: BSD-2-Clause */
/* What a host knows of its fleet: its name there, how far it has followed the logs of its groups,
 * and which issuers it believes. Errors are those of store.h. */
#pragma once

#include "store/store.h"

#define STORE_FLEET_HOST_MAX 48 /* bytes in a host's name */
/* bytes in libpq's connection string */
#define STORE_FLEET_DATABASE_MAX 1023
#define STORE_FLEET_PUBLIC_LEN   32
/* so many keys that are not believed any more a snapshot tells of */
#define STORE_FLEET_DROPPED_MAX 1000

/* This host's place in a fleet. */
struct store_fleet {
        uint8_t id[STORE_FLEET_PUBLIC_LEN];
        char host[STORE_FLEET_HOST_MAX + 1];
        bool issuing;
        char database[STORE_FLEET_DATABASE_MAX + 1];
        uint32_t pepper_id; /* of the fleet's keys */
        /* The last change of the group of all hosts when this host was invited. 0: not known, or
         * it has begun the fleet. */
        int64_t invited;
};

/* A group that this host is in. */
struct store_fleet_group {
        char name[RECORD_GROUP_MAX + 1];
        /* of the last change that was applied; 0: none */
        int64_t number;
        uint8_t hash[RECORD_HASH_LEN];
};

struct store_fleet_issuer {
        uint8_t public[STORE_FLEET_PUBLIC_LEN];
        char host[STORE_FLEET_HOST_MAX + 1];
        /* What is known of the issuer's clock in the boot of the fleet's clock: see fleet_state.h.
         * 0: nothing. A negative number was heard before that boot alone, and what it was ahead by
         * is calculated; INT64_MIN: not known. */
        int64_t clock, ahead_ms;
        /* fleet_age_issuer(), in the same boot; 0: not known */
        int64_t stated_ms;
};

/* the names of all groups that there can be in a fleet, with blanks between them */
#define STORE_FLEET_GROUPS_LEN (64 * (RECORD_GROUP_MAX + 1))

struct store_fleet_host {
        char name[STORE_FLEET_HOST_MAX + 1];
        /* It signs with the first, when it issues. Others seal for the second. */
        uint8_t issuer[STORE_FLEET_PUBLIC_LEN];
        uint8_t recipient[STORE_FLEET_PUBLIC_LEN];
        char groups[STORE_FLEET_GROUPS_LEN];
};

/* A revocation that the database has not heard of. */
struct store_fleet_revocation {
        char id[KEYTEXT_ID_LEN + 1];
        int64_t at;
        char reason[RECORD_REASON_MAX + 1];
};

/* When the state was last known to be current. */
struct store_fleet_clock {
        char boot[40]; /* the id of the boot */
        /* seconds of CLOCK_BOOTTIME of that boot */
        int64_t current_at;
        /* UNIX seconds, of the same moment; 0: never */
        int64_t wall_at;
        /* What this host has signed by: see fleet_age.c. */
        int64_t sign_ahead_ms, sign_clock, signed_at_ms;
};

/**
 * store_fleet_get(s, ret), store_fleet_put(writer, fleet), store_fleet_forget(writer):
 * The latter two inside a transaction. Forgetting deletes all of this, and the fleet's keys. What
 * this host has signed by stays: its signing key can be in a fleet again. 0;
 * -ENOENT when this host is in no fleet; an error of the store.
 */
int store_fleet_get(struct store *s, struct store_fleet *ret) _must_check_;
int store_fleet_put(struct store *writer, const struct store_fleet *fleet) _must_check_;
int store_fleet_forget(struct store *writer) _must_check_;

/**
 * store_fleet_is_on_disk(writer): what was committed last outlasts a power cut: see
 * store_begin_lazily() and store_settle().
 */
bool store_fleet_is_on_disk(const struct store *writer);

/**
 * store_fleet_each_group(), store_fleet_each_issuer(), store_fleet_each_host(),
 * store_fleet_each_revocation(): by name; revocations by time. 0, what ${visit} returned, or an
 * error of the store.
 */
int store_fleet_each_group(struct store *s,
                           int (*visit)(const struct store_fleet_group *group, void *userdata),
                           void *userdata) _must_check_;
int store_fleet_each_issuer(struct store *s,
                            int (*visit)(const struct store_fleet_issuer *issuer, void *userdata),
                            void *userdata) _must_check_;
int store_fleet_each_host(struct store *s,
                          int (*visit)(const struct store_fleet_host *host, void *userdata),
                          void *userdata) _must_check_;
int store_fleet_each_revocation(struct store *s,
                                int (*visit)(const struct store_fleet_revocation *revocation,
                                             void *userdata),
                                void *userdata) _must_check_;

/**
 * store_fleet_get_host(s, name, ret): 0; -ENOENT; an error of the store.
 */
int store_fleet_get_host(struct store *s, const char *name,
                         struct store_fleet_host *ret) _must_check_;

/**
 * store_fleet_put_group(writer, group), store_fleet_put_issuer(writer, issuer),
 * store_fleet_put_host(writer, host), store_fleet_put_revocation(writer, revocation):
 * Write one, in the place of one with that name, inside a transaction. A host without groups is
 * deleted. What is known of an issuer's clock stays. store_fleet_put_issuer_clock(writer, issuer)
 * writes that alone. 0, or an error of the store.
 */
int store_fleet_put_group(struct store *writer, const struct store_fleet_group *group) _must_check_;
int store_fleet_put_issuer(struct store *writer,
                           const struct store_fleet_issuer *issuer) _must_check_;
int store_fleet_put_issuer_clock(struct store *writer,
                                 const struct store_fleet_issuer *issuer) _must_check_;
int store_fleet_put_host(struct store *writer, const struct store_fleet_host *host) _must_check_;
int store_fleet_put_revocation(struct store *writer,
                               const struct store_fleet_revocation *revocation) _must_check_;

/**
 * store_fleet_note_revoked(writer, key): a key was revoked here without a change of the fleet. If
 * it is the fleet's, an issuing host tells the others, and a member when it issues one day. Inside
 * a transaction. 0, or an error of the store.
 */
int store_fleet_note_revoked(struct store *writer, const struct key_record *key) _must_check_;

/**
 * store_fleet_join_group(writer, group): this host is in a group that it knows nothing of yet.
 * Nobody knows any more how old its state is. Inside a transaction. 0, or an error of the store.
 * store_fleet_leave_group(writer, name): this host is not in the group any more. Keys of it that
 * are for no other group of this host are deleted, but for those whose revocation waits: the row
 * tells it when this host issues again. Inside a transaction. 0, or an error of the store.
 */
int store_fleet_join_group(struct store *writer,
                           const struct store_fleet_group *group) _must_check_;
int store_fleet_leave_group(struct store *writer, const char *name) _must_check_;

/**
 * store_fleet_drop_issuer(writer, public), store_fleet_drop_revocation(writer, id): inside a
 * transaction. 0, or an error of the store.
 */
int store_fleet_drop_issuer(struct store *writer,
                            const uint8_t public[static STORE_FLEET_PUBLIC_LEN]) _must_check_;
int store_fleet_drop_revocation(struct store *writer, const char *id) _must_check_;

/**
 * store_fleet_note_dropped(writer, public, number): the change ${number} of the group of all hosts
 * has dropped this issuer, inside a transaction. That is kept also when it is trusted again.
 * store_fleet_dropped(s, public, ret): the number of the last change that did; 0: none. Both 0, or
 * an error of the store. store_fleet_each_dropped(): the ${STORE_FLEET_DROPPED_MAX} that were
 * dropped last, as the others.
 */
int store_fleet_note_dropped(struct store *writer,
                             const uint8_t public[static STORE_FLEET_PUBLIC_LEN],
                             int64_t number) _must_check_;
int store_fleet_dropped(struct store *s, const uint8_t public[static STORE_FLEET_PUBLIC_LEN],
                        int64_t *ret) _must_check_;
int store_fleet_each_dropped(struct store *s,
                             int (*visit)(const uint8_t public[static STORE_FLEET_PUBLIC_LEN],
                                          int64_t number, void *userdata),
                             void *userdata) _must_check_;

/**
 * store_fleet_drop_all(writer): a snapshot begins that has all hosts and issuers, and all policies
 * of the fleet. Issuers go now, hosts as the pages come (store_fleet_drop_hosts).
 * store_fleet_has_all(writer): it has ended. Policies go that have not come: they were lost with a
 * database. Both inside a transaction. 0, or an error of the store.
 */
int store_fleet_drop_all(struct store *writer) _must_check_;
int store_fleet_has_all(struct store *writer) _must_check_;

/**
 * store_fleet_epoch(s, inout): the epoch of a key of the fleet that is made now, where that of the
 * policies is ${inout}. It grows with the log of all hosts. So it is above all that was lost when
 * the fleet goes on from an older state. 0, or an error of the store.
 */
int store_fleet_epoch(struct store *s, int64_t *inout) _must_check_;

/**
 * store_fleet_bound_epoch(writer, number): what was said up to the change ${number} of the log of
 * all hosts cannot have brought the epoch of the policies further than that change. Inside a
 * transaction. 0, or an error of the store.
 */
int store_fleet_bound_epoch(struct store *writer, int64_t number) _must_check_;

/**
 * store_fleet_epoch_waits(s): whether all keys of the fleet were removed, and the fleet has
 * forgotten that: what came of it is older than what this host knows. 1 or 0, or an error of the
 * store.
 */
int store_fleet_epoch_waits(struct store *s) _must_check_;

/**
 * store_fleet_drop_hosts(writer, after, before): the hosts whose names are between these two; "":
 * to the end. Inside a transaction. 0, or an error of the store.
 */
int store_fleet_drop_hosts(struct store *writer, const char *after,
                           const char *before) _must_check_;

/**
 * store_fleet_get_clock(s, ret), store_fleet_put_clock(writer, clock): the latter inside a
 * transaction. 0; -ENOENT; an error of the store.
 */
int store_fleet_get_clock(struct store *s, struct store_fleet_clock *ret) _must_check_;
int store_fleet_put_clock(struct store *writer, const struct store_fleet_clock *clock) _must_check_;

/**
 * store_fleet_age(s, now_s): how many seconds ago, by CLOCK_BOOTTIME, the fleet's keys were last
 * known to be current; INT64_MAX: that is not known. Any thread may ask.
 */
int64_t store_fleet_age(const struct store *s, int64_t now_s);

/**
 * store_fleet_keys(s, ret): how many keys of the fleet there are. 0, or an error of the store.
 */
int store_fleet_keys(struct store *s, uint64_t *ret) _must_check_;

/**
 * store_fleet_sum(s, ret): what metrics and doctor say of the fleet, in few numbers. 0; -ENOENT
 * when this host is in no fleet; an error of the store.
 */
struct store_fleet_sum {
        uint64_t keys;
        uint64_t waiting; /* revocations in the outbox */
};
int store_fleet_sum(struct store *s, struct store_fleet_sum *ret) _must_check_;

/**
 * store_fleet_need_pepper(writer, pepper_id): keys may be digested with that pepper, inside a
 * transaction. 0, or an error of the store.
 */
int store_fleet_need_pepper(struct store *writer, uint32_t pepper_id) _must_check_;

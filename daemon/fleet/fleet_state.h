/* SPDX-License-Identifier: BSD-2-Clause */
/* The state that the files of this room share. For fleet_*.c alone. */
#pragma once

#include "fleet/fleet_body.h"
#include "secret/frame.h"
#include "store/store_bulk.h"

/* A snapshot whose first pages were taken. */
struct fleet_taking {
        int64_t number;
        uint8_t hash[FRAME_HASH_LEN];   /* of the change with that number */
        uint8_t page[FRAME_HASH_LEN];   /* of the last page */
        uint32_t index;                 /* of the next page */
        char after[KEYTEXT_ID_LEN + 1]; /* the last id so far */
        uint64_t gone;                  /* keys */
        /* Keys that this host did not have, and all keys. When most are new, further ones go beside
         * the store in use; NULL: there are none, or an import has come between. */
        uint64_t fresh, seen;
        struct store_bulk *bulk; /* owned */
        bool beside;             /* some have gone there */
        bool owners;             /* of some that may not be known */
        bool ended;              /* the last page was taken */
        /* the last host so far */
        char host[STORE_FLEET_HOST_MAX + 1];
};

struct fleet_member {
        struct store_fleet_group group;
        struct fleet_taking *taking; /* owned; NULL: none */
        uint8_t key[FRAME_KEY_LEN];
        /* Milliseconds since the boot: the newest statement about this group was signed then. */
        int64_t current_ms;
        /* The last change that the transaction under way has applied. It counts for the age when
         * that is committed. */
        bool pending;
        struct frame_head pending_head;
        /* The same of each issuer, in the order of the issuers: it has said then that there is
         * nothing newer. Where it has said nothing yet, when this host began to listen. */
        int64_t stated_ms[FLEET_ISSUERS_MAX];
        /* When each issuer has last signed something that belongs to the history of this host, by
         * which of its clocks; 0: not since this daemon began. */
        uint32_t signed_clock[FLEET_ISSUERS_MAX];
        int64_t signed_at_ms[FLEET_ISSUERS_MAX];
        /* the issuing host that has stated another history with this number; "": none */
        char fork[STORE_FLEET_HOST_MAX + 1];
        /* number and hash of the last frame that this host has signed for the log, and whether
         * what was applied with this number was that frame */
        int64_t own_number;
        uint8_t own[FRAME_HASH_LEN];
        bool own_there;
};

struct fleet_trusted {
        struct store_fleet_issuer issuer;
        /* The least that our clock was ahead of the issuer's, in milliseconds. That is what is
         * known of the way between them. */
        bool heard;
        /* its number, also when that was heard before this boot alone */
        uint32_t clock;
        int64_t ahead_ms;
        /* By how much the statement that ahead_ms is of was late, as the wall clocks say. */
        int64_t late_ms;
        /* from before this boot: how much our wall clock is ahead of the clock that it signs by */
        bool skew_known;
        int64_t skew_ms;
        /* By how much what was heard in this boot is later than that, for all that is known. The
         * wall clocks may be wrong by so much, or it was withheld. */
        int64_t doubt_ms;
};

/* Invariant: nothing else is valid while joined is not set, but what remembers says. */
struct fleet {
        int dir;
        struct keymint *keymint;
        bool joined;
        /* What this host is could not be read. It is not known whether it is in a fleet. */
        bool unread;
        /* Groups and issuers are those of the last state that could be read. What was heard of
         * them holds when it can be read again. */
        bool remembers;
        struct store_fleet self;
        /* The beginning of a frame whose end has not come yet. One at a time, of whatever group:
         * fleetd must not fill the memory with them. Owned. */
        uint8_t *part;
        size_t part_len, part_size;
        char part_group[FRAME_GROUP_MAX + 1];
        size_t n_groups, n_issuers;
        struct fleet_member groups[FLEET_GROUPS_MAX];
        struct fleet_trusted issuers[FLEET_ISSUERS_MAX];
        /* when all groups were last known to be current; INT64_MIN: not known */
        int64_t current_ms;
        int64_t clock_kept_ms; /* when the store was told */
        /* of this host as an issuer: what is added to our clock, and its number */
        int64_t sign_ahead_ms;
        uint32_t sign_clock;
        /* by clock_boot_ms(): when the next report is due (0: not known yet), and until when the
         * one that failed waits */
        int64_t report_at_ms, report_failed_ms;
        /* so many new keys in a snapshot are the first of a great number */
        uint64_t many;
        /* a report that comes; owned; NULL: none */
        struct fleet_intake *intake;
};

#define FLEET_UNKNOWN INT64_MIN

/**
 * fleet_find_group(f, name), fleet_find_issuer(f, public): NULL when there is none.
 */
struct fleet_member *fleet_find_group(struct fleet *f, const char *name);
struct fleet_trusted *fleet_find_issuer(struct fleet *f,
                                        const uint8_t public[static SEAL_PUBLIC_LEN]);

/**
 * fleet_host_issues(f, host): whether it is an issuing host, by its name and by its key: a host can
 * have said that another one's key is its own.
 */
bool fleet_host_issues(struct fleet *f, const struct store_fleet_host *host);

/**
 * fleet_key_name(group, out): the name of the file with the group's key.
 */
#define FLEET_KEY_NAME_LEN (sizeof("fleet-.key") + FRAME_GROUP_MAX)
const char *fleet_key_name(const char *group, char out[static FLEET_KEY_NAME_LEN]);

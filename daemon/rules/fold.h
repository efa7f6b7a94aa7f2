/* SPDX-License-Identifier: BSD-2-Clause */
/* What verifications and refused calls leave for the audit log, until it is written. The first
 * of its kind is due at once. Later ones like it are folded into one record with a count. The
 * size is fixed, and no uid can fill it for the others. Pure: it is told the time.
 *
 * Two are alike when they have the same asking uid, login uid, door, event, reason and service, and
 * the same key if that key exists. Accepted logins must have the same source as well: else who has
 * stolen a key would be one of the owner's many logins. Only what is beyond the share of sources is
 * folded without regard to them, with the last one shown. So a source is hidden only behind
 * hundreds of others that are all written, and that the owner did not make. Ids of no key do not
 * count, because a client that guesses can make any number of them. What a uid does beyond its
 * share is folded into one record that says only how often. A service asks for everybody: the owner
 * of many keys cannot fill its share. An entry is kept for the first event of each uid, so that
 * others cannot have it counted as one of several. */
#pragma once

#include "record_audit.h"

#define FOLD_ENTRIES_MAX 4096
/* of these, for uid 0: it asks for sshd */
#define FOLD_ROOT_SHARE 2048
/* of these, for the rest beyond the shares */
#define FOLD_REST_SHARE 256
/* For any other uid below 65536, about keys that exist: as long as others leave so many. Of what a
 * uid has, the owner of a key gets no more than what is left then. */
#define FOLD_KNOWN_MAX 512
/* for any uid, about ids of no key: guesses never take the place of a key */
#define FOLD_UNKNOWN_MAX 32
#define FOLD_UIDS_MAX    256
/* Besides, for the sources of accepted logins: for root, and as many for all other uids. An owner,
 * and any uid but root, gets no more than what is left then: an owner has 1024 where no other has
 * many. */
#define FOLD_SOURCES_SHARE 2048
/* for a uid above 65535, about keys that exist; for its block (share.h), and of how many uids */
#define FOLD_RANGE_KNOWN_MAX 128
#define FOLD_RANGE_MAX       256
#define FOLD_RANGE_UIDS_MAX  64

/* how long refusals that are alike are gathered; this doubles each time there are more ... */
#define FOLD_REFUSED_S  60
#define FOLD_LONGEST_S  960 /* ... up to this */
#define FOLD_ACCEPTED_S 600
/* But at least so long for each other kind of the same uid, or of the same owner where root asks.
 * So a uid leaves a row in 90 s, about 1000 in a day, whatever it invents. A block of uids
 * (share.h) has no more. */
#define FOLD_SPREAD_S 90
/* after so long without another one, the next counts as the first */
#define FOLD_FORGET_S 3600

struct fold;

/**
 * fold_new(ret): 0; -ENOMEM; -EIO without a random seed. fold_free() loses what was not taken.
 */
int fold_new(struct fold **ret) _must_check_;
struct fold *fold_free(struct fold *f);

/**
 * fold_note(f, record, now): adds ${record}, which happened at ${now} (UNIX seconds). Ignores its
 * seq, times and count. Always finds a place.
 */
void fold_note(struct fold *f, const struct audit_record *record, int64_t now);

/**
 * fold_take(f, now, all, out, most):
 * Moves the records that are due at ${now}, or ${all} records, to ${out}, at most ${most} of them.
 * The others wait for the next call. Returns how many it moved.
 */
size_t fold_take(struct fold *f, int64_t now, bool all, struct audit_record *out, size_t most);

/**
 * fold_repeats(f, now, out, most):
 * Tells what is being gathered and is not due at ${now}, at most ${most} kinds: the last event of
 * each kind, with how many there were since the last call as its count. Takes nothing away. Returns
 * how many kinds.
 */
size_t fold_repeats(struct fold *f, int64_t now, struct audit_record *out, size_t most);

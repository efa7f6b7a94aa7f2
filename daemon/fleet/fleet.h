/* SPDX-License-Identifier: BSD-2-Clause */
/* What this host is in its fleet. Runs on the writer thread. FLEET has the byte tables. */
#pragma once

#include "secret/keymint.h"
#include "store/store_fleet.h"

#define FLEET_GROUP_ALL   "all" /* every host is in it */
#define FLEET_GROUPS_MAX  64    /* that one host is in */
#define FLEET_ISSUERS_MAX 32

struct fleet;

/**
 * fleet_new(ret, dir, keymint): ${dir} is the state directory. Both are borrowed. 0; -ENOMEM.
 */
int fleet_new(struct fleet **ret, int dir, struct keymint *keymint) _must_check_;
struct fleet *fleet_free(struct fleet *f);

/**
 * fleet_load(f, writer): reads from the store and the state directory what this host is: at the
 * start, and after each change of that. 0; an error of the store or of a file. After an error this
 * host takes no part in its fleet until a later call succeeds: it is in no fleet that it could
 * change or leave alone, and the fleet's keys are unavailable. The log has the error.
 */
int fleet_load(struct fleet *f, struct store *writer) _must_check_;

/**
 * fleet_is_unread(f): whether the last fleet_load() has failed.
 */
bool fleet_is_unread(const struct fleet *f);

/**
 * fleet_absence(f): the error of a host that takes no part in a fleet: -ENOLINK when it is in none,
 * -EHOSTDOWN when that cannot be read.
 */
int fleet_absence(const struct fleet *f);

/**
 * fleet_self(f): this host's place, or NULL when it is in no fleet. Borrowed until the next
 * fleet_load().
 */
const struct store_fleet *fleet_self(const struct fleet *f);

/**
 * fleet_group(f, i): the ${i}th group that this host is in, by name; NULL behind the last. Borrowed
 * likewise.
 */
const struct store_fleet_group *fleet_group(const struct fleet *f, size_t i);

/**
 * fleet_issuer(f, i): the ${i}th issuing host that this host believes; NULL behind the last.
 * Borrowed likewise.
 */
const struct store_fleet_issuer *fleet_issuer(const struct fleet *f, size_t i);

/**
 * fleet_has_group(f, name), fleet_is_name(text): whether this host is in the group; whether ${text}
 * may be the name of a group: a letter, then letters, digits and hyphens, all small.
 */
bool fleet_has_group(const struct fleet *f, const char *name);
bool fleet_is_name(const char *text);

/**
 * fleet_refusal(r): a sentence for an error of this room's functions; NULL for an error of the
 * store. Static storage.
 */
const char *fleet_refusal(int r);

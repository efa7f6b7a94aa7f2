/* SPDX-License-Identifier: BSD-2-Clause */
/* How old this host's state of the fleet is. Issuing hosts sign statements that there is nothing
 * newer. A host compares how their clock goes with how its own clock goes (CLOCK_BOOTTIME), so it
 * does not matter what the clocks show. Runs on the writer thread. */
#pragma once

#include "fleet/fleet.h"
#include "secret/frame.h"

/**
 * fleet_age_restore(f, writer): goes on from what was known when the daemon ended. After a reboot
 * the wall clock says how long that has been. 0, or an error of the store.
 */
int fleet_age_restore(struct fleet *f, struct store *writer) _must_check_;

/**
 * fleet_age_note(f, head): an issuer has stated the head of a group, and this host has all up to
 * that. The signature was checked.
 */
void fleet_age_note(struct fleet *f, const struct frame_head *head);

/**
 * fleet_age_note_later(f, head), fleet_age_settle(f, committed): the same for a change that is
 * applied in a transaction under way; and at its end. What was rolled back makes nothing current.
 */
void fleet_age_note_later(struct fleet *f, const struct frame_head *head);
void fleet_age_settle(struct fleet *f, bool committed);

/**
 * fleet_age_current(f): when the state of all groups was last known to be current, in milliseconds
 * of clock_boot_ms(). INT64_MIN: that is not known.
 */
int64_t fleet_age_current(const struct fleet *f);

/**
 * fleet_age_issuer(f, i): when the ${i}th issuer has last said of all groups that there is nothing
 * newer than what this host has, likewise; or when this host began to listen to it. Nothing is
 * refused by this: a single issuing host that is down would close the fleet.
 * fleet_age_silent(f, ret_i): the same of the one that was silent for longest, and which it is.
 * INT64_MAX: there is none.
 */
int64_t fleet_age_issuer(const struct fleet *f, size_t i);
int64_t fleet_age_silent(const struct fleet *f, size_t *ret_i);

/**
 * fleet_age_sum(f): the groups that this host is in have changed. How old all of them are together
 * is known when something was heard of each.
 */
void fleet_age_sum(struct fleet *f);

/**
 * fleet_age_keep(f, writer, force): has the store remember it, when a minute has passed since or
 * ${force} says so. In a transaction of its own. fleet_age_put(f, writer): at once, inside a
 * transaction. 0, or an error of the store.
 */
int fleet_age_put(const struct fleet *f, struct store *writer) _must_check_;
int fleet_age_keep(struct fleet *f, struct store *writer, bool force) _must_check_;

/**
 * fleet_age_take(f, in, len): takes statements, one after the other. Those of groups that this host
 * is not in, or that are about another change than its last one, count for nothing. 0; -EBADMSG;
 * -EMEDIUMTYPE; -EPROTONOSUPPORT; -ENOLINK; -ESTALE when this host's state is another than that of
 * the issuer, with the same number.
 */
int fleet_age_take(struct fleet *f, const uint8_t *in, size_t len) _must_check_;

/**
 * fleet_age_is_void(f, head): whether a page of a snapshot with a larger number than this host has
 * is of a history that never came to be: an hour after its issuer had signed it, the issuer has
 * signed something of the history that this host has.
 */
bool fleet_age_is_void(struct fleet *f, const struct frame_head *head);

/**
 * fleet_age_fork(f, ret_host): the name of a group of which an issuing host has stated another
 * history with the number that this host has, and which host that is; NULL: there is none. Borrowed
 * until anything is taken.
 */
const char *fleet_age_fork(const struct fleet *f, const char **ret_host);

/**
 * fleet_age_sign_time(f): the time that this host signs by, in milliseconds of UNIX time.
 * fleet_age_may_state(f, writer): whether this host may state that there is nothing newer. Not
 * while it knows of revocations that are not in the log yet: who keeps them from it shows as age. 1
 * or 0; -ENOLINK; -EOPNOTSUPP; an error of the store. fleet_age_state(f, i, secret, out): the
 * statement about the ${i}th group. 0; -ENOLINK; -EIO.
 */
int64_t fleet_age_sign_time(const struct fleet *f);
int fleet_age_may_state(const struct fleet *f, struct store *writer) _must_check_;
int fleet_age_state(struct fleet *f, size_t i, const uint8_t secret[static SEAL_SECRET_LEN],
                    uint8_t out[static FRAME_STATE_LEN]) _must_check_;

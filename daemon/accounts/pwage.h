/* SPDX-License-Identifier: BSD-2-Clause */
/* What shadow(5) says of a password and an account, as points in time. Pure. */
#pragma once

#include <shadow.h>

#include "record.h"

/**
 * pwage_apply(sp, account):
 * Sets what the shadow entry ${sp} says of ${account}: locked, password_ends_at, closes_at. The
 * days of the fields begin at 00:00 UTC.
 *
 * The password ends with the day after sp_lstchg + sp_max. On that day login(1) first demands
 * another password. The password has ended (1) when sp_lstchg is 0, "must change at the next
 * login". It does not end without ageing: sp_max is negative or at least 99999, sp_lstchg is
 * negative, or there is no password to change. The grace period sp_inact does not prolong it.
 *
 * The account closes on the day sp_expire, and when the grace period is over, with or without a
 * password. From then on pam_unix(8) lets nobody in, with any method.
 *
 * The password is locked when there is one behind a '!' (passwd -l, usermod -L). An account that
 * never had a password ("*", "!", "!!", "!*") is not locked. Such accounts are what keys are for.
 * Source: shadow(5), passwd(1), pam_unix's check_shadow_expiry().
 */
void pwage_apply(const struct spwd *sp, struct account_record *account);

/**
 * pwage_apply_directory(sp, account):
 * The same for an entry that a directory gives. Its password may be hidden: "*" and "x" say nothing
 * of whether there is one. Where there are dates, these are of a password.
 */
void pwage_apply_directory(const struct spwd *sp, struct account_record *account);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What shadow(5) says of a password and an account, as moments. Pure. */
#pragma once

#include <shadow.h>

#include "record.h"

/**
 * pwage_apply(sp, account):
 * Sets what the shadow entry ${sp} says of ${account}: locked, password_ends_at, closes_at. The
 * field's days begin at 00:00 UTC.
 *
 * The password ends with the day after sp_lstchg + sp_max, the first on which login(1) demands
 * another one; it has ended (1) when sp_lstchg is 0, "must change at the next login". It does
 * not end where there is no ageing: sp_max negative or 99999 and more, sp_lstchg negative, or no
 * password that somebody could change. The grace period sp_inact does not prolong it.
 *
 * The account closes on the day sp_expire, and when the grace period is over, be there a
 * password or not: from then on pam_unix(8) lets nobody in, whatever the method.
 *
 * The password is locked when there is one behind a '!' (passwd -l, usermod -L). An account that
 * never had one ("*", "!", "!!", "!*") is not locked: nothing was taken from it, and such
 * accounts are what keys are for.
 * Source: shadow(5), passwd(1), pam_unix's check_shadow_expiry().
 */
void pwage_apply(const struct spwd *sp, struct account_record *account);

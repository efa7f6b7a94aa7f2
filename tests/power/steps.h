/* SPDX-License-Identifier: BSD-2-Clause */
/* Steps for life_step(), and one that is drawn. */
#pragma once

#include "life.h"

#define STEPS_NOW INT64_C(1800000000)

/**
 * steps_one(l): one of all steps, drawn with the dice of ${l}. What life_step() returns.
 */
int steps_one(struct life *l);

/**
 * steps_enable(l, what), steps_issue(l, what), steps_revoke(l, what): enabled=yes; a new key; one
 * of the keys is revoked, if it is still there. ${what} is NULL. 0, or a negative errno.
 */
int steps_enable(struct life *l, void *what);
int steps_issue(struct life *l, void *what);
int steps_revoke(struct life *l, void *what);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What is not used any more stays beside the store: a damaged one, whose place a new one takes, and
 * a log that does not belong to the database. A kill or a power loss on the way leaves the one or
 * the other in use. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "attr.h"
#include "base/error.h"

/* for the name that a damaged store gets */
#define ASIDE_LEN 48

/**
 * aside_put(dir, now, aside):
 * In the directory ${dir} the database STORE_SALVAGE_NAME becomes the store, and the store gets the
 * name ${aside}, with the time ${now}. Nobody may have either open. 0, or a negative errno.
 */
int aside_put(int dir, int64_t now, char aside[static ASIDE_LEN]) _must_check_;

/**
 * aside_forget(dir): removes what a salvage or an import has left that was killed.
 */
void aside_forget(int dir);

/**
 * aside_judge_log(dir, fd, yes, error):
 * Whether the log of the store in the directory ${dir}, which is open as ${fd}, is one of this
 * store (store_log.h). If ${yes}, and an administrator has accepted the store by the removal of
 * keys.seen, a log that is not gets another name. Otherwise nothing is changed. Returns 0, or a
 * negative errno with one sentence for the administrator in ${error}. -ESTALE: the log is not.
 * -EUCLEAN: the store is damaged, so nobody but the administrator can tell.
 */
int aside_judge_log(const char *dir, int fd, bool yes, char error[static ERROR_LEN]) _must_check_;

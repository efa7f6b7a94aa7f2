/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps what the store knows of the keys' users up to date, so that a verification need not ask
 * anybody: watches the files of this host, asks directories in helper processes, and ends the
 * keys of those who are gone. On the loop; files are read and rows are written on the writer
 * thread. */
#pragma once

#include <systemd/sd-event.h>

#include "accounts/accounts_update.h"
#include "base/conf.h"
#include "store/worker.h"

/* questions on their way at one time */
#define ACCOUNTS_ASKS_MAX 16

struct accounts;

/**
 * accounts_new(ret, event, worker, etc):
 * Begins to watch the directory ${etc} with its passwd, shadow and group, which are replaced by
 * renaming. ${etc} and ${worker} must outlive it. Returns 0, or a negative errno.
 */
int accounts_new(struct accounts **ret, sd_event *event, struct worker *worker,
                 const char *etc) _must_check_;

/**
 * accounts_stop(a): nobody is asked any more and no job submitted, and all who wait for an answer
 * are called; to be called before the worker is freed. NULL-safe.
 */
void accounts_stop(struct accounts *a);

/**
 * accounts_free(a): after the worker has been freed, and its jobs with it. NULL-safe.
 */
struct accounts *accounts_free(struct accounts *a);

/**
 * accounts_set_conf(a, conf): who administers; borrowed until the next call. Everybody is looked
 * at again.
 */
void accounts_set_conf(struct accounts *a, const struct conf *conf);

/**
 * accounts_refresh(a): looks at everybody again, directories included, and at users of whom
 * nothing is known yet.
 */
void accounts_refresh(struct accounts *a);

/**
 * accounts_source(a): what the writer thread reads accounts from, for accounts_update_look(). The
 * directory is borrowed, and lives as long as the daemon.
 */
struct accounts_source accounts_source(const struct accounts *a);

/**
 * accounts_settle(a, done, userdata):
 * accounts_refresh() with an end: ${done} is called once, from the loop and never from within this
 * call, when all who were there at the call have been looked at, or when 5 s have passed. After
 * 5 s the directories go on being asked. Returns 0; -EBUSY; a negative errno: then ${done} is not
 * called.
 */
int accounts_settle(struct accounts *a, void (*done)(void *userdata), void *userdata) _must_check_;

/**
 * accounts_ask(a, name, done, userdata):
 * Asks for one user, as a new key needs it, within 5 s. ${done} is called once, from the loop:
 * ${r} is 0 with an answer, in which the account may be gone or unknown; else a negative errno.
 * Returns 0; -EBUSY; a negative errno: then ${done} is not called.
 */
int accounts_ask(struct accounts *a, const char *name,
                 void (*done)(int r, const struct account_record *account, void *userdata),
                 void *userdata) _must_check_;

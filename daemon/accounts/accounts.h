/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps what the store knows of the owners of keys up to date, so that a verification need not ask
 * anybody. Watches the files of this host, asks directories in helper processes, and ends the keys
 * of users who are gone. Runs on the loop. The writer thread reads the files and writes the
 * rows. */
#pragma once

#include <systemd/sd-event.h>

#include "accounts/accounts_update.h"
#include "base/conf.h"
#include "store/worker.h"

/* questions on their way at one time, and users in one of them */
#define ACCOUNTS_ASKS_MAX  16
#define ACCOUNTS_ASK_NAMES 2

struct accounts;

/**
 * accounts_new(ret, event, worker, etc):
 * Begins to watch the directory ${etc}. Programs replace its passwd, shadow and group by renaming.
 * ${etc} and ${worker} must outlive the result. Returns 0, or a negative errno.
 */
int accounts_new(struct accounts **ret, sd_event *event, struct worker *worker,
                 const char *etc) _must_check_;

/**
 * accounts_stop(a): asks nobody any more, submits no job, and calls all callers that wait for an
 * answer. Call it before the worker is freed. NULL-safe.
 */
void accounts_stop(struct accounts *a);

/**
 * accounts_free(a): call it after the worker and its jobs have been freed. NULL-safe.
 */
struct accounts *accounts_free(struct accounts *a);

/**
 * accounts_set_conf(a, conf): says which group administers, and looks at everybody again. ${conf}
 * is borrowed until the next call.
 */
void accounts_set_conf(struct accounts *a, const struct conf *conf);

/**
 * accounts_refresh(a): looks at everybody again. It asks the directories, and looks for users
 * who are not known yet.
 */
void accounts_refresh(struct accounts *a);

/**
 * accounts_source(a): what the writer thread reads accounts from, for accounts_update_look(). The
 * directory's name is borrowed. It lives as long as the daemon.
 */
struct accounts_source accounts_source(struct accounts *a);

/**
 * accounts_unread(a): why the files could not be read or were not believed when they were last
 * looked at, so that what is known of accounts is older; "" when they were. Call it on the writer
 * thread. Borrowed until the next reading.
 */
const char *accounts_unread(const struct accounts *a);

/**
 * accounts_realm_unread(a, realm): the same of the list of the realm at this place of the
 * configuration.
 */
const char *accounts_realm_unread(const struct accounts *a, size_t realm);

/**
 * accounts_names_changes(a): how often the passwd file has got other names or numbers, as far as
 * the daemon has seen. What a user changes of the own line does not count.
 */
uint64_t accounts_names_changes(struct accounts *a);

/**
 * accounts_settle(a, done, userdata):
 * As accounts_refresh(), and says when that has ended. ${done} is called once, from the loop, never
 * from within this call. It is called when the daemon has looked at everybody, or after 5 s. After
 * 5 s the daemon goes on asking the directories. Returns 0; -EBUSY; a negative errno. ${done} is
 * not called after an error.
 */
int accounts_settle(struct accounts *a, void (*done)(void *userdata), void *userdata) _must_check_;

/**
 * accounts_ask(a, names, n, done, userdata):
 * Asks for ${n} users within 5 s, for a new key. ${n} is 1 to ${ACCOUNTS_ASK_NAMES}. ${done} is
 * called once, from the loop. ${r} is 0 with an account for each of the names, in their order,
 * which may be gone or unknown; else it is a negative errno, and there are no accounts. Returns
 * 0; -EBUSY; a negative errno. ${done} is not called after an error.
 */
int accounts_ask(struct accounts *a, const char *const *names, size_t n,
                 void (*done)(int r, const struct account_record *accounts, void *userdata),
                 void *userdata) _must_check_;

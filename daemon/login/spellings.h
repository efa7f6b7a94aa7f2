/* SPDX-License-Identifier: BSD-2-Clause */
/* Whose account another spelling of a name is. A directory may ignore case, or take user@realm and
 * REALM\user. Directories are asked in the background, and what they say is remembered for the next
 * logins. Runs on the loop. */
#pragma once

#include "accounts/accounts.h"
#include "record.h"

#define SPELLINGS_MAX       128
#define SPELLINGS_PER_OWNER 8 /* of these, for keys of one owner */
/* questions on their way, one for each owner */
#define SPELLINGS_ASKS_MAX 4
/* questions for keys of one owner, and after these one a second */
#define SPELLINGS_AT_ONCE 8

struct spellings;

/**
 * spellings_new(ret, accounts, known, userdata):
 * ${known} is called from the loop when a directory has answered. Borrows ${accounts}. Free it
 * after accounts_stop(). 0; -ENOMEM.
 */
int spellings_new(struct spellings **ret, struct accounts *accounts, void (*known)(void *userdata),
                  void *userdata) _must_check_;
struct spellings *spellings_free(struct spellings *s);

/**
 * spellings_find(s, name, owner):
 * The account that ${name} is, which was typed at a login with a key of ${owner}. NULL as long as
 * nobody has said: then it is asked for. What is remembered is asked for again after a while, and
 * holds until there is an answer. Another name or number in the passwd file makes it forgotten,
 * because its users come first. Borrowed until the loop does something else. NULL-safe.
 */
const struct account_record *spellings_find(struct spellings *s, const char *name,
                                            const char *owner);

/* SPDX-License-Identifier: BSD-2-Clause */
/* What a whole store that comes in would change here, as lines for people. Compares, and decides
 * nothing. */
#pragma once

#include "record.h"
#include "rules/policy.h"
#include "store/store_mirror.h"

#define MIRROR_CHANGES_LEN 8192

/* Lines, each with its end, and how many had no room. */
struct mirror_changes {
        char text[MIRROR_CHANGES_LEN];
        size_t len, left_out;
};

/**
 * mirror_changes_add(c, format, ...): one more line, without its end.
 */
void mirror_changes_add(struct mirror_changes *c, const char *format, ...)
        __attribute__((format(printf, 2, 3)));

/**
 * mirror_changes_policy(c, live, file, after): the policies that will not be as they are, and those
 * of the file that do not count. ${after} is the policy that there will be.
 */
void mirror_changes_policy(struct mirror_changes *c, const struct policy *live,
                           const struct policy *file, const struct policy *after);

/**
 * mirror_changes_certs(c, writer, staged, keep): the certificates that come and go, and what
 * happens to revocation lists. Of ${keep} the policies do not count. 0, or an error of the store.
 */
int mirror_changes_certs(struct mirror_changes *c, struct store *writer, struct store *staged,
                         const struct store_keep *keep) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Which connection gives its place to a new one. Knows nothing of connections but their uids. */
#include "rules/share.h"

uid_t share_range(uid_t uid) {
        return uid < SHARE_BLOCK ? uid : uid - uid % SHARE_BLOCK;
}

struct count {
        size_t n, oldest;
};

static struct count count_range(const uid_t *uids, size_t n, uid_t uid) {
        struct count count = {};

        for (size_t i = n; i-- > 0;)
                if (share_range(uids[i]) == share_range(uid))
                        count = (struct count){ .n = count.n + 1, .oldest = i };
        return count;
}

static struct count count_uid(const uid_t *uids, size_t n, uid_t uid) {
        struct count count = {};

        for (size_t i = n; i-- > 0;)
                if (uids[i] == uid)
                        count = (struct count){ .n = count.n + 1, .oldest = i };
        return count;
}

/* The user who has most, the newcomer where others have no more. */
static struct count find_largest(const uid_t *uids, size_t n, uid_t uid) {
        struct count largest = uid == 0 ? (struct count){} : count_range(uids, n, uid);

        for (size_t i = 0; i < n; i++) {
                struct count count = count_range(uids, n, uids[i]);

                if (uids[i] != 0 && count.n > largest.n)
                        largest = count;
        }
        return largest;
}

ssize_t share_find(const uid_t *uids, size_t n, uid_t uid, const struct share_limits *limits) {
        struct count same = count_uid(uids, n, uid), range = count_range(uids, n, uid), largest;

        if (uid != 0 && same.n >= limits->per_uid)
                return (ssize_t) same.oldest;
        if (uid >= SHARE_BLOCK && range.n >= limits->per_range)
                return (ssize_t) range.oldest;
        if (n < (uid == 0 ? limits->all : limits->all - limits->root))
                return SHARE_FREE;
        largest = find_largest(uids, n, uid);
        if (largest.n > 0)
                return (ssize_t) largest.oldest;
        return uid == 0 && n > 0 ? 0 : SHARE_NONE;
}

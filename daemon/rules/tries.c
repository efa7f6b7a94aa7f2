/* SPDX-License-Identifier: BSD-2-Clause */
/* How often a password may still be tried. Must not see a password. Pure: it is told the time. */
#include <stddef.h>

#include "rules/loglimit.h"
#include "rules/tries.h"

static size_t place_of_user(const struct tries *tries, const char *user) {
        uint64_t hash = loglimit_hash(tries->seed, "");

        for (; *user; user++) {
                char folded[2] = { *user >= 'A' && *user <= 'Z' ? (char) (*user - 'A' + 'a')
                                                                : *user };

                hash = loglimit_hash(hash, folded);
        }
        return hash % TRIES_USERS;
}

static size_t place_of_peer(const struct tries *tries, uid_t peer) {
        char bytes[2 * sizeof(peer) + 1] = {};

        for (size_t i = 0; i + 1 < sizeof(bytes); i++)
                bytes[i] = (char) ('a' + (peer >> (4 * i) & 15));
        return loglimit_hash(tries->seed, bytes) % TRIES_PEERS;
}

static int64_t wait_for(const struct tries_slot *slot, unsigned most, int64_t now) {
        int64_t end = slot->since + TRIES_WINDOW_S;

        return slot->failed >= most && now < end ? end - now : 0;
}

int64_t tries_may(const struct tries *tries, uid_t peer, const char *user, int64_t now) {
        int64_t by_user = wait_for(&tries->users[place_of_user(tries, user)], TRIES_PER_USER, now),
                by_peer;

        if (peer == 0)
                return by_user;
        by_peer = wait_for(&tries->peers[place_of_peer(tries, peer)], TRIES_PER_PEER, now);
        return by_peer > by_user ? by_peer : by_user;
}

static void count(struct tries_slot *slot, int64_t now) {
        if (slot->failed == 0 || now >= slot->since + TRIES_WINDOW_S)
                *slot = (struct tries_slot){ .since = now };
        slot->failed++;
}

void tries_failed(struct tries *tries, uid_t peer, const char *user, int64_t now) {
        count(&tries->users[place_of_user(tries, user)], now);
        if (peer != 0)
                count(&tries->peers[place_of_peer(tries, peer)], now);
}

void tries_succeeded(struct tries *tries, uid_t peer) {
        tries->peers[place_of_peer(tries, peer)] = (struct tries_slot){};
}

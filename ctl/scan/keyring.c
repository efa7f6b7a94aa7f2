/* SPDX-License-Identifier: BSD-2-Clause */
/* A sorted list of keys. Does not know where they were found. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "scan/keyring.h"

#define FIRST_ROOM 256

static void drop_pages(struct keyring_key *keys, size_t room) {
        if (!keys)
                return;
        explicit_bzero(keys, room * sizeof(*keys));
        (void) munmap(keys, room * sizeof(*keys));
}

static int make_room(struct keyring *ring) {
        size_t room = ring->room > 0 ? 2 * ring->room : FIRST_ROOM;
        struct keyring_key *keys;
        uint32_t *sorted;

        if (ring->n < ring->room)
                return 0;
        sorted = reallocarray(ring->sorted, room, sizeof(*sorted));
        if (!sorted)
                return -ENOMEM;
        ring->sorted = sorted;
        keys = mmap(NULL, room * sizeof(*keys), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                    -1, 0);
        if (keys == MAP_FAILED)
                return -ENOMEM;
        (void) madvise(keys, room * sizeof(*keys), MADV_DONTDUMP);
        (void) mlock(keys, room * sizeof(*keys));
        if (ring->n > 0)
                memcpy(keys, ring->keys, ring->n * sizeof(*keys));
        drop_pages(ring->keys, ring->room);
        ring->keys = keys;
        ring->room = room;
        return 0;
}

/* The place in ${sorted} where the key is or would be. */
static size_t search(const struct keyring *ring, const char *key, int *ret_same) {
        size_t low = 0, high = ring->n;

        *ret_same = 0;
        while (low < high) {
                size_t middle = low + (high - low) / 2;
                int order = memcmp(ring->keys[ring->sorted[middle]].secret.text, key, KEYTEXT_LEN);

                if (order == 0) {
                        *ret_same = 1;
                        return middle;
                }
                if (order < 0)
                        low = middle + 1;
                else
                        high = middle;
        }
        return low;
}

int keyring_put(struct keyring *ring, const char *key, size_t *ret) {
        int same, r;
        size_t place = search(ring, key, &same);

        if (same) {
                *ret = ring->sorted[place];
                return 0;
        }
        r = make_room(ring);
        if (r < 0)
                return r;
        memmove(ring->sorted + place + 1, ring->sorted + place,
                (ring->n - place) * sizeof(*ring->sorted));
        ring->sorted[place] = (uint32_t) ring->n;
        ring->keys[ring->n] = (struct keyring_key){};
        memcpy(ring->keys[ring->n].secret.text, key, KEYTEXT_LEN);
        *ret = ring->n++;
        return 1;
}

bool keyring_settle(struct keyring *ring) {
        const struct keyring_key *key = &ring->keys[ring->n - 1];
        size_t place;
        int same;

        if (key->fate > FATE_UNKNOWN)
                return true;
        if (ring->strangers < KEYRING_STRANGERS_MAX) {
                ring->strangers++;
                return true;
        }
        place = search(ring, key->secret.text, &same);
        ring->n--;
        memmove(ring->sorted + place, ring->sorted + place + 1,
                (ring->n - place) * sizeof(*ring->sorted));
        return false;
}

void keyring_id(const struct keyring_key *key, char out[static KEYTEXT_ID_LEN + 1]) {
        memcpy(out, keytext_id(key->secret.text), KEYTEXT_ID_LEN);
        out[KEYTEXT_ID_LEN] = '\0';
}

void keyring_done(struct keyring *ring) {
        drop_pages(ring->keys, ring->room);
        free(ring->sorted);
        *ring = (struct keyring){};
}

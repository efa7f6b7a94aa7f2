/* SPDX-License-Identifier: BSD-2-Clause */
/* A merge sort from the bottom up, which can stop between any two texts. qsort() cannot stop, and a
 * million texts would keep the writer thread busy for half a second. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "store/store_sorted.h"

#define HEAD      2
#define FEW       ((size_t) 1024)  /* at first */
#define STEP_MOST ((size_t) 50000) /* texts in one step */

static const uint8_t *text_at(const struct store_sorted *s, uint32_t at, size_t *ret_len) {
        *ret_len = (size_t) s->bytes[at] << 8 | s->bytes[at + 1];
        return s->bytes + at + HEAD;
}

static int compare(const struct store_sorted *s, uint32_t a, uint32_t b) {
        size_t len_a, len_b;
        const uint8_t *text_a = text_at(s, a, &len_a), *text_b = text_at(s, b, &len_b);
        int r = memcmp(text_a, text_b, len_a < len_b ? len_a : len_b);

        return r != 0 ? r : (len_a > len_b) - (len_a < len_b);
}

static int compare_two(const void *a, const void *b, void *userdata) {
        return compare(userdata, *(const uint32_t *) a, *(const uint32_t *) b);
}

/* Those behind the last FEW that are in order, all at once: they are so few that this takes no time
 * to speak of. */
static void sort_last(struct store_sorted *s) {
        size_t n = s->n % FEW == 0 ? FEW : s->n % FEW;

        qsort_r(s->at + s->n - n, n, sizeof(*s->at), compare_two, s);
}

static int make_room(struct store_sorted *s, size_t len) {
        if (s->len + len > s->size) {
                size_t size = 2 * (s->size + len) + FEW;
                uint8_t *bytes = realloc(s->bytes, size);

                if (!bytes)
                        return -ENOMEM;
                s->bytes = bytes;
                s->size = size;
        }
        if (s->n == s->room) {
                size_t room = s->room == 0 ? FEW : 2 * s->room;
                uint32_t *at = reallocarray(s->at, room, sizeof(*at));

                if (!at)
                        return -ENOMEM;
                s->at = at;
                at = reallocarray(s->other, room, sizeof(*at));
                if (!at)
                        return -ENOMEM;
                s->other = at;
                s->room = room;
        }
        return 0;
}

int store_sorted_add(struct store_sorted *s, const void *text, size_t len) {
        if (len > UINT16_MAX || s->len + HEAD + len > UINT32_MAX || make_room(s, HEAD + len) < 0)
                return -ENOMEM;
        s->bytes[s->len] = (uint8_t) (len >> 8);
        s->bytes[s->len + 1] = (uint8_t) len;
        memcpy(s->bytes + s->len + HEAD, text, len);
        s->at[s->n++] = (uint32_t) s->len;
        s->len += HEAD + len;
        if (s->n > 1 && compare(s, s->at[s->n - 2], s->at[s->n - 1]) > 0)
                s->mixed = true;
        if (s->mixed && s->n % FEW == 0)
                sort_last(s);
        return 0;
}

const uint8_t *store_sorted_get(const struct store_sorted *s, size_t i, size_t *ret_len) {
        return text_at(s, s->at[i], ret_len);
}

static size_t at_most(const struct store_sorted *s, size_t i) {
        return i < s->n ? i : s->n;
}

/* Puts so many texts at most into the longer runs: two runs from ${begin} on become one. */
static void merge(struct store_sorted *s, size_t most) {
        for (; most > 0 && s->next < s->n; most--) {
                size_t begin = s->next - s->next % (2 * s->run);
                size_t middle = at_most(s, begin + s->run), end = at_most(s, middle + s->run);
                /* the rest of the first run is what has not been put yet without the second */
                size_t second = s->second, first = s->next - (second - middle);

                s->other[s->next] = first < middle && (second == end ||
                                                       compare(s, s->at[first], s->at[second]) <= 0)
                                            ? s->at[first]
                                            : s->at[s->second++];
                if (++s->next == end)
                        s->second = at_most(s, end + s->run);
        }
}

int store_sorted_step(struct store_sorted *s) {
        uint32_t *sorted = s->other;

        if (s->run == 0) {
                if (s->mixed && s->n % FEW != 0)
                        sort_last(s);
                s->run = s->mixed ? FEW : s->n;
        }
        if (s->run >= s->n)
                return 0;
        if (s->next == 0)
                s->second = s->run;
        merge(s, STEP_MOST);
        if (s->next == s->n) {
                s->other = s->at;
                s->at = sorted;
                s->next = 0;
                s->run *= 2;
        }
        return s->run < s->n;
}

void store_sorted_done(struct store_sorted *s) {
        free(s->bytes);
        free(s->at);
        free(s->other);
        *s = (struct store_sorted){};
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks through the database in the background, at any size, and tells of damage, also of damage
 * that SQLite meets by itself. */
#pragma once

#include <systemd/sd-event.h>

#include "store/store.h"

/* what helper_main() is told */
#define STORE_LOOK_MODE "integrity"

struct store_look;

/* For people and for monitoring. */
struct store_looked {
        /* the last look that came to its end, UNIX seconds; 0: there was none */
        int64_t at;
        bool damaged; /* found, or met, since the start */
};

/**
 * store_look_new(ret, event, s, now, on_damage, userdata):
 * Has a helper look through the database of ${s} thoroughly, soon after the start (at once if
 * ${now}) and every week, at low priority. It looks at one table at a time, so that it holds no
 * part of the log for long. Damage is said in the log, and to ${on_damage}, once. Returns 0; a
 * negative errno.
 */
int store_look_new(struct store_look **ret, sd_event *event, const struct store *s, bool now,
                   void (*on_damage)(void *userdata), void *userdata) _must_check_;
struct store_look *store_look_free(struct store_look *c);

/**
 * store_look_poke(c): looks whether SQLite has met damage.
 */
void store_look_poke(struct store_look *c);

/**
 * store_look_last(c): any thread may ask.
 */
struct store_looked store_look_last(const struct store_look *c) _must_check_;

/**
 * store_look_run(in, in_len, out): the helper's work. See helper_mode.
 */
ssize_t store_look_run(const uint8_t *in, size_t in_len, uint8_t *out);

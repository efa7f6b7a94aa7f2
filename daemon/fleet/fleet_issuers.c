/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps the list of issuing hosts, and remembers which were dropped. Does not decide whether what
 * says so is believed itself. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fleet/fleet_issuers.h"
#include "fleet/fleet_state.h"
#include "store/store_pages.h"

/* --- Taking --- */

static int set_self(struct fleet *f, struct store *writer, const char *host, bool issuing) {
        if (strcmp(host, f->self.host) != 0 || f->self.issuing == issuing)
                return 0;
        f->self.issuing = issuing;
        return store_fleet_put(writer, &f->self);
}

/* In a page the name is the number of the change that has dropped it. */
static int take_dropped(struct store *writer, struct fleet_issuers *from,
                        const struct store_fleet_issuer *issuer) {
        int64_t number = strtoll(issuer->host, NULL, 10), known = 0;
        int r;

        r = store_fleet_dropped(writer, issuer->public, &known);
        if (r < 0 || number < known)
                return r;
        memcpy(from->told, issuer->public, sizeof(from->told));
        return store_fleet_note_dropped(writer, issuer->public, number);
}

/* Of a key that nobody has believed there is nothing to remember: they could be without number. */
static int note_dropped(struct fleet *f, struct store *writer, const struct fleet_issuers *from,
                        const uint8_t public[static SEAL_PUBLIC_LEN]) {
        int64_t known = 0;
        int r;

        r = store_fleet_dropped(writer, public, &known);
        if (r < 0 || (known == 0 && !fleet_find_issuer(f, public)))
                return r;
        return store_fleet_note_dropped(writer, public, from->number);
}

struct rival {
        const struct store_fleet_issuer *than;
        struct store_fleet_issuer found;
};

/* Another key of that name, or that key under another name. */
static int find_rival(const struct store_fleet_issuer *issuer, void *userdata) {
        struct rival *rival = userdata;
        const struct store_fleet_issuer *than = rival->than;

        if ((strcmp(issuer->host, than->host) == 0) ==
            (memcmp(issuer->public, than->public, sizeof(than->public)) == 0))
                return 0;
        rival->found = *issuer;
        return 1;
}

/* A name has one key: what is dropped by that name is all that signs by it. A host has ended the
 * former key before it says another one, unless it means ill. Of two in a page the one counts that
 * this host has believed before. 1; 0: the key is not believed; an error of the store. */
static int oust_rivals(struct fleet *f, struct store *writer, const struct fleet_issuers *from,
                       const struct store_fleet_issuer *issuer) {
        struct rival rival = { .than = issuer };
        int r;

        r = store_fleet_each_issuer(writer, find_rival, &rival);
        if (r <= 0)
                return r < 0 ? r : 1;
        if (!from->page || !fleet_find_issuer(f, issuer->public) ||
            fleet_find_issuer(f, rival.found.public))
                return 0;
        r = store_fleet_drop_issuer(writer, rival.found.public);
        return r < 0 ? r : 1;
}

static int take_trusted(struct fleet *f, struct store *writer, const struct fleet_issuers *from,
                        const struct store_fleet_issuer *issuer) {
        int64_t dropped = 0;
        int r = 0;

        if (from->page && !fleet_find_issuer(f, issuer->public) &&
            memcmp(from->told, issuer->public, sizeof(from->told)) != 0)
                r = store_fleet_dropped(writer, issuer->public, &dropped);
        if (r < 0 || dropped > 0)
                return r;
        r = oust_rivals(f, writer, from, issuer);
        if (r <= 0)
                return r;
        r = set_self(f, writer, issuer->host, true);
        return r < 0 ? r : store_fleet_put_issuer(writer, issuer);
}

int fleet_issuers_take(struct fleet *f, struct store *writer, struct fleet_issuers *from,
                       const uint8_t *in, size_t len) {
        struct store_fleet_issuer issuer;
        bool trusted;
        int r;

        r = fleet_body_get_issuer(in, len, &issuer, &trusted);
        if (r < 0)
                return r;
        from->any |= !from->past;
        if (trusted)
                return from->past ? 0 : take_trusted(f, writer, from, &issuer);
        if (from->page)
                return take_dropped(writer, from, &issuer);
        if (from->past)
                return store_fleet_note_dropped(writer, issuer.public, from->number);
        r = set_self(f, writer, issuer.host, false);
        if (r >= 0)
                r = note_dropped(f, writer, from, issuer.public);
        return r < 0 ? r : store_fleet_drop_issuer(writer, issuer.public);
}

/* The epoch of a key says how many changes of all hosts its issuer had. Among those that this host
 * lacks can be the end of all keys, or of an issuing host. Until it has them it cannot tell a key
 * that was made behind them from one that only says so. That of a salvaged store is one further
 * (store_salvage.c). */
int fleet_issuers_epoch(struct fleet *f, struct fleet_issuers *from, bool all,
                        const struct key_record *key) {
        const struct fleet_member *member = fleet_find_group(f, FLEET_GROUP_ALL);
        int64_t number = all ? from->number : member ? member->group.number + 1 : 0;

        if (!key->hosts[0] || key->epoch <= RECORD_FLEET_EPOCH ||
            key->epoch - RECORD_FLEET_EPOCH <= number)
                return 0;
        from->ahead |= all;
        return all || key->status == KEY_REVOKED ? 0 : -EAGAIN;
}

struct remaining {
        const struct fleet *f;
        size_t n;
};

static int count_old(const struct store_fleet_issuer *issuer, void *userdata) {
        struct remaining *remaining = userdata;

        for (size_t i = 0; i < remaining->f->n_issuers; i++)
                remaining->n += memcmp(remaining->f->issuers[i].issuer.public, issuer->public,
                                       sizeof(issuer->public)) == 0;
        return 0;
}

int fleet_issuers_end(struct fleet *f, struct store *writer, const struct fleet_issuers *from) {
        struct remaining remaining = { .f = f };
        bool ended = false;
        int r = 0;

        if (from->any) {
                r = store_fleet_each_issuer(writer, count_old, &remaining);
                ended = remaining.n != f->n_issuers;
        }
        if (r >= 0 && ended)
                r = store_pages_bound_born(writer, NULL);
        return r < 0 || !(ended || from->ahead) ? r
                                                : store_pages_bound_epochs(writer, from->number);
}

/* --- Telling --- */

struct telling {
        struct store *reader;
        struct bytes_writer *w;
        const uint8_t *only; /* NULL: all */
};

static int put_trusted(const struct store_fleet_issuer *issuer, void *userdata) {
        const struct telling *t = userdata;

        if (!t->only || memcmp(t->only, issuer->public, sizeof(issuer->public)) == 0)
                fleet_body_put_issuer(t->w, issuer, true);
        return 0;
}

/* One that is trusted again follows at once. */
static int put_dropped(const uint8_t *public, int64_t number, void *userdata) {
        struct telling *t = userdata, one = { t->reader, t->w, public };
        struct store_fleet_issuer issuer = {};

        memcpy(issuer.public, public, sizeof(issuer.public));
        (void) snprintf(issuer.host, sizeof(issuer.host), "%" PRId64, number);
        fleet_body_put_issuer(t->w, &issuer, false);
        return store_fleet_each_issuer(t->reader, put_trusted, &one);
}

int fleet_issuers_put(struct store *reader, struct bytes_writer *w) {
        struct telling t = { reader, w, NULL };
        int r;

        r = store_fleet_each_dropped(reader, put_dropped, &t);
        return r < 0 ? r : store_fleet_each_issuer(reader, put_trusted, &t);
}

static int count_dropped(const uint8_t *public, int64_t number, void *userdata) {
        (void) public;
        (void) number;
        *(size_t *) userdata += 2;
        return 0;
}

int fleet_issuers_count(struct store *reader, size_t *ret) {
        *ret = FLEET_ISSUERS_MAX;
        return store_fleet_each_dropped(reader, count_dropped, ret);
}

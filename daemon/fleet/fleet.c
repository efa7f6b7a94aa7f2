/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads what this host is in its fleet, and keeps it. Does not take part in anything itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "cleanup.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_apply.h"
#include "fleet/fleet_groups.h"
#include "fleet/fleet_page.h"
#include "fleet/fleet_reported.h"
#include "fleet/fleet_state.h"
#include "secret/secretfile.h"

_Static_assert(FLEET_GROUPS_MAX == 64 && FLEET_ISSUERS_MAX == 32, "fleet_refusal() says so");
_Static_assert(FRAME_KEY_LEN == SECRETFILE_LEN, "a group's key fills a file");
_Static_assert(FRAME_GROUP_MAX == RECORD_GROUP_MAX, "names of groups");
_Static_assert(STORE_FLEET_GROUPS_LEN == FLEET_GROUPS_MAX * (RECORD_GROUP_MAX + 1),
               "an issuing host is in all groups");
_Static_assert(STORE_FLEET_PUBLIC_LEN == SEAL_PUBLIC_LEN, "public keys");

int fleet_new(struct fleet **ret, int dir, struct keymint *keymint) {
        struct fleet *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        f->dir = dir;
        f->keymint = keymint;
        f->current_ms = FLEET_UNKNOWN;
        f->many = FLEET_MANY;
        *ret = f;
        return 0;
}

/* What is not finished, and keys. */
static void forget_parts(struct fleet *f) {
        for (size_t i = 0; i < f->n_groups; i++) {
                fleet_page_forget(&f->groups[i]);
                explicit_bzero(f->groups[i].key, sizeof(f->groups[i].key));
        }
}

static void forget(struct fleet *f) {
        forget_parts(f);
        f->joined = f->remembers = false;
        f->n_groups = f->n_issuers = 0;
}

struct fleet *fleet_free(struct fleet *f) {
        if (!f)
                return NULL;
        fleet_apply_forget(f);
        fleet_reported_forget(f);
        forget(f);
        free(f);
        return NULL;
}

const struct store_fleet *fleet_self(const struct fleet *f) {
        return f->joined ? &f->self : NULL;
}

const struct store_fleet_group *fleet_group(const struct fleet *f, size_t i) {
        return f->joined && i < f->n_groups ? &f->groups[i].group : NULL;
}

const struct store_fleet_issuer *fleet_issuer(const struct fleet *f, size_t i) {
        return f->joined && i < f->n_issuers ? &f->issuers[i].issuer : NULL;
}

bool fleet_is_unread(const struct fleet *f) {
        return f->unread;
}

int fleet_absence(const struct fleet *f) {
        return f->unread ? -EHOSTDOWN : -ENOLINK;
}

struct fleet_member *fleet_find_group(struct fleet *f, const char *name) {
        for (size_t i = 0; f->joined && i < f->n_groups; i++)
                if (strcmp(f->groups[i].group.name, name) == 0)
                        return &f->groups[i];
        return NULL;
}

bool fleet_has_group(const struct fleet *f, const char *name) {
        for (size_t i = 0; f->joined && i < f->n_groups; i++)
                if (strcmp(f->groups[i].group.name, name) == 0)
                        return true;
        return false;
}

struct fleet_trusted *fleet_find_issuer(struct fleet *f,
                                        const uint8_t public[static SEAL_PUBLIC_LEN]) {
        for (size_t i = 0; f->joined && i < f->n_issuers; i++)
                if (memcmp(f->issuers[i].issuer.public, public, SEAL_PUBLIC_LEN) == 0)
                        return &f->issuers[i];
        return NULL;
}

bool fleet_host_issues(struct fleet *f, const struct store_fleet_host *host) {
        const struct fleet_trusted *issuer = fleet_find_issuer(f, host->issuer);

        return issuer && strcmp(issuer->issuer.host, host->name) == 0;
}

bool fleet_is_name(const char *text) {
        size_t len = strlen(text);

        return len > 0 && len <= FRAME_GROUP_MAX && text[0] >= 'a' && text[0] <= 'z' &&
               strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

const char *fleet_key_name(const char *group, char out[static FLEET_KEY_NAME_LEN]) {
        (void) snprintf(out, FLEET_KEY_NAME_LEN, "fleet-%s.key", group);
        return out;
}

static int take_group(const struct store_fleet_group *group, void *userdata) {
        char name[FLEET_KEY_NAME_LEN];
        struct fleet *f = userdata;
        struct fleet_member *member;

        if (f->n_groups == FLEET_GROUPS_MAX)
                return -EUCLEAN;
        member = &f->groups[f->n_groups++];
        *member = (struct fleet_member){ .group = *group, .current_ms = FLEET_UNKNOWN };
        for (size_t i = 0; i < FLEET_ISSUERS_MAX; i++)
                member->stated_ms[i] = clock_boot_ms();
        return secretfile_read(f->dir, fleet_key_name(group->name, name), member->key);
}

static int take_issuer(const struct store_fleet_issuer *issuer, void *userdata) {
        struct fleet *f = userdata;

        if (f->n_issuers == FLEET_ISSUERS_MAX)
                return -EUCLEAN;
        f->issuers[f->n_issuers++] = (struct fleet_trusted){ .issuer = *issuer };
        return 0;
}

static size_t find_old(const struct fleet *old, const struct store_fleet_issuer *issuer) {
        size_t k = 0;

        while (k < old->n_issuers &&
               memcmp(issuer->public, old->issuers[k].issuer.public, SEAL_PUBLIC_LEN) != 0)
                k++;
        return k;
}

static void keep_group(struct fleet *f, struct fleet_member *group, const struct fleet *old,
                       struct fleet_member *was) {
        group->current_ms = was->current_ms;
        group->own_number = was->own_number;
        memcpy(group->own, was->own, FRAME_HASH_LEN);
        group->own_there = was->own_there;
        memcpy(group->fork, was->fork, sizeof(group->fork));
        group->taking = take_ptr(was->taking);
        for (size_t i = 0; i < f->n_issuers; i++) {
                size_t k = find_old(old, &f->issuers[i].issuer);

                if (k == old->n_issuers)
                        continue;
                group->stated_ms[i] = was->stated_ms[k];
                group->signed_clock[i] = was->signed_clock[k];
                group->signed_at_ms[i] = was->signed_at_ms[k];
        }
}

/* A group can have been made twice, where the database has lost the first. Nothing is known of a
 * key that could not be read. */
static bool is_same(const struct fleet_member *group, const struct fleet_member *was) {
        static const uint8_t unread[FRAME_KEY_LEN];

        return strcmp(group->group.name, was->group.name) == 0 &&
               (memcmp(was->key, unread, FRAME_KEY_LEN) == 0 ||
                memcmp(group->key, was->key, FRAME_KEY_LEN) == 0);
}

/* What was heard of issuers, when groups were current, and the snapshots that are coming outlast a
 * change of the groups. */
static void keep(struct fleet *f, struct fleet *old) {
        for (size_t i = 0; i < f->n_groups; i++)
                for (size_t k = 0; k < old->n_groups; k++)
                        if (is_same(&f->groups[i], &old->groups[k]))
                                keep_group(f, &f->groups[i], old, &old->groups[k]);
        for (size_t i = 0; i < f->n_issuers; i++) {
                size_t k = find_old(old, &f->issuers[i].issuer);
                struct store_fleet_issuer issuer = f->issuers[i].issuer;

                if (k == old->n_issuers)
                        continue;
                f->issuers[i] = old->issuers[k];
                f->issuers[i].issuer = issuer;
        }
}

/* Returns whether this host is in a fleet. A file that is missing is an error. */
static int load(struct fleet *f, struct store *writer) {
        uint8_t pepper[PEPPER_LEN];
        int r;

        r = store_fleet_get(writer, &f->self);
        if (r < 0)
                return r == -ENOENT ? 0 : r;
        r = store_fleet_each_group(writer, take_group, f);
        if (r >= 0)
                r = store_fleet_each_issuer(writer, take_issuer, f);
        if (r >= 0 && keymint_knows(f->keymint, f->self.pepper_id))
                return 1;
        if (r >= 0)
                r = pepper_read_foreign(f->dir, f->self.pepper_id, pepper);
        if (r >= 0)
                r = keymint_add(f->keymint, pepper, f->self.pepper_id);
        explicit_bzero(pepper, sizeof(pepper));
        return r < 0 ? r : 1;
}

/* Only what was heard is worth keeping. The rest may be of a transaction that was rolled back. */
static void remember(struct fleet *f, const struct fleet *old) {
        forget(f);
        memcpy(f->groups, old->groups, sizeof(f->groups));
        memcpy(f->issuers, old->issuers, sizeof(f->issuers));
        f->n_groups = old->n_groups;
        f->n_issuers = old->n_issuers;
        f->remembers = old->remembers;
        forget_parts(f);
}

static int read_again(struct fleet *f, struct store *writer, struct fleet *old) {
        int r;

        f->joined = f->remembers = false;
        f->n_groups = f->n_issuers = 0;
        r = load(f, writer);
        if (r < 0) {
                remember(f, old);
                return r;
        }
        f->joined = f->remembers = r > 0;
        if (r > 0 && old->remembers) {
                keep(f, old);
                fleet_age_sum(f);
        } else if (r > 0)
                r = fleet_age_restore(f, writer);
        if (r < 0)
                forget(f);
        forget(old);
        return r;
}

int fleet_load(struct fleet *f, struct store *writer) {
        struct fleet *old = malloc(sizeof(*old));
        int r = -ENOMEM;

        fleet_apply_forget(f);
        fleet_reported_forget(f);
        if (old) {
                *old = *f;
                r = read_again(f, writer, old);
                explicit_bzero(old, sizeof(*old));
                free(old);
        }
        if (r < 0 && !f->unread)
                log_line(LOG_ERR,
                         "what this host is in its fleet cannot be read, so the fleet's keys are "
                         "unavailable: %s",
                         strerrordesc_np(-r));
        if (r >= 0 && f->unread)
                log_line(LOG_NOTICE, "what this host is in its fleet can be read again");
        f->unread = r < 0;
        f->joined = f->joined && r >= 0;
        if (f->joined)
                fleet_groups_tidy(f, writer);
        return r < 0 ? r : 0;
}

#define NO_FLEET                                                                                   \
        "This host is in no fleet: 'wfapikeyctl fleet init' begins one, and 'wfapikeyctl fleet "   \
        "join' takes an invitation to one"

const char *fleet_refusal(int r) {
        switch (r) {
        case -ENOLINK:
                return NO_FLEET;
        case -EHOSTDOWN:
                return "What this host is in its fleet cannot be read at present; the log says why";
        case -ENOENT:
                return "There is no such host in the fleet";
        case -EBUSY:
                return "Nobody would issue any more: let another host issue first";
        case -EOPNOTSUPP:
                return "This host does not issue: ask an issuing host of the fleet";
        case -EISCONN:
                return "This host is in a fleet already";
        case -ESTALE:
                return "That is not the next change: it was seen before, or one is missing";
        case -EKEYREJECTED:
                return "The host that has signed that may not sign in this fleet";
        case -EXDEV:
                return "That is of another fleet, or of a group that this host is not in";
        case -EBADMSG:
                return "That is damaged";
        case -EMEDIUMTYPE:
                return "That is not what it should be";
        case -EPROTONOSUPPORT:
                return "A newer version has made that";
        case -EMSGSIZE:
                return "That is too much for one change";
        case -ENOKEY:
                return "This host has no key yet that an invitation could be sealed for";
        case -EPROTOTYPE:
                return "That is no invitation";
        case -EADDRINUSE:
                return "A part of that key is the key of another host of the fleet";
        case -EDQUOT:
                return "The fleet has as many groups as it can have, which are 64";
        case -EMLINK:
                return "This host has more certificates of its own than it can have: remove some";
        case -EUSERS:
                return "The fleet has as many issuing hosts as it can have, which are 32";
        case -EINVAL:
                return "Nothing can be sealed for the key of that host: invite it with another one";
        case -ENOTUNIQ:
                return "This host has that name itself";
        case -EADDRNOTAVAIL:
                return "That invitation is sealed for another host, or for an old key of this one";
        }
        return NULL;
}

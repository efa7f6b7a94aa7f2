/* SPDX-License-Identifier: BSD-2-Clause */
/* Makes the changes that concern hosts and groups. Applies none, and seals no invitation. */
#include <errno.h>
#include <string.h>

#include "fleet/fleet_body.h"
#include "fleet/fleet_hosts.h"
#include "fleet/fleet_state.h"
#include "text.h"

/* All groups of ${list}, and that of all hosts, are groups of this host. */
int fleet_hosts_check(const struct fleet *f, const char *list) {
        char word[FRAME_GROUP_MAX + 1];

        while (*list) {
                size_t len = strcspn(list, " ");

                if (len >= sizeof(word))
                        return -EXDEV;
                memcpy(word, list, len);
                word[len] = '\0';
                if (!fleet_has_group(f, word))
                        return -EXDEV;
                list += len;
                list += strspn(list, " ");
        }
        return 0;
}

int fleet_hosts_find(struct store *writer, const char *name, struct store_fleet_host *ret) {
        return store_fleet_get_host(writer, name, ret);
}

/* --- Who issues --- */

void fleet_hosts_end_keys(const struct fleet *f, const char *name,
                          const uint8_t but[static SEAL_PUBLIC_LEN], struct bytes_writer *w) {
        for (size_t i = 0; i < f->n_issuers; i++) {
                const struct store_fleet_issuer *issuer = &f->issuers[i].issuer;

                if (strcmp(issuer->host, name) == 0 &&
                    memcmp(issuer->public, but, sizeof(issuer->public)) != 0)
                        fleet_body_put_issuer(w, issuer, false);
        }
}

int fleet_hosts_check_room(const struct fleet *f, const char *name) {
        size_t n = 1;

        for (size_t i = 0; i < f->n_issuers; i++)
                n += strcmp(f->issuers[i].issuer.host, name) != 0;
        return n > FLEET_ISSUERS_MAX ? -EUSERS : 0;
}

struct counting {
        struct fleet *f;
        const char *but;
        size_t n;
};

static int count_issuing(const struct store_fleet_host *host, void *userdata) {
        struct counting *counting = userdata;

        counting->n +=
                strcmp(host->name, counting->but) != 0 && fleet_host_issues(counting->f, host);
        return 0;
}

/* A key that is trusted may be of a host that is gone. So hosts are counted. */
static int check_others_issue(struct fleet *f, struct store *writer, const char *but) {
        struct counting counting = { .f = f, .but = but };
        int r;

        r = store_fleet_each_host(writer, count_issuing, &counting);
        return r < 0 ? r : counting.n > 0 ? 0 : -EBUSY;
}

const struct store_fleet_issuer *fleet_hosts_stranger(const struct fleet *f, struct store *writer) {
        for (size_t i = 0; f->joined && i < f->n_issuers; i++) {
                const struct store_fleet_issuer *issuer = &f->issuers[i].issuer;
                struct store_fleet_host host = {};
                int r;

                r = store_fleet_get_host(writer, issuer->host, &host);
                if (r == -ENOENT ||
                    (r >= 0 && memcmp(host.issuer, issuer->public, sizeof(host.issuer)) != 0))
                        return issuer;
        }
        return NULL;
}

/* --- Groups --- */

struct sharing {
        struct fleet *f;
        struct bytes_writer w;
        const uint8_t *key;
        int r;
};

static int put_share(const struct store_fleet_host *host, void *userdata) {
        struct sharing *s = userdata;
        struct fleet_share share = {};
        int r;

        if (!fleet_host_issues(s->f, host))
                return 0;
        (void) text_copy(share.host, sizeof(share.host), host->name);
        r = seal_box(host->recipient, s->key, share.sealed);
        if (r >= 0)
                fleet_body_put_share(&s->w, &share);
        /* A host with a bad key is left out. */
        return r == -EINVAL ? 0 : r;
}

int fleet_hosts_group(struct fleet *f, struct store *writer, const char *name,
                      struct fleet_change *ret) {
        uint8_t body[8192], key[FRAME_KEY_LEN];
        struct sharing s = { .f = f, .w = { .out = body, .size = sizeof(body) }, .key = key };
        size_t begin;
        int r;

        if (!f->joined || !f->self.issuing)
                return f->joined ? -EOPNOTSUPP : fleet_absence(f);
        if (fleet_has_group(f, name))
                return -EEXIST;
        if (f->n_groups >= FLEET_GROUPS_MAX)
                return -EDQUOT;
        r = seal_make_secret(key);
        if (r < 0)
                return r;
        begin = fleet_body_begin_group(&s.w, name);
        r = store_fleet_each_host(writer, put_share, &s);
        fleet_body_end_group(&s.w, begin);
        explicit_bzero(key, sizeof(key));
        if (r >= 0 && s.w.full)
                r = -EMSGSIZE;
        return r < 0 ? r : fleet_change_say(f, body, s.w.len, ret);
}

/* The records that let ${host} into the groups of ${groups} that it was not in. */
static int put_new_groups(const struct fleet *f, const struct store_fleet_host *host,
                          const char *groups, struct bytes_writer *w) {
        int r = 0;

        for (size_t i = 0; r >= 0 && i < f->n_groups; i++) {
                const char *name = f->groups[i].group.name;
                struct fleet_share share = {};
                size_t begin;

                if (!text_has_word(groups, name) || text_has_word(host->groups, name))
                        continue;
                (void) text_copy(share.host, sizeof(share.host), host->name);
                r = seal_box(host->recipient, f->groups[i].key, share.sealed);
                begin = fleet_body_begin_group(w, name);
                fleet_body_put_share(w, &share);
                fleet_body_end_group(w, begin);
        }
        return r;
}

int fleet_hosts_move(struct fleet *f, struct store *writer, const struct fleet_move *move,
                     struct fleet_change *ret) {
        struct store_fleet_host moved;
        struct store_fleet_issuer issuer = {};
        uint8_t body[16384]; /* all groups and keys */
        struct bytes_writer w = { .out = body, .size = sizeof(body) };
        bool issues;
        int r;

        if (!f->joined || !f->self.issuing)
                return f->joined ? -EOPNOTSUPP : fleet_absence(f);
        r = fleet_hosts_check(f, move->groups);
        if (r >= 0)
                r = fleet_hosts_find(writer, move->host, &moved);
        if (r < 0)
                return r;
        issues = fleet_host_issues(f, &moved);
        if (issues && !move->issuing)
                r = check_others_issue(f, writer, moved.name);
        if (!issues && move->issuing)
                r = fleet_hosts_check_room(f, moved.name);
        if (r < 0)
                return r;
        fleet_hosts_end_keys(f, moved.name, moved.issuer, &w);
        /* Also of one that goes on: the host takes the end of a former key as its own. */
        if (issues || move->issuing) {
                memcpy(issuer.public, moved.issuer, sizeof(issuer.public));
                memcpy(issuer.host, moved.name, sizeof(issuer.host));
                fleet_body_put_issuer(&w, &issuer, move->issuing);
        }
        r = put_new_groups(f, &moved, move->groups, &w);
        memcpy(moved.groups, move->groups, sizeof(moved.groups));
        fleet_body_put_host(&w, &moved);
        if (r >= 0 && w.full)
                r = -EMSGSIZE;
        return r < 0 ? r : fleet_change_say(f, body, w.len, ret);
}

int fleet_hosts_drop(struct fleet *f, struct store *writer, const char *host,
                     struct fleet_change *ret) {
        static const uint8_t none[SEAL_PUBLIC_LEN];
        struct store_fleet_host gone = {};
        uint8_t body[8192];
        struct bytes_writer w = { .out = body, .size = sizeof(body) };
        int r;

        if (!f->joined || !f->self.issuing)
                return f->joined ? -EOPNOTSUPP : fleet_absence(f);
        fleet_hosts_end_keys(f, host, none, &w);
        r = fleet_hosts_find(writer, host, &gone);
        /* A key of a host that is gone is not trusted any longer. */
        if (r == -ENOENT && w.len > 0)
                r = text_copy(gone.name, sizeof(gone.name), host) ? 0 : -ENOENT;
        if (r >= 0 && w.len > 0)
                r = check_others_issue(f, writer, host);
        if (r < 0)
                return r;
        gone.groups[0] = '\0';
        fleet_body_put_host(&w, &gone);
        return w.full ? -EMSGSIZE : fleet_change_say(f, body, w.len, ret);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Begins a fleet, invites, accepts, leaves. What hosts tell each other afterwards is in
 * fleet_change.c and fleet_apply.c. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "conninfo.h"
#include "fleet/fleet_age.h"
#include "fleet/fleet_body.h"
#include "fleet/fleet_groups.h"
#include "fleet/fleet_hosts.h"
#include "fleet/fleet_join.h"
#include "fleet/fleet_report.h"
#include "fleet/fleet_state.h"
#include "mirror/mirror_certs.h"
#include "mirror/mirror_key.h"
#include "secret/secretfile.h"
#include "store/store_audit.h"
#include "text.h"

#define BODY_MAX (SEAL_CHUNK_MAX - SEAL_CHUNK_EXTRA)

bool fleet_join_is_host(const char *text) {
        size_t len = strlen(text);

        return len > 0 && len <= STORE_FLEET_HOST_MAX && text[0] != '-' && text[0] != '.' &&
               strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-.") == len;
}

/* --- Keys --- */

static int own_public(const struct fleet *f, uint8_t out[static SEAL_PUBLIC_LEN]) {
        uint8_t secret[SEAL_SECRET_LEN];
        int r;

        r = mirror_key_source(f->dir, secret);
        if (r >= 0)
                seal_source_of(secret, out);
        explicit_bzero(secret, sizeof(secret));
        return r;
}

int fleet_join_key(const struct fleet *f, char out[static FLEET_KEY_LEN + 1]) {
        uint8_t public[SEAL_PUBLIC_LEN];
        int r;

        r = mirror_key_show(f->dir, out);
        if (r == -ENOKEY)
                r = mirror_key_make(f->dir, false, out);
        if (r >= 0)
                r = own_public(f, public);
        if (r < 0)
                return r;
        out[SEAL_TEXT_LEN] = ':';
        seal_text_format(public, out + SEAL_TEXT_LEN + 1);
        return 0;
}

static int parse_key(const char *text, size_t len, uint8_t out[static SEAL_PUBLIC_LEN]) {
        char part[SEAL_TEXT_LEN + 1] = {};

        if (len != SEAL_TEXT_LEN)
                return -EINVAL;
        memcpy(part, text, len);
        return seal_text_parse(part, out);
}

int fleet_join_take_key(struct fleet_invite *invite, const char *text) {
        static const uint8_t secret[SEAL_SECRET_LEN];
        size_t len = strcspn(text, ":");
        uint8_t box[SEAL_BOX_LEN];

        if (text[len] != ':' || parse_key(text, len, invite->host.recipient) < 0 ||
            parse_key(text + len + 1, strlen(text + len + 1), invite->host.issuer) < 0)
                return -EINVAL;
        /* The fleet seals for both. */
        return frame_report_is_reader(invite->host.issuer)
                       ? seal_box(invite->host.recipient, secret, box)
                       : -EINVAL;
}

/* --- The first host --- */

static int make_secret(const struct fleet *f, const char *group) {
        char name[FLEET_KEY_NAME_LEN];
        uint8_t key[FRAME_KEY_LEN];
        int r;

        r = seal_make_secret(key);
        if (r >= 0)
                r = secretfile_write(f->dir, fleet_key_name(group, name), key);
        explicit_bzero(key, sizeof(key));
        return r;
}

/* The id of a pepper is known to a keymint alone. */
static int pepper_id_of(const uint8_t pepper[static PEPPER_LEN], uint32_t *ret) {
        struct keymint *k = NULL;
        int r;

        r = keymint_new(&k, pepper);
        if (r >= 0)
                *ret = keymint_pepper_id(k);
        keymint_free(k);
        return r;
}

static int make_pepper(const struct fleet *f, uint32_t *ret_id) {
        uint8_t pepper[PEPPER_LEN];
        int r;

        r = seal_make_secret(pepper);
        if (r >= 0)
                r = pepper_id_of(pepper, ret_id);
        if (r >= 0)
                r = pepper_write_foreign(f->dir, *ret_id, pepper);
        explicit_bzero(pepper, sizeof(pepper));
        return r;
}

/* A host can come with all that it had of another fleet. */
static int put_self(struct store *writer, const struct store_fleet *self) {
        int r;

        r = mirror_certs_check_room(writer, false);
        if (r >= 0)
                r = store_fleet_need_pepper(writer, self->pepper_id);
        if (r >= 0)
                r = store_fleet_put(writer, self);
        return r < 0 ? r : fleet_report_begin(writer, self);
}

/* What this host signs by is kept before it signs something. */
static int take_part(struct fleet *f, struct store *writer) {
        int r;

        r = fleet_load(f, writer);
        if (r >= 0)
                (void) !fleet_age_keep(f, writer, true);
        return r;
}

int fleet_join_init(struct fleet *f, struct store *writer, const char *host, const char *database,
                    const struct audit_record *audit) {
        struct store_fleet self = { .issuing = true };
        struct store_fleet_issuer issuer = {};
        struct store_fleet_host row = { .groups = FLEET_GROUP_ALL };
        struct store_fleet_group all = { .name = FLEET_GROUP_ALL };
        struct fleet_invite own = {};
        char key[FLEET_KEY_LEN + 1];
        int r;

        if (f->joined || f->unread)
                return f->joined ? -EISCONN : fleet_absence(f);
        r = fleet_join_key(f, key);
        if (r >= 0)
                r = fleet_join_take_key(&own, key);
        if (r >= 0)
                r = make_pepper(f, &self.pepper_id);
        if (r >= 0)
                r = make_secret(f, FLEET_GROUP_ALL);
        if (r < 0)
                return r;
        memcpy(self.id, own.host.issuer, sizeof(self.id));
        memcpy(issuer.public, own.host.issuer, sizeof(issuer.public));
        memcpy(row.issuer, own.host.issuer, sizeof(row.issuer));
        memcpy(row.recipient, own.host.recipient, sizeof(row.recipient));
        (void) text_copy(self.host, sizeof(self.host), host);
        (void) text_copy(issuer.host, sizeof(issuer.host), host);
        (void) text_copy(row.name, sizeof(row.name), host);
        (void) text_copy(self.database, sizeof(self.database), database);
        r = store_begin(writer);
        if (r >= 0)
                r = put_self(writer, &self);
        if (r >= 0)
                r = store_fleet_put_issuer(writer, &issuer);
        if (r >= 0)
                r = store_fleet_put_host(writer, &row);
        if (r >= 0)
                r = store_fleet_put_group(writer, &all);
        if (r >= 0)
                r = store_audit_add(writer, audit);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        return r < 0 ? r : take_part(f, writer);
}

/* --- Inviting --- */

static void draw_password(char out[static FLEET_PASSWORD_LEN + 1]) {
        uint8_t bytes[FLEET_PASSWORD_LEN];

        keymint_draw(bytes, sizeof(bytes));
        /* 64 values of which 62 are letters and digits: "." and "_" need no quotes either. */
        for (size_t i = 0; i < FLEET_PASSWORD_LEN; i++) {
                unsigned v = bytes[i] % 64;

                out[i] = v < 62 ? keytext_alphabet()[v] : v == 62 ? '.' : '_';
        }
        out[FLEET_PASSWORD_LEN] = '\0';
        explicit_bzero(bytes, sizeof(bytes));
}

static int is_of_another(const struct store_fleet_host *host, void *userdata) {
        const struct store_fleet_host *guest = userdata;

        return strcmp(host->name, guest->name) != 0 &&
                               (memcmp(host->issuer, guest->issuer, sizeof(host->issuer)) == 0 ||
                                memcmp(host->recipient, guest->recipient,
                                       sizeof(host->recipient)) == 0)
                       ? -EADDRINUSE
                       : 0;
}

/* Every host knows the key that another one signs with. Whoever is invited with that key would take
 * it along when he is dropped. */
static int check_key(struct fleet *f, struct store *writer, struct store_fleet_host *guest) {
        const struct fleet_trusted *issuer = fleet_find_issuer(f, guest->issuer);

        /* The former key under that name ends. */
        if (strcmp(guest->name, f->self.host) == 0)
                return -ENOTUNIQ;
        if (memcmp(guest->issuer, f->self.id, sizeof(guest->issuer)) == 0 ||
            (issuer && strcmp(issuer->issuer.host, guest->name) != 0))
                return -EADDRINUSE;
        return store_fleet_each_host(writer, is_of_another, guest);
}

/* What cannot be sealed is known before all hosts hear of the new one. */
static int try_to_seal(struct fleet *f, struct store *writer, const struct fleet_invite *invite) {
        uint8_t *out = malloc(FLEET_INVITATION_MAX);
        size_t len;
        int r;

        if (!out)
                return -ENOMEM;
        r = fleet_join_seal(f, writer, invite, out, &len);
        free(out);
        return r;
}

int fleet_join_invite(struct fleet *f, struct store *writer, struct fleet_invite *invite,
                      struct fleet_change *ret) {
        struct store_fleet_host own;
        bool found;
        struct store_fleet_issuer issuer = {};
        struct bytes_writer w = {};
        uint8_t body[8192];
        int r;

        if (!f->joined || !f->self.issuing)
                return f->joined ? -EOPNOTSUPP : fleet_absence(f);
        r = fleet_hosts_check(f, invite->host.groups);
        if (r >= 0)
                r = check_key(f, writer, &invite->host);
        if (r >= 0 && invite->issuing)
                r = fleet_hosts_check_room(f, invite->host.name);
        if (r >= 0)
                r = fleet_hosts_find(writer, f->self.host, &own);
        if (r < 0 && r != -ENOENT)
                return r;
        found = r >= 0;
        draw_password(invite->password);
        r = try_to_seal(f, writer, invite);
        if (r < 0)
                return r;
        w.out = body;
        w.size = sizeof(body);
        /* The first host was in no change yet. */
        if (found)
                fleet_body_put_host(&w, &own);
        fleet_hosts_end_keys(f, invite->host.name, invite->host.issuer, &w);
        if (invite->issuing || fleet_host_issues(f, &invite->host)) {
                memcpy(issuer.public, invite->host.issuer, sizeof(issuer.public));
                memcpy(issuer.host, invite->host.name, sizeof(issuer.host));
                fleet_body_put_issuer(&w, &issuer, invite->issuing);
        }
        fleet_body_put_host(&w, &invite->host);
        return w.full ? -EMSGSIZE : fleet_change_say(f, body, w.len, ret);
}

static int put_issuer(const struct store_fleet_issuer *issuer, void *userdata) {
        struct bytes_writer *w = userdata;

        bytes_write_raw(w, issuer->public, sizeof(issuer->public));
        bytes_write_text(w, issuer->host);
        return 0;
}

static void put_groups(const struct fleet *f, const char *groups, struct bytes_writer *w) {
        size_t n = 0;

        for (size_t i = 0; i < f->n_groups; i++)
                n += text_has_word(groups, f->groups[i].group.name);
        bytes_write(w, 4, n);
        for (size_t i = 0; i < f->n_groups; i++)
                if (text_has_word(groups, f->groups[i].group.name)) {
                        bytes_write_text(w, f->groups[i].group.name);
                        bytes_write_raw(w, f->groups[i].key, sizeof(f->groups[i].key));
                }
}

static int put_invitation(const struct fleet *f, struct store *writer,
                          const struct fleet_invite *invite, struct bytes_writer *w) {
        static const char *const own[] = { "user", "password", "passfile", "sslpassword" };
        char place[STORE_FLEET_DATABASE_MAX + 1], database[STORE_FLEET_DATABASE_MAX + 1];
        uint8_t pepper[PEPPER_LEN];
        int n;

        memcpy(place, invite->database[0] ? invite->database : f->self.database, sizeof(place));
        /* This host's own role is nothing for others. */
        for (size_t i = 0; i < ARRAY_LEN(own); i++)
                conninfo_drop(place, own[i]);
        /* In front of the others: behind them it could become a part of the last one. */
        n = snprintf(database, sizeof(database), "user=wfapikey_host_%s password=%s %s",
                     invite->host.name, invite->password, place);
        explicit_bzero(place, sizeof(place));
        if (n >= (int) sizeof(database))
                return -EMSGSIZE;
        if (!keymint_copy_pepper(f->keymint, f->self.pepper_id, pepper))
                return -ENOKEY;
        bytes_write_raw(w, f->self.id, sizeof(f->self.id));
        bytes_write_text(w, invite->host.name);
        bytes_write_text(w, database);
        bytes_write(w, 1, invite->issuing);
        bytes_write(w, 4, f->self.pepper_id);
        bytes_write_raw(w, pepper, sizeof(pepper));
        bytes_write(w, 4, f->n_issuers);
        explicit_bzero(database, sizeof(database));
        explicit_bzero(pepper, sizeof(pepper));
        return store_fleet_each_issuer(writer, put_issuer, w);
}

static int seal_body(const struct fleet *f, const struct fleet_invite *invite, const uint8_t *body,
                     size_t len, uint8_t *out, size_t *ret_len) {
        struct seal_head head = { .kind = SEAL_INVITATION, .created_at = clock_now() };
        uint8_t secret[SEAL_SECRET_LEN];
        struct seal *seal = NULL;
        int r;

        memcpy(head.recipient, invite->host.recipient, sizeof(head.recipient));
        r = mirror_key_source(f->dir, secret);
        if (r >= 0)
                r = seal_begin(&seal, &head, secret, out);
        explicit_bzero(secret, sizeof(secret));
        if (r < 0)
                return r;
        bytes_put(out + SEAL_HEAD_LEN, 4, len + SEAL_CHUNK_EXTRA);
        seal_push(seal, body, len, true, out + SEAL_HEAD_LEN + 4);
        seal_free(seal);
        *ret_len = SEAL_HEAD_LEN + 4 + len + SEAL_CHUNK_EXTRA;
        return 0;
}

int fleet_join_seal(struct fleet *f, struct store *writer, const struct fleet_invite *invite,
                    uint8_t out[static FLEET_INVITATION_MAX], size_t *ret_len) {
        struct bytes_writer w = { .size = BODY_MAX };
        int r;

        if (!f->joined)
                return fleet_absence(f);
        w.out = malloc(w.size);
        if (!w.out)
                return -ENOMEM;
        r = put_invitation(f, writer, invite, &w);
        if (r >= 0) {
                put_groups(f, invite->host.groups, &w);
                bytes_write(&w, 8, (uint64_t) fleet_find_group(f, FLEET_GROUP_ALL)->group.number);
                r = w.full ? -EMSGSIZE : seal_body(f, invite, w.out, w.len, out, ret_len);
        }
        explicit_bzero(w.out, w.size);
        free(w.out);
        return r;
}

/* --- Accepting --- */

static int open_invitation(const struct fleet *f, const uint8_t *in, size_t len, uint8_t *body,
                           size_t *ret_len) {
        uint8_t secret[SEAL_SECRET_LEN];
        struct seal *seal = NULL;
        struct seal_head head;
        size_t chunk;
        bool last = false;
        int r;

        if (len < SEAL_HEAD_LEN + 4)
                return -EBADMSG;
        r = seal_read_head(in, &head);
        if (r < 0)
                return r;
        chunk = bytes_get(in + SEAL_HEAD_LEN, 4);
        if (head.kind != SEAL_INVITATION)
                return -EPROTOTYPE;
        if (chunk < SEAL_CHUNK_EXTRA || chunk > SEAL_SEALED_MAX || len != SEAL_HEAD_LEN + 4 + chunk)
                return -EBADMSG;
        r = mirror_key_read(f->dir, secret);
        if (r >= 0)
                r = seal_open(&seal, in, secret);
        explicit_bzero(secret, sizeof(secret));
        if (r >= 0)
                r = seal_pull(seal, in + SEAL_HEAD_LEN + 4, chunk, body, &last);
        seal_free(seal);
        if (r < 0)
                return r == -EKEYREJECTED ? -EADDRNOTAVAIL : r;
        *ret_len = chunk - SEAL_CHUNK_EXTRA;
        return last ? 0 : -EBADMSG;
}

static int take_self(const struct fleet *f, struct bytes_reader *r, struct store_fleet *ret) {
        uint8_t pepper[PEPPER_LEN];
        uint32_t id = 0;
        int error;

        bytes_read_raw(r, ret->id, sizeof(ret->id));
        bytes_read_text(r, ret->host, sizeof(ret->host));
        bytes_read_text(r, ret->database, sizeof(ret->database));
        ret->issuing = bytes_read_flag(r);
        ret->pepper_id = (uint32_t) bytes_read(r, 4);
        bytes_read_raw(r, pepper, sizeof(pepper));
        if (r->bad || !fleet_join_is_host(ret->host))
                return -EBADMSG;
        error = pepper_id_of(pepper, &id);
        if (error >= 0)
                error = id != ret->pepper_id ? -EBADMSG : pepper_write_foreign(f->dir, id, pepper);
        explicit_bzero(pepper, sizeof(pepper));
        return error;
}

static int take_issuers(struct store *writer, struct bytes_reader *r) {
        size_t n = bytes_read(r, 4);
        int error = n == 0 || n > FLEET_ISSUERS_MAX ? -EBADMSG : 0;

        for (size_t i = 0; error >= 0 && i < n; i++) {
                struct store_fleet_issuer issuer = {};

                bytes_read_raw(r, issuer.public, sizeof(issuer.public));
                bytes_read_text(r, issuer.host, sizeof(issuer.host));
                error = r->bad ? -EBADMSG : store_fleet_put_issuer(writer, &issuer);
        }
        return error;
}

static int take_groups(const struct fleet *f, struct store *writer, struct bytes_reader *r) {
        size_t n = bytes_read(r, 4);
        int error = n == 0 || n > FLEET_GROUPS_MAX ? -EBADMSG : 0;

        for (size_t i = 0; error >= 0 && i < n; i++) {
                struct store_fleet_group group = {};
                char name[FLEET_KEY_NAME_LEN];
                uint8_t key[FRAME_KEY_LEN];

                bytes_read_text(r, group.name, sizeof(group.name));
                bytes_read_raw(r, key, sizeof(key));
                error = r->bad || !fleet_is_name(group.name)
                                ? -EBADMSG
                                : secretfile_write(f->dir, fleet_key_name(group.name, name), key);
                explicit_bzero(key, sizeof(key));
                if (error >= 0)
                        error = store_fleet_put_group(writer, &group);
        }
        return error;
}

/* An invitation of before has none. */
static int take_number(struct bytes_reader *r, int64_t *ret) {
        uint64_t number = bytes_is_at_end(r) ? 0 : bytes_read(r, 8);

        if (!bytes_is_at_end(r) || number > INT64_MAX)
                return -EBADMSG;
        *ret = (int64_t) number;
        return 0;
}

static int accept(const struct fleet *f, struct store *writer, struct bytes_reader *r,
                  const struct audit_record *audit) {
        struct store_fleet self = {};
        int error;

        error = take_self(f, r, &self);
        if (error >= 0)
                error = store_begin(writer);
        if (error >= 0)
                error = take_issuers(writer, r);
        if (error >= 0)
                error = take_groups(f, writer, r);
        if (error >= 0)
                error = take_number(r, &self.invited);
        if (error >= 0)
                error = put_self(writer, &self);
        explicit_bzero(&self, sizeof(self));
        if (error >= 0)
                error = store_audit_add(writer, audit);
        if (error >= 0)
                error = store_commit(writer);
        store_rollback(writer);
        return error;
}

int fleet_join_accept(struct fleet *f, struct store *writer, const uint8_t *in, size_t len,
                      const struct audit_record *audit) {
        struct bytes_reader reader = {};
        uint8_t *body;
        int r;

        if (f->joined || f->unread)
                return f->joined ? -EISCONN : fleet_absence(f);
        body = malloc(SEAL_CHUNK_MAX);
        if (!body)
                return -ENOMEM;
        r = open_invitation(f, in, len, body, &reader.len);
        reader.in = body;
        if (r >= 0)
                r = accept(f, writer, &reader, audit);
        explicit_bzero(body, SEAL_CHUNK_MAX);
        free(body);
        return r < 0 ? r : take_part(f, writer);
}

/* --- Leaving --- */

int fleet_join_leave(struct fleet *f, struct store *writer, const struct audit_record *audit) {
        int r;

        /* A host that has lost a file of its fleet for good can leave. */
        if (!f->joined && !f->unread)
                return fleet_absence(f);
        r = fleet_age_keep(f, writer, true);
        if (r >= 0)
                r = store_begin(writer);
        if (r >= 0)
                r = store_fleet_forget(writer);
        if (r >= 0)
                r = store_audit_add(writer, audit);
        if (r >= 0)
                r = store_commit(writer);
        store_rollback(writer);
        if (r < 0)
                return r;
        r = fleet_load(f, writer);
        fleet_groups_tidy(f, writer);
        return r;
}

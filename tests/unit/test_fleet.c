/* SPDX-License-Identifier: BSD-2-Clause */
/* A fleet of an issuing host and a member: what the issuer changes is so on the member, and no
 * change that was replayed, reordered, forged or held back makes a revoked key good. */
#include "unit_fleet_pair.h"
#include "unit_trust.h"

#include "fleet/fleet_state.h"
#include "mirror/mirror_export.h"
#include "mirror/mirror_import.h"
#include "mirror/mirror_key.h"
#include "store/store_cert.h"
#include "store/store_mirror.h"

static void test_follows(void **state) {
        struct fixture *f = *state;
        struct key_record key;
        struct life l = {};

        /* The password of the issuing host's role is nothing for others. */
        assert_null(strstr(fleet_self(f->member.fleet)->database, "hidden"));
        /* In front: behind the others it would become a part of an empty value at the end. */
        assert_true(strncmp(fleet_self(f->member.fleet)->database,
                            "user=wfapikey_host_web1 password=", 33) == 0);

        live(f, &l, "web");
        assert_int_equal(l.made.n, 1);
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        key = get(&f->member, ID);
        assert_int_equal(key.status, KEY_ACTIVE);
        assert_int_equal(key.owner_uid, RECORD_UNBOUND);
        assert_string_equal(key.hosts, "web");
        assert_true(keymint_knows(f->member.keymint, key.pepper_id));
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), 0);
        assert_string_equal(get(&f->member, ID).name, "another");
        assert_int_equal(unit_host_take(&f->member, &l.revoked.frames[0]), 0);
        assert_int_equal(get(&f->member, ID).status, KEY_REVOKED);
        assert_int_equal(unit_host_take(&f->member, &l.removed.frames[0]), 0);
        assert_int_equal(store_key_get(f->member.store->writer, ID, &key), -ENOENT);
        end(&l);
}

/* Nothing is taken twice, nothing is left out. */
static void test_order(void **state) {
        struct fixture *f = *state;
        struct life l = {};

        live(f, &l, "web");
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), -ESTALE);
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), -ESTALE);
        assert_int_equal(unit_host_take(&f->member, &l.revoked.frames[0]), -ESTALE);
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), 0);
        unit_host_again(&f->member);
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), -ESTALE);
        assert_int_equal(unit_host_take(&f->member, &l.revoked.frames[0]), 0);
        assert_int_equal(get(&f->member, ID).status, KEY_REVOKED);
        end(&l);
}

/* A host in two groups hears of a key twice, and the second log may be behind the first. */
static void test_two_groups(void **state) {
        struct fixture *f = *state;
        struct key_record key;
        struct life l = {};

        live(f, &l, "all web");
        assert_int_equal(l.made.n, 2);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&l.made, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&l.renamed, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&l.made, "all")), 0);
        assert_string_equal(get(&f->member, ID).name, "another");
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&l.revoked, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&l.removed, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&l.renamed, "all")), 0);
        assert_int_equal(store_key_get(f->member.store->writer, ID, &key), -ENOENT);
        end(&l);
}

/* What this host has revoked by itself stays revoked, whatever others say. */
static void test_sticky(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct key_record key;
        struct life l = {};

        live(f, &l, "web");
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        key = get(&f->member, ID);
        key.status = KEY_REVOKED;
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_update(writer, &key), 0);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), 0);
        key = get(&f->member, ID);
        assert_string_equal(key.name, "another");
        assert_int_equal(key.status, KEY_REVOKED);
        end(&l);
}

/* A key of this host alone is not the fleet's, whatever its id is. */
static void test_own_key(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->member.store->writer;
        struct key_record key = unit_key(ID, "bob");
        struct life l = {};

        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_key_insert(writer, &key), 0);
        assert_int_equal(store_commit(writer), 0);
        live(f, &l, "web");
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &l.revoked.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &l.removed.frames[0]), 0);
        key = get(&f->member, ID);
        assert_string_equal(key.owner, "bob");
        assert_int_equal(key.status, KEY_ACTIVE);
        end(&l);
}

/* Each bit of a change counts. */
static void test_forged(void **state) {
        struct fixture *f = *state;
        struct life l = {};
        struct fleet_frame *frame = &l.made.frames[0];

        live(f, &l, "web");
        for (size_t at = 0; at < frame->len; at += 7) {
                struct key_record key;

                frame->bytes[at] ^= 0x10;
                /* A longer body never ends. */
                if (unit_host_take(&f->member, frame) == 0)
                        assert_in_range(at, 184, 187);
                assert_int_equal(store_key_get(f->member.store->writer, ID, &key), -ENOENT);
                frame->bytes[at] ^= 0x10;
                unit_host_again(&f->member);
        }
        assert_int_equal(unit_host_take(&f->member, frame), 0);
        end(&l);
}

/* A member's root has all keys of its groups, but is no issuer. */
static void test_member_is_no_issuer(void **state) {
        struct fixture *f = *state;
        struct fleet_change change = {};

        f->member.fleet->self.issuing = true;
        assert_int_equal(fleet_change_say(f->member.fleet, (const uint8_t *) "", 0, &change), 0);
        assert_int_equal(unit_host_take(&f->issuer, &change.frames[0]), -EKEYREJECTED);
        fleet_change_done(&change);
}

static void test_bytes_in_pieces(void **state) {
        struct fixture *f = *state;
        struct fleet_news news = {};
        struct life l = {};
        uint8_t *all;
        size_t len;

        live(f, &l, "web");
        len = l.made.frames[0].len + l.renamed.frames[0].len;
        all = malloc(len);
        assert_non_null(all);
        memcpy(all, l.made.frames[0].bytes, l.made.frames[0].len);
        memcpy(all + l.made.frames[0].len, l.renamed.frames[0].bytes, l.renamed.frames[0].len);
        for (size_t at = 0; at < len; at += 100)
                assert_int_equal(fleet_apply_bytes(f->member.fleet, f->member.store->writer, "web",
                                                   all + at, len - at < 100 ? len - at : 100,
                                                   &news),
                                 0);
        assert_int_equal(news.number, 2);
        assert_string_equal(get(&f->member, ID).name, "another");
        free(all);
        end(&l);
}

/* Two issuers at once: one of them loses, and decides anew. */
static void test_two_issuers(void **state) {
        struct fixture *f = *state;
        struct unit_host other = {};
        struct fleet_change invite = {}, change = {};
        struct key_record key = fleet_key(f, "web"), second;

        unit_host_make(&other, 3);
        unit_host_invite(&f->issuer, &other, "hub2", "all web", true, &invite);
        assert_int_equal(unit_host_take(&other, &f->group.frames[0]), 0);
        assert_int_equal(unit_host_take(&other, &f->invite.frames[0]), 0);
        assert_int_equal(unit_host_take(&other, &invite.frames[0]), 0);
        unit_host_change(&f->issuer, insert, &key, &change);
        assert_int_equal(unit_host_take(&other, &change.frames[0]), 0);
        fleet_change_done(&change);
        second = key;
        memcpy(second.id, "zzzzzzzzzz", sizeof(second.id));
        unit_host_change(&other, insert, &second, &change);
        /* The member hears of the new issuer first. */
        assert_int_equal(unit_host_take(&f->issuer, &change.frames[0]), 0);
        assert_int_equal(unit_host_take(&f->member, &change.frames[0]), -ESTALE);
        assert_int_equal(unit_host_take(&f->member, &invite.frames[0]), 0);
        fleet_change_done(&change);
        fleet_change_done(&invite);
        unit_host_drop(&other);
}

static void move(struct fixture *f, const char *groups, bool issuing) {
        struct fleet_move move = { .host = "web1", .issuing = issuing };
        struct fleet_change change = {};
        struct fleet_news news;

        (void) snprintf(move.groups, sizeof(move.groups), "%s", groups);
        assert_int_equal(fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &move, &change),
                         0);
        assert_int_equal(
                fleet_change_apply(f->issuer.fleet, f->issuer.store->writer, &change, NULL, &news),
                0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&change, "all")), 0);
        fleet_change_done(&change);
}

/* Keys of a group that a host has left are gone from it. When it comes back, it gets them again. */
static void test_other_groups(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, "web"), both = fleet_key(f, "all web");
        struct fleet_change one = {}, two = {};

        memcpy(both.id, "zzzzzzzzzz", sizeof(both.id));
        unit_host_change(&f->issuer, insert, &key, &one);
        unit_host_change(&f->issuer, insert, &both, &two);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&one, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&two, "web")), 0);
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&two, "all")), 0);
        move(f, "all", false);
        assert_false(fleet_has_group(f->member.fleet, "web"));
        assert_int_equal(store_key_get(f->member.store->writer, ID, &key), -ENOENT);
        assert_string_equal(get(&f->member, "zzzzzzzzzz").hosts, "all web");
        move(f, "all web", false);
        assert_true(fleet_has_group(f->member.fleet, "web"));
        assert_int_equal(unit_host_take(&f->member, unit_frame_of(&one, "web")), 0);
        assert_string_equal(get(&f->member, ID).hosts, "web");
        fleet_change_done(&one);
        fleet_change_done(&two);
}

/* A record that this version does not know may be one that ends something. */
static void test_a_newer_version(void **state) {
        const uint8_t unknown[STORE_RECORD_HEAD] = { 200 };
        struct fixture *f = *state;
        int64_t number = fleet_find_group(f->member.fleet, "all")->group.number;
        struct fleet_change change = {};

        assert_int_equal(fleet_change_say(f->issuer.fleet, unknown, sizeof(unknown), &change), 0);
        for (unsigned i = 0; i < 2; i++)
                assert_int_equal(unit_host_take(&f->member, &change.frames[0]), -EPROTONOSUPPORT);
        assert_int_equal(fleet_find_group(f->member.fleet, "all")->group.number, number);
        unit_host_again(&f->member);
        assert_int_equal(fleet_find_group(f->member.fleet, "all")->group.number, number);
        fleet_change_done(&change);
}

/* A member that is promoted issues, and its changes count on the host that has promoted it. */
static void test_promoted(void **state) {
        struct fixture *f = *state;
        struct key_record key = fleet_key(f, "web");
        struct fleet_change change = {};
        struct fleet_move nobody = { .host = "hub", .groups = "all" };

        assert_int_equal(
                fleet_hosts_move(f->issuer.fleet, f->issuer.store->writer, &nobody, &change),
                -EBUSY);
        move(f, "all web", true);
        unit_host_again(&f->member);
        unit_host_change(&f->member, insert, &key, &change);
        assert_int_equal(unit_host_take(&f->issuer, &change.frames[0]), 0);
        assert_string_equal(get(&f->issuer, ID).hosts, "web");
        fleet_change_done(&change);
        /* and no more */
        move(f, "all web", false);
        assert_int_equal(fleet_change_say(f->member.fleet, (const uint8_t *) "", 0, &change),
                         -EOPNOTSUPP);
}

/* What the group of all hosts has. */
static void change_wide(struct fixture *f, void (*body)(struct store *writer)) {
        struct store *writer = f->issuer.store->writer;
        struct store_delta *delta = NULL;
        struct fleet_change change = {};
        struct fleet_news news;

        assert_int_equal(store_delta_new(&delta), 0);
        store_delta_widen(delta);
        store_delta_watch(writer, delta);
        assert_int_equal(store_begin(writer), 0);
        body(writer);
        assert_int_equal(fleet_change_make(f->issuer.fleet, writer, delta, &change), 0);
        store_rollback(writer);
        store_delta_watch(writer, NULL);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &change, delta, &news), 0);
        assert_null(store_delta_free(delta));
        assert_string_equal(change.frames[0].group, "all");
        assert_int_equal(unit_host_take(&f->member, &change.frames[0]), 0);
        fleet_change_done(&change);
}

static void set_policy(struct store *writer) {
        assert_int_equal(store_policy_set(writer, "max-keys-per-user", 7, 1800000000), 0);
}

static int64_t member_policy(const struct fixture *f, const char *name) {
        char sql[96];

        (void) snprintf(sql, sizeof(sql), "SELECT value FROM policy WHERE name = '%s'", name);
        return unit_sql_number(f->member.store->path, sql);
}

static void test_policy(void **state) {
        struct fixture *f = *state;

        change_wide(f, set_policy);
        assert_int_equal(member_policy(f, "max-keys-per-user"), 7);
}

static const uint8_t der[] = "not parsed here";

static void add_cert(struct store *writer) {
        struct cert_record cert = unit_cert(1);

        keymint_sha256(der, sizeof(der), cert.thumbprint);
        assert_int_equal(store_cert_insert(writer, &cert, der, sizeof(der)), 0);
}

static void remove_cert(struct store *writer) {
        uint8_t thumbprint[RECORD_THUMBPRINT_LEN];

        keymint_sha256(der, sizeof(der), thumbprint);
        assert_int_equal(store_cert_delete(writer, thumbprint), 0);
}

/* A host remembers which certificates are trusted. Each change of them ends that. */
static void test_certificates_go(void **state) {
        struct fixture *f = *state;
        int64_t trust;

        change_wide(f, add_cert);
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM cert"), 1);
        trust = member_policy(f, "trust");
        change_wide(f, remove_cert);
        assert_int_equal(unit_sql_number(f->member.store->path, "SELECT count(*) FROM cert"), 0);
        assert_true(member_policy(f, "trust") != trust);
}

/* The host has keys of its own, with its own pepper. */
static void give_own_key(const struct unit_host *h, const char *id) {
        struct key_record key = unit_key(id, "bob");
        char sql[128];

        key.pepper_id = keymint_pepper_id(h->keymint);
        (void) snprintf(
                sql, sizeof(sql),
                "DELETE FROM pepper WHERE id = %u; INSERT OR IGNORE INTO pepper (id) VALUES (%u)",
                UNIT_PEPPER_ID, key.pepper_id);
        unit_sql(h->store->path, sql);
        assert_int_equal(store_begin(h->store->writer), 0);
        assert_int_equal(store_key_insert(h->store->writer, &key), 0);
        assert_int_equal(store_commit(h->store->writer), 0);
}

static void copy_store(const struct unit_host *from, const struct unit_host *to) {
        const struct mirror_import_options options = { .kind = SEAL_MIRROR };
        uint8_t bytes[MIRROR_EXPORT_MAX];
        char key[SEAL_TEXT_LEN + 1];
        struct mirror_export *out = NULL;
        struct mirror_import *in = NULL;
        uint64_t keys;
        size_t len;
        int more;

        if (mirror_key_show(to->dir, key) < 0)
                assert_int_equal(mirror_key_make(to->dir, false, key), 0);
        assert_int_equal(mirror_export_open(&out, from->store->writer, from->dir, from->keymint,
                                            key, SEAL_MIRROR, UNIT_BEGUN_AT),
                         0);
        assert_int_equal(mirror_import_open(&in, to->store->writer, to->dir, to->keymint, &options,
                                            UNIT_BEGUN_AT),
                         0);
        do {
                more = mirror_export_read(out, bytes, &len, &keys);
                assert_true(more >= 0);
                assert_int_equal(mirror_import_write(in, to->store->writer, bytes, len), 0);
        } while (more > 0);
        do
                more = mirror_import_commit(in, to->store->writer, &unit_fleet_record, &keys);
        while (more > 0);
        assert_int_equal(more, 0);
        mirror_export_free(out);
        mirror_import_free(in);
}

/* A copy of a whole store has what is the host's own, and takes nothing of the fleet away. */
static void test_copies(void **state) {
        struct fixture *f = *state;
        struct unit_host third = {};
        struct key_record key;
        struct life l = {};

        unit_host_make(&third, 5);
        live(f, &l, "web");
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        give_own_key(&f->member, "bbbbbbbbbb");
        give_own_key(&third, "cccccccccc");
        copy_store(&f->member, &third);
        assert_string_equal(get(&third, "bbbbbbbbbb").owner, "bob");
        assert_int_equal(store_key_get(third.store->writer, ID, &key), -ENOENT);
        assert_int_equal(store_key_get(third.store->writer, "cccccccccc", &key), -ENOENT);
        assert_false(keymint_knows(third.keymint, fleet_pepper(&f->issuer)));
        /* and back, where the fleet's key is still there and follows the log */
        give_own_key(&third, "dddddddddd");
        copy_store(&third, &f->member);
        assert_string_equal(get(&f->member, "dddddddddd").owner, "bob");
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), 0);
        assert_string_equal(get(&f->member, ID).name, "another");
        end(&l);
        unit_host_drop(&third);
}

static void test_leaves(void **state) {
        struct fixture *f = *state;
        struct key_record key;
        struct life l = {};

        live(f, &l, "web");
        assert_int_equal(unit_host_take(&f->member, &l.made.frames[0]), 0);
        assert_int_equal(
                fleet_join_leave(f->member.fleet, f->member.store->writer, &unit_fleet_record), 0);
        assert_null(fleet_self(f->member.fleet));
        assert_int_equal(store_key_get(f->member.store->writer, ID, &key), -ENOENT);
        assert_int_equal(unit_host_take(&f->member, &l.renamed.frames[0]), -ENOLINK);
        assert_int_equal(
                fleet_join_leave(f->member.fleet, f->member.store->writer, &unit_fleet_record),
                -ENOLINK);
        end(&l);
}

/* Every host knows the key of an issuing host, and the key of a guest is what the guest says. */
static void test_a_guest_with_the_key_of_another(void **state) {
        struct fixture *f = *state;
        struct fleet_invite own = {}, invite = {};
        struct fleet_change change = {};
        struct unit_host third = {};
        char key[FLEET_KEY_LEN + 1];

        unit_host_make(&third, 3);
        assert_int_equal(fleet_join_key(third.fleet, key), 0);
        assert_int_equal(fleet_join_take_key(&own, key), 0);
        memcpy(own.host.name, "third", 6);
        memcpy(own.host.groups, "all", 4);
        for (int i = 0; i < 3; i++) {
                struct store_fleet_host member;

                invite = own;
                assert_int_equal(store_fleet_get_host(f->issuer.store->writer, "web1", &member), 0);
                if (i == 0)
                        memcpy(invite.host.issuer, fleet_self(f->issuer.fleet)->id,
                               sizeof(invite.host.issuer));
                else if (i == 1)
                        memcpy(invite.host.issuer, member.issuer, sizeof(member.issuer));
                else
                        memcpy(invite.host.recipient, member.recipient, sizeof(member.recipient));
                assert_int_equal(fleet_join_invite(f->issuer.fleet, f->issuer.store->writer,
                                                   &invite, &change),
                                 -EADDRINUSE);
        }
        assert_int_equal(fleet_join_invite(f->issuer.fleet, f->issuer.store->writer, &own, &change),
                         0);
        fleet_change_done(&change);
        unit_host_drop(&third);
}

/* A fleet of an older version can have such a guest. He goes, and takes nobody along. */
static void test_a_guest_with_the_key_of_another_goes(void **state) {
        struct fixture *f = *state;
        struct store *writer = f->issuer.store->writer;
        struct store_fleet_host guest = { .name = "third", .groups = "all" };
        struct fleet_change change = {};
        struct fleet_news news;

        memcpy(guest.issuer, fleet_self(f->issuer.fleet)->id, sizeof(guest.issuer));
        assert_int_equal(store_begin(writer), 0);
        assert_int_equal(store_fleet_put_host(writer, &guest), 0);
        assert_int_equal(store_commit(writer), 0);
        assert_int_equal(fleet_hosts_drop(f->issuer.fleet, writer, "third", &change), 0);
        assert_int_equal(fleet_change_apply(f->issuer.fleet, writer, &change, NULL, &news), 0);
        assert_non_null(fleet_find_issuer(f->issuer.fleet, guest.issuer));
        assert_int_equal(store_fleet_get_host(writer, "third", &guest), -ENOENT);
        fleet_change_done(&change);
}

static void test_the_last_issuing_host_stays(void **state) {
        struct fixture *f = *state;
        struct fleet_change change = {};

        assert_int_equal(fleet_hosts_drop(f->issuer.fleet, f->issuer.store->writer,
                                          fleet_self(f->issuer.fleet)->host, &change),
                         -EBUSY);
}

static void test_invitation_for_another(void **state) {
        struct fixture *f = *state;
        uint8_t invitation[FLEET_INVITATION_MAX];
        struct fleet_invite invite = {};
        struct fleet_change change = {};
        char key[FLEET_KEY_LEN + 1];
        struct unit_host third = {}, fourth = {};
        size_t len;

        unit_host_make(&third, 3);
        unit_host_make(&fourth, 4);
        assert_int_equal(fleet_join_key(third.fleet, key), 0);
        assert_int_equal(fleet_join_take_key(&invite, key), 0);
        memcpy(invite.host.name, "third", 6);
        memcpy(invite.host.groups, "all", 4);
        assert_int_equal(
                fleet_join_invite(f->issuer.fleet, f->issuer.store->writer, &invite, &change), 0);
        assert_int_equal(fleet_join_seal(f->issuer.fleet, f->issuer.store->writer, &invite,
                                         invitation, &len),
                         0);
        assert_int_equal(fleet_join_accept(fourth.fleet, fourth.store->writer, invitation, len,
                                           &unit_fleet_record),
                         -ENOKEY);
        assert_int_equal(fleet_join_key(fourth.fleet, key), 0);
        assert_int_equal(fleet_join_accept(fourth.fleet, fourth.store->writer, invitation, len,
                                           &unit_fleet_record),
                         -EADDRNOTAVAIL);
        assert_int_equal(fleet_join_accept(third.fleet, third.store->writer, invitation, len - 1,
                                           &unit_fleet_record),
                         -EBADMSG);
        invitation[len - 1] ^= 1;
        assert_int_equal(fleet_join_accept(third.fleet, third.store->writer, invitation, len,
                                           &unit_fleet_record),
                         -EBADMSG);
        assert_null(fleet_self(third.fleet));
        fleet_change_done(&change);
        unit_host_drop(&third);
        unit_host_drop(&fourth);
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test_setup_teardown(test_follows, make, drop),
                cmocka_unit_test_setup_teardown(test_order, make, drop),
                cmocka_unit_test_setup_teardown(test_two_groups, make, drop),
                cmocka_unit_test_setup_teardown(test_sticky, make, drop),
                cmocka_unit_test_setup_teardown(test_own_key, make, drop),
                cmocka_unit_test_setup_teardown(test_forged, make, drop),
                cmocka_unit_test_setup_teardown(test_member_is_no_issuer, make, drop),
                cmocka_unit_test_setup_teardown(test_bytes_in_pieces, make, drop),
                cmocka_unit_test_setup_teardown(test_two_issuers, make, drop),
                cmocka_unit_test_setup_teardown(test_other_groups, make, drop),
                cmocka_unit_test_setup_teardown(test_a_newer_version, make, drop),
                cmocka_unit_test_setup_teardown(test_promoted, make, drop),
                cmocka_unit_test_setup_teardown(test_policy, make, drop),
                cmocka_unit_test_setup_teardown(test_certificates_go, make, drop),
                cmocka_unit_test_setup_teardown(test_copies, make, drop),
                cmocka_unit_test_setup_teardown(test_leaves, make, drop),
                cmocka_unit_test_setup_teardown(test_invitation_for_another, make, drop),
                cmocka_unit_test_setup_teardown(test_a_guest_with_the_key_of_another, make, drop),
                cmocka_unit_test_setup_teardown(test_a_guest_with_the_key_of_another_goes, make,
                                                drop),
                cmocka_unit_test_setup_teardown(test_the_last_issuing_host_stays, make, drop),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

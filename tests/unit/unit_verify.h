/* SPDX-License-Identifier: BSD-2-Clause */
/* A handler of the verify socket over a store of its own, with a key of alice that is good for
 * everything. */
#pragma once

#include "unit_trust.h"

#include "login/verify.h"
#include "store/store_key.h"

#define NOW INT64_C(1800000000)
/* a peer that is neither root nor this process */
#define OTHER 4242
#define ID    "aaaaaaaaaa"

static const char unit_secret[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopq";
static const char unit_other_secret[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopr";

struct unit_verify {
        struct unit_store *store;
        struct keymint *keymint;
        struct verify *verify;
        struct conf conf;
        /* uid 110, of postgresql, which is believed about certificates for imap */
        struct conf_peer peer;
};

static inline struct key_record unit_verify_key(const struct unit_verify *f, const char *id,
                                                const char *owner) {
        struct key_record key = unit_key(id, owner);
        struct secret text;

        keytext_format(text.text, id, unit_secret);
        keymint_digest(f->keymint, keymint_pepper_id(f->keymint), text.text, key.digest);
        key.pepper_id = keymint_pepper_id(f->keymint);
        key.created_at = NOW - 1000;
        key.expires_at = INT64_C(4000000000);
        return key;
}

static inline void unit_verify_insert(const struct unit_verify *f, const char *id,
                                      const char *owner) {
        struct key_record key = unit_verify_key(f, id, owner);

        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_key_insert(f->store->writer, &key), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static inline void unit_verify_policy(const struct unit_verify *f, const char *name,
                                      int64_t value) {
        assert_int_equal(store_begin(f->store->writer), 0);
        assert_int_equal(store_policy_set(f->store->writer, name, value, NOW), 0);
        assert_int_equal(store_commit(f->store->writer), 0);
}

static inline int unit_verify_make(void **state) {
        struct unit_verify *f = calloc(1, sizeof(*f));
        uint8_t pepper[PEPPER_LEN] = "0123456789abcdef0123456789abcde";
        void *store = NULL;
        char sql[80];

        if (!f || unit_store_make(&store) < 0 || keymint_new(&f->keymint, pepper) < 0)
                return -1;
        f->store = store;
        (void) snprintf(sql, sizeof(sql), "INSERT INTO pepper (id) VALUES (%u)",
                        keymint_pepper_id(f->keymint));
        unit_sql(f->store->path, sql);
        if (verify_new(&f->verify, f->store->reader, f->keymint) < 0)
                return -1;
        f->peer =
                (struct conf_peer){ .uid = 110, .services = "postgresql", .certificates = "imap" };
        f->conf = (struct conf){ .n_peers = 1, .peers = &f->peer };
        verify_set_conf(f->verify, &f->conf);
        unit_verify_insert(f, ID, "alice");
        unit_verify_policy(f, "enabled", 1);
        unit_account_put(f->store->writer, "alice", 1000);
        *state = f;
        return 0;
}

static inline int unit_verify_drop(void **state) {
        struct unit_verify *f = *state;
        void *store = f->store;

        verify_free(f->verify);
        keymint_free(f->keymint);
        free(f);
        return unit_store_remove(&store);
}

static inline struct wire_request unit_verify_request(enum wire_kind kind) {
        struct wire_request req = { .kind = kind,
                                    .seq = 0x89abcdef,
                                    .user = "alice",
                                    .service = "imap",
                                    .rhost = "192.0.2.7" };

        keytext_format(req.key.text, ID, unit_secret);
        return req;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of a mirror or a backup, on their way into a host. The input is records, behind their type
 * and two bytes of length, and this target seals them: so what is in them is judged, and no
 * signature stops it. An input that begins with X changes a good file instead, which must then be
 * refused, wherever the change is. Nothing is committed. */
#include "fuzz.h"

#include <errno.h>
#include <stdatomic.h>

#include "mirror/mirror_export.h"
#include "mirror/mirror_import.h"
#include "mirror/mirror_key.h"
#include "store/store_audit.h"
#include "store/store_key.h"
#include "store/store_mirror.h"

#define NOW      INT64_C(1800000000)
#define FILE_MAX (1 << 20)

static struct {
        struct store_shared shared;
        struct store *writer;
        struct keymint *keymint;
        int dir;
        uint8_t source[SEAL_SECRET_LEN], recipient[SEAL_PUBLIC_LEN];
        uint8_t good[FILE_MAX];
        size_t good_len;
} host;

/* --- The host --- */

static void seal_audit(const void *in, size_t len, uint8_t out[static RECORD_DIGEST_LEN],
                       void *userdata) {
        (void) in;
        (void) userdata;
        memset(out, (int) len, RECORD_DIGEST_LEN);
}

static void add_key(const char *id, enum key_status status) {
        struct key_record key = { .status = status,
                                  .owner_uid = 1000,
                                  .created_at = NOW - 1000,
                                  .updated_at = NOW - 1000,
                                  .expires_at = NOW + 100000 };

        (void) snprintf(key.id, sizeof(key.id), "%s", id);
        (void) snprintf(key.owner, sizeof(key.owner), "alice");
        (void) snprintf(key.name, sizeof(key.name), "laptop");
        (void) snprintf(key.services, sizeof(key.services), "sshd");
        (void) snprintf(key.networks, sizeof(key.networks), "10.0.0.0/8");
        key.pepper_id = keymint_pepper_id(host.keymint);
        must(store_begin(host.writer) == 0);
        must(store_key_insert(host.writer, &key) == 0);
        must(store_commit(host.writer) == 0);
}

static void make_good(void) {
        struct mirror_export *export = NULL;
        char text[SEAL_TEXT_LEN + 1];
        uint64_t keys;
        size_t len;
        int r;

        must(mirror_key_show(host.dir, text) == 0);
        must(mirror_export_open(&export, host.writer, host.dir, host.keymint, text, SEAL_BACKUP,
                                NOW) == 0);
        do {
                must(host.good_len + MIRROR_EXPORT_MAX <= sizeof(host.good));
                r = mirror_export_read(export, host.good + host.good_len, &len, &keys);
                must(r >= 0);
                host.good_len += len;
        } while (r > 0);
        mirror_export_free(export);
}

static void make_host(void) {
        static const uint8_t pepper[PEPPER_LEN] = { 1, 2, 3 };
        char path[300], text[SEAL_TEXT_LEN + 1];

        atomic_init(&host.shared.generation, 1);
        host.dir = open(fuzz_dir_get(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        must(host.dir >= 0 && keymint_new(&host.keymint, pepper) == 0);
        (void) snprintf(path, sizeof(path), "%s/keys.db", fuzz_dir_get());
        fuzz_write("keys.db", "", 0);
        must(store_create(path, keymint_pepper_id(host.keymint)) == 0);
        must(store_open(&host.writer, path, STORE_WRITER, &host.shared) == 0);
        store_set_seal(host.writer, seal_audit, NULL);
        must(store_audit_begin(host.writer, NOW - 2000) >= 0);
        must(mirror_key_make(host.dir, false, text) == 0);
        must(seal_text_parse(text, host.recipient) == 0);
        must(mirror_key_source(host.dir, host.source) == 0);
        add_key("aaaaaaaaaa", KEY_ACTIVE);
        add_key("bbbbbbbbbb", KEY_REVOKED);
        make_good();
}

/* --- Sealed --- */

struct sealed {
        uint8_t *bytes;
        size_t len, rows, keys, content;
        bool ended, in_keys;
        uint8_t plain[SEAL_CHUNK_MAX];
        struct seal *seal;
};

static void put_number(uint8_t *out, size_t len, uint64_t v) {
        for (size_t i = 0; i < len; i++)
                out[i] = (uint8_t) (v >> 8 * i);
}

static void end_chunk(struct sealed *s, bool last) {
        put_number(s->bytes + s->len, 4, s->content + SEAL_CHUNK_EXTRA);
        seal_push(s->seal, s->plain, s->content, last, s->bytes + s->len + 4);
        s->len += 4 + s->content + SEAL_CHUNK_EXTRA;
        s->content = 0;
}

static void put_record(struct sealed *s, uint8_t type, const uint8_t *bytes, size_t len) {
        if (s->content + STORE_RECORD_HEAD + len > sizeof(s->plain))
                end_chunk(s, false);
        s->plain[s->content] = type;
        put_number(s->plain + s->content + 1, 4, len);
        if (len > 0)
                memcpy(s->plain + s->content + STORE_RECORD_HEAD, bytes, len);
        s->content += STORE_RECORD_HEAD + len;
        s->rows += type == STORE_RECORD_ROW;
        s->keys += type == STORE_RECORD_ROW && s->in_keys;
        s->ended |= type == STORE_RECORD_END;
        if (type == STORE_RECORD_TABLE)
                s->in_keys = len >= 4 && memcmp(bytes, "\3key", 4) == 0;
}

/* The counts at the end are right unless the input has an end of its own. */
static void put_records(struct sealed *s, struct fuzz *f) {
        uint8_t counts[MIRROR_EXPORT_END_LEN];

        while (f->left > 0 && s->len < FILE_MAX / 2) {
                uint8_t type = fuzz_byte(f);
                struct fuzz part;

                if (type == 0xff) {
                        end_chunk(s, false);
                        continue;
                }
                part = fuzz_take(f, fuzz_number(f, 2) % (SEAL_CHUNK_MAX / 2));
                put_record(s, type, part.at, part.left);
        }
        put_number(counts, 8, s->rows);
        put_number(counts + 8, 8, s->keys);
        if (!s->ended)
                put_record(s, STORE_RECORD_END, counts, sizeof(counts));
        end_chunk(s, true);
}

/* --- Taken --- */

/* Whether all of the file was taken. */
static bool import(const uint8_t *bytes, size_t len, size_t piece,
                   struct mirror_import_summary *ret) {
        const struct mirror_import_options options = { .kind = SEAL_BACKUP, .revive = piece % 2 };
        struct mirror_import *i = NULL;
        int r = 0;

        must(mirror_import_open(&i, host.writer, host.dir, host.keymint, &options, NOW) == 0);
        for (size_t at = 0; r >= 0 && at < len; at += piece)
                r = mirror_import_write(i, host.writer, bytes + at,
                                        len - at < piece ? len - at : piece);
        if (r >= 0)
                r = mirror_import_check(i, ret);
        mirror_import_free(i);
        must(r <= 0);
        return r == 0;
}

static void check_summary(const struct sealed *s, const struct mirror_import_summary *summary) {
        must(summary->head.kind == SEAL_BACKUP && summary->head.created_at == NOW);
        must(memcmp(summary->head.recipient, host.recipient, SEAL_PUBLIC_LEN) == 0);
        must(summary->keys == s->keys);
        must(summary->revived + summary->kept <= summary->keys);
}

static void try_records(struct fuzz f) {
        struct seal_head head = { .kind = SEAL_BACKUP, .created_at = NOW, .sequence = 1 };
        static uint8_t bytes[FILE_MAX];
        struct sealed s = { .bytes = bytes, .len = SEAL_HEAD_LEN };
        size_t piece = 1 + 64 * (size_t) fuzz_byte(&f);
        struct mirror_import_summary summary;

        memcpy(head.recipient, host.recipient, sizeof(head.recipient));
        must(seal_begin(&s.seal, &head, host.source, bytes) == 0);
        put_records(&s, &f);
        seal_free(s.seal);
        if (import(bytes, s.len, piece, &summary))
                check_summary(&s, &summary);
}

/* One change: another byte, bytes that are missing, twice there or new, or another order. */
static void try_changed(struct fuzz f) {
        static uint8_t bytes[2 * FILE_MAX];
        uint8_t how = fuzz_byte(&f), value = fuzz_byte(&f);
        size_t at = fuzz_number(&f, 4) % host.good_len, len = host.good_len;
        size_t n = 1 + fuzz_number(&f, 2) % (host.good_len - at);
        struct mirror_import_summary summary;

        memcpy(bytes, host.good, len);
        switch (how % 5) {
        case 0:
                bytes[at] ^= value;
                break;
        case 1:
                len = at;
                break;
        case 2:
                memmove(bytes + at, host.good + at + n, len - at - n);
                len -= n;
                break;
        case 3:
                memcpy(bytes + at + n, host.good + at, len - at);
                len += n;
                break;
        case 4:
                memcpy(bytes + len, host.good + at, n);
                len += n;
                break;
        }
        must(import(bytes, len, 1 + value * 16, &summary) ==
             (len == host.good_len && memcmp(bytes, host.good, len) == 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct fuzz f = { data, size };

        if (!host.writer)
                make_host();
        if (size > 0 && data[0] == 'X') {
                (void) fuzz_byte(&f);
                try_changed(f);
        } else {
                try_records(f);
        }
        return 0;
}

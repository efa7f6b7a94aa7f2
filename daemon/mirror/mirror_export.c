/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes a whole store out in sealed chunks. It knows no connection and no socket, and lets nothing
 * out that is not sealed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bytes.h"
#include "mirror/mirror_export.h"
#include "mirror/mirror_key.h"
#include "store/store_fleet.h"
#include "store/store_mirror.h"

/* so that the end fits wherever it comes */
#define CONTENT_RESERVE (STORE_RECORD_HEAD + MIRROR_EXPORT_END_LEN)

struct mirror_export {
        const struct keymint *keymint;
        struct seal *seal;
        struct store_export *dump;
        enum seal_kind kind;
        uint8_t head[SEAL_HEAD_LEN];
        /* the head and the peppers have gone out */
        bool begun;
        uint8_t content[SEAL_CHUNK_MAX];
};

struct mirror_export *mirror_export_free(struct mirror_export *o) {
        if (!o)
                return NULL;
        seal_free(o->seal);
        store_export_free(o->dump);
        explicit_bzero(o, sizeof(*o));
        free(o);
        return NULL;
}

/* Numbers go up even where a store was lost and begun anew: a number is at least the time. Nobody
 * writes that many files in a second. */
#define PER_SECOND 1000

int64_t mirror_export_made_at(uint64_t sequence) {
        return (int64_t) (sequence / PER_SECOND);
}

static int next_sequence(struct store *writer, int64_t now, uint64_t *ret) {
        struct store_mirror mirror;
        int r;

        r = store_begin(writer);
        if (r >= 0)
                r = store_mirror_get(writer, &mirror);
        if (r >= 0) {
                mirror.exported++;
                if (now > 0 && (uint64_t) now * PER_SECOND > mirror.exported)
                        mirror.exported = (uint64_t) now * PER_SECOND;
                r = store_mirror_put(writer, &mirror);
        }
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        if (r >= 0)
                *ret = mirror.exported;
        return r;
}

static int begin(struct mirror_export *o, struct store *writer, int dir, struct seal_head *head) {
        uint8_t source[SEAL_SECRET_LEN];
        int r;

        r = next_sequence(writer, head->created_at, &head->sequence);
        if (r >= 0)
                r = mirror_key_source(dir, source);
        if (r >= 0)
                r = seal_begin(&o->seal, head, source, o->head);
        explicit_bzero(source, sizeof(source));
        return r < 0 ? r : store_export_open(&o->dump, writer);
}

int mirror_export_open(struct mirror_export **ret, struct store *writer, int dir,
                       const struct keymint *keymint, const char *recipient, enum seal_kind kind,
                       int64_t now) {
        struct seal_head head = { .kind = kind, .created_at = now };
        struct mirror_export *o;
        int r;

        r = seal_text_parse(recipient, head.recipient);
        if (r < 0)
                return r;
        o = calloc(1, sizeof(*o));
        if (!o)
                return -ENOMEM;
        o->keymint = keymint;
        o->kind = kind;
        r = begin(o, writer, dir, &head);
        if (r < 0) {
                mirror_export_free(o);
                return r;
        }
        *ret = o;
        return 0;
}

uint64_t mirror_export_keys(const struct mirror_export *o) {
        return store_export_keys(o->dump);
}

/* A chunk's content is put together here. */
struct content {
        const struct keymint *keymint;
        uint8_t *bytes;
        size_t len;
        /* The pepper of the fleet goes to nobody who was not invited. */
        bool in_fleet;
        uint32_t fleet_pepper;
};

static uint8_t *add_record(struct content *c, enum store_record type, size_t len) {
        uint8_t *at = c->bytes + c->len;

        at[0] = (uint8_t) type;
        bytes_put(at + 1, 4, len);
        c->len += STORE_RECORD_HEAD + len;
        return at + STORE_RECORD_HEAD;
}

static int add_pepper(uint32_t id, void *userdata) {
        struct content *c = userdata;
        uint8_t *at;

        if (c->in_fleet && id == c->fleet_pepper)
                return 0;
        if (c->len + STORE_RECORD_HEAD + MIRROR_EXPORT_PEPPER_LEN > SEAL_CHUNK_MAX / 2)
                return -EUCLEAN;
        at = add_record(c, STORE_RECORD_PEPPER, MIRROR_EXPORT_PEPPER_LEN);
        bytes_put(at, 4, id);
        return keymint_copy_pepper(c->keymint, id, at + 4) ? 0 : -EUCLEAN;
}

static int add_peppers(const struct mirror_export *o, struct content *c) {
        struct store *snapshot = store_export_snapshot(o->dump);
        struct store_fleet fleet;
        int r;

        r = store_fleet_get(snapshot, &fleet);
        if (r < 0 && r != -ENOENT)
                return r;
        c->in_fleet = r >= 0;
        c->fleet_pepper = r >= 0 ? fleet.pepper_id : 0;
        explicit_bzero(&fleet, sizeof(fleet));
        return store_pepper_each(snapshot, add_pepper, c);
}

/* Makes the content of the next chunk. 1; 0 for the last. */
static int fill(struct mirror_export *o, size_t *ret_len) {
        struct content c = { .keymint = o->keymint, .bytes = o->content };
        uint8_t *end;
        size_t len;
        int r = 0;

        if (!o->begun)
                r = add_peppers(o, &c);
        if (r >= 0)
                r = store_export_next(o->dump, c.bytes + c.len,
                                      SEAL_CHUNK_MAX - CONTENT_RESERVE - c.len, &len);
        if (r < 0)
                return r;
        c.len += len;
        if (r == 0) {
                end = add_record(&c, STORE_RECORD_END, MIRROR_EXPORT_END_LEN);
                bytes_put(end, 8, store_export_rows(o->dump));
                bytes_put(end + 8, 8, store_export_done(o->dump));
        }
        *ret_len = c.len;
        return r;
}

int mirror_export_read(struct mirror_export *o, uint8_t out[static MIRROR_EXPORT_MAX],
                       size_t *ret_len, uint64_t *ret_keys) {
        size_t at = 0, len;
        int r;

        r = fill(o, &len);
        if (r < 0)
                return r;
        if (!o->begun) {
                memcpy(out, o->head, SEAL_HEAD_LEN);
                at = SEAL_HEAD_LEN;
        }
        o->begun = true;
        bytes_put(out + at, MIRROR_EXPORT_FRAME_LEN, len + SEAL_CHUNK_EXTRA);
        seal_push(o->seal, o->content, len, r == 0, out + at + MIRROR_EXPORT_FRAME_LEN);
        *ret_len = at + MIRROR_EXPORT_FRAME_LEN + len + SEAL_CHUNK_EXTRA;
        *ret_keys = store_export_done(o->dump);
        return r;
}

int mirror_export_end(const struct mirror_export *o, struct store *writer, int64_t now) {
        struct store_mirror mirror;
        int r;

        if (o->kind != SEAL_BACKUP)
                return 0;
        r = store_begin(writer);
        if (r >= 0)
                r = store_mirror_get(writer, &mirror);
        if (r >= 0) {
                mirror.backed_up_at = now;
                r = store_mirror_put(writer, &mirror);
        }
        if (r >= 0)
                r = store_commit_quietly(writer);
        store_rollback(writer);
        return r;
}

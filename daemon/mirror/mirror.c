/* SPDX-License-Identifier: BSD-2-Clause */
/* Gives each export and import to one connection, by a token. It knows no bytes of the file and no
 * control socket. Its errors are those of the store and of refusals[]. */
#include <errno.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "mirror/mirror.h"

/* The connection that an export or import belongs to. Token 0: there is none. */
struct session {
        uint64_t token, connection;
        int64_t touched;
};

struct mirror {
        int dir;
        struct keymint *keymint;
        struct session writing, reading;
        struct mirror_export *out;
        struct mirror_import *in;
};

static const struct {
        int r;
        const char *sentence;
} refusals[] = {
        { -EMEDIUMTYPE, "This is not a mirror or backup of wfapikey" },
        { -EPROTONOSUPPORT, "It was made by a newer version of wfapikey" },
        { -ENOTSUP,
          "It was made by a version that is too old: its certificates cannot be taken over. "
          "Restore it with that version, and upgrade this host then" },
        { -EBADMSG, "The file is damaged, or not complete" },
        { -EKEYREJECTED, "The file is sealed for another host" },
        { -ENOKEY,
          "This host has no mirror key: nothing can be sealed for it before 'mirror keygen'" },
        { -ESTALE, "The mirror is not newer than the last one that was imported" },
        { -EXDEV, "The file does not come from the host that it must come from" },
        { -ELOOP, "The mirror was made on this very host" },
        { -EPROTOTYPE, "A mirror is imported and a backup is restored, not the other way round" },
        { -EALREADY, "Another one is under way; wait for its end" },
        { -ENXIO, "It was given up before; begin again" },
        { -E2BIG, "Its policy and that of this host together have too many services that need a "
                  "certificate" },
        { -ENOLINK, "Keys of too many hosts have been here since the daemon started; restart it" },
};

const char *mirror_refusal(int r) {
        for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
                if (refusals[i].r == r)
                        return refusals[i].sentence;
        return NULL;
}

int mirror_new(struct mirror **ret, int dir, struct keymint *keymint) {
        struct mirror *m = calloc(1, sizeof(*m));

        if (!m)
                return -ENOMEM;
        m->dir = dir;
        m->keymint = keymint;
        *ret = m;
        return 0;
}

static void end_out(struct mirror *m) {
        m->out = mirror_export_free(m->out);
        m->writing = (struct session){};
}

static void end_in(struct mirror *m) {
        m->in = mirror_import_free(m->in);
        m->reading = (struct session){};
}

struct mirror *mirror_free(struct mirror *m) {
        if (!m)
                return NULL;
        end_out(m);
        end_in(m);
        free(m);
        return NULL;
}

static int begin(struct session *s, uint64_t connection, int64_t now) {
        uint8_t random[SEAL_SECRET_LEN];
        int r;

        r = seal_make_secret(random);
        if (r >= 0)
                *s = (struct session){ .token = bytes_get(random, 8) | 1,
                                       .connection = connection,
                                       .touched = now };
        return r;
}

int mirror_keygen(const struct mirror *m, bool replace, char out[static SEAL_TEXT_LEN + 1]) {
        return mirror_key_make(m->dir, replace, out);
}

int mirror_show_key(const struct mirror *m, char out[static SEAL_TEXT_LEN + 1]) {
        return mirror_key_show(m->dir, out);
}

int mirror_export(struct mirror *m, struct store *writer, uint64_t connection,
                  const char *recipient, enum seal_kind kind, int64_t now, uint64_t *ret_token,
                  uint64_t *ret_keys) {
        int r;

        if (m->out)
                return -EALREADY;
        r = mirror_export_open(&m->out, writer, m->dir, m->keymint, recipient, kind, now);
        if (r >= 0)
                r = begin(&m->writing, connection, now);
        if (r < 0) {
                end_out(m);
                return r;
        }
        *ret_token = m->writing.token;
        *ret_keys = mirror_export_keys(m->out);
        return 0;
}

int mirror_read(struct mirror *m, struct store *writer, uint64_t token, int64_t now,
                uint8_t out[static MIRROR_EXPORT_MAX], size_t *ret_len, uint64_t *ret_keys) {
        int r;

        if (!m->out || m->writing.token != token)
                return -ENXIO;
        m->writing.touched = now;
        r = mirror_export_read(m->out, out, ret_len, ret_keys);
        /* A file that is there is better than one that is known of. */
        if (r == 0)
                (void) !mirror_export_end(m->out, writer, now);
        if (r <= 0)
                end_out(m);
        return r;
}

int mirror_import(struct mirror *m, struct store *writer, uint64_t connection,
                  const struct mirror_import_options *options, int64_t now, uint64_t *ret_token) {
        int r;

        if (m->in)
                return -EALREADY;
        r = mirror_import_open(&m->in, writer, m->dir, m->keymint, options, now);
        if (r >= 0)
                r = begin(&m->reading, connection, now);
        if (r < 0) {
                end_in(m);
                return r;
        }
        *ret_token = m->reading.token;
        return 0;
}

int mirror_write(struct mirror *m, struct store *writer, uint64_t token, const uint8_t *in,
                 size_t len) {
        int r;

        if (!m->in || m->reading.token != token)
                return -ENXIO;
        r = mirror_import_write(m->in, writer, in, len);
        if (r < 0)
                end_in(m);
        return r;
}

int mirror_count(struct mirror *m, struct store *writer, uint64_t token) {
        int r;

        if (!m->in || m->reading.token != token)
                return -ENXIO;
        r = mirror_import_count(m->in, writer);
        if (r < 0)
                end_in(m);
        return r;
}

int mirror_check(struct mirror *m, uint64_t token, struct mirror_import_summary *ret) {
        int r;

        if (!m->in || m->reading.token != token)
                return -ENXIO;
        r = mirror_import_check(m->in, ret);
        if (r < 0)
                end_in(m);
        return r;
}

int mirror_commit(struct mirror *m, struct store *writer, uint64_t token,
                  const struct audit_record *audit, uint64_t *ret_keys) {
        int r;

        if (!m->in || m->reading.token != token)
                return -ENXIO;
        r = mirror_import_commit(m->in, writer, audit, ret_keys);
        if (r <= 0)
                end_in(m);
        return r;
}

bool mirror_tidy(struct mirror *m, uint64_t connection, int64_t now) {
        if (m->out &&
            (m->writing.connection == connection || now - m->writing.touched > MIRROR_IDLE_S))
                end_out(m);
        if (m->in && m->reading.connection == connection)
                end_in(m);
        return m->out || m->in;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Sealed files, by libsodium: bytes in, bytes out. Only the holder of the recipient's secret can
 * read one, and only the holder of the source's secret can make one. A file that was cut,
 * reordered or changed is refused. Knows nothing of what is inside. MIRROR has the byte tables. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"

#define SEAL_VERSION    1
#define SEAL_SECRET_LEN 32 /* of a recipient or a source */
#define SEAL_PUBLIC_LEN 32
/* of a public key, as people copy it: wfm_ and 49 digits */
#define SEAL_TEXT_LEN    53
#define SEAL_HEAD_LEN    264
#define SEAL_CHUNK_MAX   32768 /* bytes of content in one chunk */
#define SEAL_CHUNK_EXTRA 17    /* by which a sealed chunk is longer */
#define SEAL_SEALED_MAX  (SEAL_CHUNK_MAX + SEAL_CHUNK_EXTRA)

/* Values are in files: never renumber. */
enum seal_kind {
        SEAL_MIRROR = 1,     /* for another host */
        SEAL_BACKUP = 2,     /* for the host that made it */
        SEAL_INVITATION = 3, /* into a fleet */
};

/* Can be read without any secret, and cannot be changed without the secret of the source. */
struct seal_head {
        enum seal_kind kind;
        int64_t created_at;
        /* later files of one source have larger ones */
        uint64_t sequence;
        uint8_t source[SEAL_PUBLIC_LEN];
        uint8_t recipient[SEAL_PUBLIC_LEN];
};

/* A file that is being made or opened, in locked memory. */
struct seal;

/**
 * seal_make_secret(out): a new secret, for a recipient or a source. The caller wipes ${out}.
 * Returns 0; -EIO when libsodium does not start.
 */
int seal_make_secret(uint8_t out[static SEAL_SECRET_LEN]) _must_check_;

/**
 * seal_recipient_of(secret, out), seal_source_of(secret, out): the public key of a recipient
 * (X25519) or a source (Ed25519) with this secret.
 */
void seal_recipient_of(const uint8_t secret[static SEAL_SECRET_LEN],
                       uint8_t out[static SEAL_PUBLIC_LEN]);
void seal_source_of(const uint8_t secret[static SEAL_SECRET_LEN],
                    uint8_t out[static SEAL_PUBLIC_LEN]);

/**
 * seal_text_format(public, out), seal_text_parse(text, out):
 * A public key as text. The text has a checksum: -EINVAL for a typing error.
 */
void seal_text_format(const uint8_t public[static SEAL_PUBLIC_LEN],
                      char out[static SEAL_TEXT_LEN + 1]);
int seal_text_parse(const char *text, uint8_t out[static SEAL_PUBLIC_LEN]) _must_check_;

/**
 * seal_box(recipient, in, out), seal_unbox(secret, in, out): a secret of 32 bytes, sealed for the
 * holder of the public key ${recipient}. 0; -EINVAL when nothing can be sealed for it; -EBADMSG
 * when it is not sealed for ${secret}; -EIO.
 */
#define SEAL_BOX_LEN 80
int seal_box(const uint8_t recipient[static SEAL_PUBLIC_LEN],
             const uint8_t in[static SEAL_SECRET_LEN],
             uint8_t out[static SEAL_BOX_LEN]) _must_check_;
int seal_unbox(const uint8_t secret[static SEAL_SECRET_LEN], const uint8_t in[static SEAL_BOX_LEN],
               uint8_t out[static SEAL_SECRET_LEN]) _must_check_;

/**
 * seal_begin(ret, head, source_secret, out):
 * Begins a file with what ${head} says. Its source is not read from ${head}: it is that of
 * ${source_secret}. The first bytes of the file go to ${out}.
 * Returns 0; -EINVAL when nothing can be sealed for that recipient; -ENOMEM; -EIO.
 */
int seal_begin(struct seal **ret, const struct seal_head *head,
               const uint8_t source_secret[static SEAL_SECRET_LEN],
               uint8_t out[static SEAL_HEAD_LEN]) _must_check_;

/**
 * seal_push(s, in, len, last, out): seals the next ${len} bytes, at most SEAL_CHUNK_MAX, into
 * ${len} + SEAL_CHUNK_EXTRA bytes at ${out}. ${last} says that no more follow.
 */
void seal_push(struct seal *s, const uint8_t *in, size_t len, bool last, uint8_t *out);

/**
 * seal_read_head(in, ret):
 * Returns 0 when the source that is named has signed it; -EMEDIUMTYPE when it is not a sealed file;
 * -EPROTONOSUPPORT when it has a newer version; -EBADMSG when it is damaged.
 */
int seal_read_head(const uint8_t in[static SEAL_HEAD_LEN], struct seal_head *ret) _must_check_;

/**
 * seal_open(ret, in, recipient_secret):
 * Opens a file whose first bytes ${in} passed seal_read_head(). Returns 0; -EKEYREJECTED when it
 * is sealed for another recipient; -EBADMSG; -ENOMEM; -EIO.
 */
int seal_open(struct seal **ret, const uint8_t in[static SEAL_HEAD_LEN],
              const uint8_t recipient_secret[static SEAL_SECRET_LEN]) _must_check_;

/**
 * seal_pull(s, in, len, out, ret_last):
 * Opens the next chunk, ${len} bytes, into ${len} - SEAL_CHUNK_EXTRA bytes at ${out}, which has
 * room for SEAL_CHUNK_MAX. Returns 0; -EBADMSG when it is not the next chunk, whole and unchanged,
 * or comes after the last one. After that every chunk is refused.
 */
int seal_pull(struct seal *s, const uint8_t *in, size_t len, uint8_t *out,
              bool *ret_last) _must_check_;
struct seal *seal_free(struct seal *s);

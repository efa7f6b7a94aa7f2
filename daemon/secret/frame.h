/* SPDX-License-Identifier: BSD-2-Clause */
/* The frames of a fleet, by libsodium: signed by the host that makes them, and sealed for the
 * hosts of one group. Knows neither logs nor what is inside. FLEET has the byte table. */
#pragma once

#include <stdint.h>
#include <sys/types.h>

#include "attr.h"
#include "secret/seal.h"

#define FRAME_HEAD_LEN      188
#define FRAME_SIGNATURE_LEN 64
#define FRAME_KEY_LEN       32 /* of a group's key */
#define FRAME_HASH_LEN      32
#define FRAME_GROUP_MAX     31      /* bytes in a group's name */
#define FRAME_BODY_EXTRA    16      /* by which a sealed body is longer */
#define FRAME_BODY_MAX      4194304 /* bytes of a sealed body */
#define FRAME_EXTRA         (FRAME_HEAD_LEN + FRAME_BODY_EXTRA + FRAME_SIGNATURE_LEN)
#define FRAME_STATE_LEN     (FRAME_HEAD_LEN + FRAME_SIGNATURE_LEN) /* of a frame of FRAME_STATE */
#define FRAME_READERS_MAX   32                                     /* that one report is for */

/* Values are in frames: never renumber. */
enum frame_kind {
        FRAME_CHANGE = 1,
        FRAME_STATE = 2, /* "head" in FLEET */
        FRAME_PAGE = 3,  /* of a snapshot */
        FRAME_REPORT = 4,
};

/* by how much a report for ${n} readers is longer than its body */
#define FRAME_REPORT_EXTRA(n) (FRAME_EXTRA + 1 + (n) *SEAL_BOX_LEN)

/* Can be read without any secret, and cannot be changed without that of the issuer. */
struct frame_head {
        enum frame_kind kind;
        /* of the issuer, which signed_at_ms is by */
        uint32_t clock;
        uint64_t number;
        int64_t signed_at_ms; /* UNIX time */
        uint8_t fleet[SEAL_PUBLIC_LEN];
        char group[FRAME_GROUP_MAX + 1];
        uint8_t before[FRAME_HASH_LEN];
        uint8_t issuer[SEAL_PUBLIC_LEN];
        uint32_t body_len; /* sealed */
};

/**
 * frame_make(head, source_secret, group_key, body, len, out):
 * Makes a whole frame of ${len} + FRAME_EXTRA bytes at ${out}. Of a state ${len} is 0, and the
 * frame has FRAME_STATE_LEN bytes. Issuer and body_len are not read from ${head}. 0; -EIO when
 * libsodium does not start; -EMSGSIZE when the body is too long.
 */
int frame_make(const struct frame_head *head, const uint8_t source_secret[static SEAL_SECRET_LEN],
               const uint8_t group_key[static FRAME_KEY_LEN], const uint8_t *body, size_t len,
               uint8_t *out) _must_check_;

/**
 * frame_read(in, len, ret): the head of the frame that begins at ${in}, and how long the frame is.
 * Returns 0 when more bytes are needed to know that; a length; -EMEDIUMTYPE when it is no frame;
 * -EPROTONOSUPPORT when it has a newer version; -EBADMSG.
 */
ssize_t frame_read(const uint8_t *in, size_t len, struct frame_head *ret) _must_check_;

/**
 * frame_check(in, len): whether the issuer that is named has signed the whole frame. 0; -EBADMSG;
 * -EIO.
 */
int frame_check(const uint8_t *in, size_t len) _must_check_;

/**
 * frame_open(in, len, group_key, out, ret_len): opens the body of a change or page that passed
 * frame_check(), into at most ${len} bytes at ${out}, which the caller wipes. 0; -EBADMSG.
 */
int frame_open(const uint8_t *in, size_t len, const uint8_t group_key[static FRAME_KEY_LEN],
               uint8_t *out, size_t *ret_len) _must_check_;

/**
 * frame_report_make(head, source_secret, readers, n, body, len, out): makes a report, which only
 * the holders of the secrets of the ${n} signing keys ${readers} can open, in ${len} +
 * FRAME_REPORT_EXTRA(n) bytes at ${out}. A reader that is no key is left out. 0; -EMSGSIZE; -EIO.
 * frame_report_is_reader(public): whether a report can be sealed for that signing key.
 */
bool frame_report_is_reader(const uint8_t public[static SEAL_PUBLIC_LEN]);
int frame_report_make(const struct frame_head *head,
                      const uint8_t source_secret[static SEAL_SECRET_LEN],
                      const uint8_t (*readers)[SEAL_PUBLIC_LEN], size_t n, const uint8_t *body,
                      size_t len, uint8_t *out) _must_check_;

/**
 * frame_report_open(in, len, source_secret, out, ret_len): opens the body of a report that passed
 * frame_check(), into at most ${len} bytes at ${out}, which the caller wipes. 0; -ENOKEY when it
 * is not for the holder of ${source_secret}; -EBADMSG; -EIO.
 */
int frame_report_open(const uint8_t *in, size_t len,
                      const uint8_t source_secret[static SEAL_SECRET_LEN], uint8_t *out,
                      size_t *ret_len) _must_check_;

/**
 * frame_report_renumber(frame, len, number, source_secret): gives a report of this host another
 * number, and signs it again. 0; -EIO.
 */
int frame_report_renumber(uint8_t *frame, size_t len, uint64_t number,
                          const uint8_t source_secret[static SEAL_SECRET_LEN]) _must_check_;

/**
 * frame_hash(in, len, out): the hash by which the next change names this one.
 */
void frame_hash(const uint8_t *in, size_t len, uint8_t out[static FRAME_HASH_LEN]);

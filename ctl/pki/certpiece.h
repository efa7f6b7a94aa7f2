/* SPDX-License-Identifier: BSD-2-Clause */
/* What a file holds, piece by piece: certificates and everything that people mistake for one,
 * PEM or DER. Does not know which of them the caller wants. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "cli/infile.h"
#include "pki/privkey.h"

enum certpiece_kind {
        CERTPIECE_CERTIFICATE,
        CERTPIECE_CRL,
        CERTPIECE_REQUEST,
        CERTPIECE_PUBLIC_KEY,
        CERTPIECE_PKCS7,
        CERTPIECE_TRUSTED,
        CERTPIECE_SSH,
        CERTPIECE_DAMAGED,
        CERTPIECE_BLOCK,
        CERTPIECE_BEHIND,
        CERTPIECE_UNKNOWN,
        _CERTPIECE_MAX,
};

/* A file that is read piece by piece. */
struct certpiece_source {
        struct infile file;
        /* room for decoded bytes; treated as secret */
        uint8_t *decoded;
        const uint8_t *der;
        size_t len, at;
        bool pem;
};

struct certpiece {
        enum certpiece_kind kind;
        enum privkey_form private;
        const uint8_t *der;
        size_t len;
};

#define _cleanup_certpieces_ __attribute__((cleanup(certpiece_done)))

/**
 * certpiece_open(path, max, s):
 * Reads the file ${path} of at most ${max} bytes into ${s}, which is zeroed; "-" means standard
 * input. The caller calls certpiece_done(), also after a failure. Returns as infile_read().
 */
enum exit_code certpiece_open(const char *path, size_t max,
                              struct certpiece_source *s) _must_check_;

/**
 * certpiece_next(s, ret):
 * Finds the next piece, from s->at on. Returns 1; 0 after the last piece. ${ret} borrows from
 * ${s} until the next call.
 */
int certpiece_next(struct certpiece_source *s, struct certpiece *ret) _must_check_;

/**
 * certpiece_done(s): wipes and frees ${s}. Safe on a zeroed one.
 */
void certpiece_done(struct certpiece_source *s);

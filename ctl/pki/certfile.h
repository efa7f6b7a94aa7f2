/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of certificates and revocation lists, PEM or DER. A file with a private key is refused,
 * whatever else is in it, and no byte of it leaves this program. What is trusted is the daemon's
 * decision. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "cli/exit_code.h"

struct certfile_cert {
        uint8_t *der;
        size_t len;
        bool ca; /* it claims to be a CA's */
};

struct certfile {
        const char *name; /* of the file; for messages */
        struct certfile_cert *cert;
        size_t n; /* at least 1 */
};

#define _cleanup_certfile_ __attribute__((cleanup(certfile_done)))

/**
 * certfile_read(path, ret):
 * Reads all certificates of the file ${path}, at most 1 MiB; "-" means standard input. The
 * caller frees ${ret} by certfile_done(). Returns CTL_OK; CTL_USAGE when the file is empty or
 * holds anything else; CTL_FAILED. A message on stderr says what is wrong.
 */
enum exit_code certfile_read(const char *path, struct certfile *ret) _must_check_;

/**
 * certfile_read_client(path, ret):
 * The same for one client's certificate, which is the first of the file and the only one in
 * ${ret}. Leaves out certificates of CAs behind it, with a message on stderr. Refuses a CA's
 * certificate in the first place, and a second client's.
 */
enum exit_code certfile_read_client(const char *path, struct certfile *ret) _must_check_;

/**
 * certfile_read_crl(path, ret): the same for one revocation list, at most 2 MiB. ${ret}->cert[0]
 * has its bytes.
 */
enum exit_code certfile_read_crl(const char *path, struct certfile *ret) _must_check_;

/**
 * certfile_done(f): frees what ${f} owns. Safe on a zeroed one.
 */
void certfile_done(struct certfile *f);

/**
 * certfile_print(der, len): prints a certificate on stdout as PEM. 0 or -EIO.
 */
int certfile_print(const uint8_t *der, size_t len) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* Files with certificates and revocation lists, PEM or DER. A file that holds a private key is
 * refused, whatever else it holds, and nothing of it leaves this program. What is trusted is for
 * the daemon to say. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attr.h"
#include "cli/exit_code.h"

struct certfile_cert {
        uint8_t *der;
        size_t len;
        bool ca; /* it says that it is a CA's */
};

struct certfile {
        const char *name; /* of the file, for messages */
        struct certfile_cert *cert;
        size_t n; /* at least 1 */
};

#define _cleanup_certfile_ __attribute__((cleanup(certfile_done)))

/**
 * certfile_read(path, ret):
 * Reads all certificates of ${path}, "-" for standard input; at most 1 MiB. certfile_done() ends
 * ${ret}.
 * Returns CTL_OK; CTL_USAGE when the file holds anything else, or nothing; CTL_FAILED. What is
 * wrong was said then.
 */
enum exit_code certfile_read(const char *path, struct certfile *ret) _must_check_;

/**
 * certfile_read_client(path, ret):
 * The same for the certificate of one client, the first in the file: ${ret} has that alone. CAs'
 * behind it are left out, which is said on stderr; one of another client, or a CA's at its
 * place, is refused.
 */
enum exit_code certfile_read_client(const char *path, struct certfile *ret) _must_check_;

/**
 * certfile_read_crl(path, ret): the same for one revocation list, at most 2 MiB; ${ret}->cert[0]
 * has its bytes.
 */
enum exit_code certfile_read_crl(const char *path, struct certfile *ret) _must_check_;

/**
 * certfile_done(f): safe on a zeroed one.
 */
void certfile_done(struct certfile *f);

/**
 * certfile_print(der, len): writes a certificate to stdout as PEM. 0 or -EIO.
 */
int certfile_print(const uint8_t *der, size_t len) _must_check_;

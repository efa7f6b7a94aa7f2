/* SPDX-License-Identifier: BSD-2-Clause */
/* A mail to the owner of keys that end soon: its text, and the command that sends it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "cli/exit_code.h"
#include "key/keyfields.h"

/* A key, and when it ends. */
struct warnmail_key {
        const struct key *key;
        int64_t at;
        int64_t days; /* it ends within so many */
};

struct warnmail {
        const char *owner;
        const char *from;   /* NULL: the command's own */
        const char *domain; /* behind the owner's name, or NULL */
        int64_t now;
        size_t n;
        const struct warnmail_key *keys;
};

/**
 * warnmail_is_address(text): whether ${text} can be in a header and among the arguments of a
 * command without being taken for something else.
 */
bool warnmail_is_address(const char *text);

/**
 * warnmail_write(mail, fd): writes header and text. 0, or a negative errno.
 */
int warnmail_write(const struct warnmail *mail, int fd) _must_check_;

/**
 * warnmail_send(mail, command):
 * Runs ${command} with "-i -- ADDRESS" and the mail as its standard input, as sendmail(8). Returns
 * CTL_OK when its status is 0, else another code after a message on stderr.
 */
enum exit_code warnmail_send(const struct warnmail *mail, const char *command) _must_check_;

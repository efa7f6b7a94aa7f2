/* SPDX-License-Identifier: BSD-2-Clause */
/* What the tests of requests and of replies share. */
#pragma once

#include "unit.h"

#include "wire.h"

static const char *const unit_wire_good_key =
        "wfk_0123456789_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop3cYLBr";

/* of the request's bytes, as PROTOCOL has them */
enum {
        AT_VERSION = 3,
        AT_KIND = 4,
        AT_SEQ = 8,
        AT_KEY = 12,
        AT_USER = 75,
        AT_SERVICE = 204,
        AT_RHOST = 269,
        AT_REPLY_VERDICT = 8,
        AT_REPLY_REASON = 12,
        AT_REPLY_ID = 16,
        AT_REPLY_NAME = 58,
        AT_REPLY_KEY = 123,
};

static inline void unit_wire_fill(char *text, size_t len) {
        memset(text, 'u', len);
        text[len] = '\0';
}

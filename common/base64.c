/* SPDX-License-Identifier: BSD-2-Clause */
/* Base64 both ways. It must not know what the bytes are, and must not be given secrets. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base64.h"

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

void base64_encode(const uint8_t *in, size_t len, char *out) {
        uint32_t bits = 0;
        unsigned have = 0;

        for (size_t i = 0; i < len; i++) {
                bits = bits << 8 | in[i];
                for (have += 8; have >= 6; have -= 6)
                        *out++ = digits[bits >> (have - 6) & 63];
        }
        if (have > 0)
                *out++ = digits[bits << (6 - have) & 63];
        *out = '\0';
}

/* Returns 0 to 63 for a digit, 64 for a character that is skipped, 65 for '=', and -1 for any
 * other. */
static int value_of(char c) {
        if (c >= 'A' && c <= 'Z')
                return c - 'A';
        if (c >= 'a' && c <= 'z')
                return c - 'a' + 26;
        if (c >= '0' && c <= '9')
                return c - '0' + 52;
        if (c == '-' || c == '+')
                return 62;
        if (c == '_' || c == '/')
                return 63;
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
                return 64;
        return c == '=' ? 65 : -1;
}

/* Whether the text may end here: less than a digit is left over, all bits of it are zero, and the
 * padding is absent or has the right length. */
static bool ends_well(uint32_t bits, unsigned have, unsigned padding) {
        return have < 6 && (bits & ((1U << have) - 1)) == 0 &&
               (padding == 0 || padding == have / 2);
}

ssize_t base64_decode(const char *text, size_t len, uint8_t *out, size_t size) {
        unsigned have = 0, padding = 0;
        uint32_t bits = 0;
        size_t n = 0;

        for (size_t i = 0; i < len; i++) {
                int value = value_of(text[i]);

                if (value == 64)
                        continue;
                if (value == 65 && padding < 2) {
                        padding++;
                        continue;
                }
                if (value < 0 || value > 63 || padding > 0)
                        return -EINVAL;
                bits = bits << 6 | (uint32_t) value;
                have += 6;
                if (have < 8)
                        continue;
                if (n == size)
                        return -EMSGSIZE;
                have -= 8;
                out[n++] = (uint8_t) (bits >> have);
        }
        return ends_well(bits, have, padding) ? (ssize_t) n : -EINVAL;
}

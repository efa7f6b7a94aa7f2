/* SPDX-License-Identifier: BSD-2-Clause */
/* Takes escapes, PEM lines and base64 off a certificate. It must not parse the bytes that are left:
 * it runs in the process of a service. */
#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "base64.h"
#include "certtext.h"

/* The longest text: PEM of the largest certificate, escaped. */
#define TEXT_MAX 16384

static int hex_value(char c) {
        if (c >= '0' && c <= '9')
                return c - '0';
        if (c >= 'a' && c <= 'f')
                return c - 'a' + 10;
        return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Removes the escapes. Returns the length, or -EINVAL. */
static ssize_t unescape(const char *text, size_t len, char *out) {
        size_t n = 0;

        for (size_t i = 0; i < len; i++) {
                int high, low;

                if (text[i] != '%') {
                        out[n++] = text[i];
                        continue;
                }
                if (len - i < 3)
                        return -EINVAL;
                high = hex_value(text[i + 1]);
                low = hex_value(text[i + 2]);
                if (high < 0 || low < 0)
                        return -EINVAL;
                out[n++] = (char) (high << 4 | low);
                i += 2;
        }
        return (ssize_t) n;
}

/* Moves ${text} and ${len} to the base64 between the lines of a PEM block. A text without a PEM
 * block stays as it is. */
static int find_body(const char **text, size_t *len) {
        static const char begin[] = "-----BEGIN CERTIFICATE-----",
                          end[] = "-----END CERTIFICATE-----";
        const char *first, *last;

        if (!memmem(*text, *len, "-----", 5))
                return 0;
        first = memmem(*text, *len, begin, sizeof(begin) - 1);
        if (!first)
                return -EINVAL;
        first += sizeof(begin) - 1;
        last = memmem(first, *len - (size_t) (first - *text), end, sizeof(end) - 1);
        if (!last)
                return -EINVAL;
        *text = first;
        *len = (size_t) (last - first);
        return 0;
}

static ssize_t decode_some(const char *text, size_t len, uint8_t *out, size_t size) {
        ssize_t n = base64_decode(text, len, out, size);

        return n == 0 ? -EINVAL : n;
}

ssize_t certtext_decode(const char *text, size_t len, uint8_t *out, size_t size) {
        char plain[TEXT_MAX];
        ssize_t n;
        int r;

        if (len > sizeof(plain))
                return -EMSGSIZE;
        if (memchr(text, '%', len)) {
                n = unescape(text, len, plain);
                if (n < 0)
                        return n;
                text = plain;
                len = (size_t) n;
        }
        r = find_body(&text, &len);
        return r < 0 ? r : decode_some(text, len, out, size);
}

ssize_t certtext_decode_ssh(const char *text, size_t len, uint8_t *out, size_t size) {
        static const char word[] = "publickey ";

        while (len > 0) {
                const char *end = memchr(text, '\n', len), *blank;
                size_t line = end ? (size_t) (end - text) : len;

                if (line > sizeof(word) && memcmp(text, word, sizeof(word) - 1) == 0) {
                        text += sizeof(word) - 1;
                        line -= sizeof(word) - 1;
                        blank = memchr(text, ' ', line);
                        if (!blank)
                                return -EINVAL;
                        return decode_some(blank + 1, line - (size_t) (blank + 1 - text), out,
                                           size);
                }
                text += line;
                len -= line;
                if (len > 0) {
                        text++;
                        len--;
                }
        }
        return -EINVAL;
}

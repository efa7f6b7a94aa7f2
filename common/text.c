/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges and escapes texts that a peer chose. It must not know what a text is the name of, and must
 * not depend on a locale. */
#include <stdint.h>
#include <string.h>

#include "text.h"

/* Reads one UTF-8 character at *p. Returns 0 at the end, and for anything malformed or overlong and
 * for a surrogate (RFC 3629). */
static uint32_t take_char(const unsigned char **p) {
        static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
        const unsigned char *s = *p;
        unsigned more = *s >= 0xf0 ? 3 : *s >= 0xe0 ? 2 : *s >= 0xc0 ? 1 : 0;
        uint32_t c = more == 3 ? *s & 7U : more == 2 ? *s & 15U : more == 1 ? *s & 31U : *s;

        if (*s >= 0xf8 || (more == 0 && *s >= 0x80))
                return 0;
        for (unsigned i = 1; i <= more; i++) {
                if ((s[i] & 0xc0) != 0x80)
                        return 0;
                c = c << 6 | (s[i] & 63U);
        }
        if (c < least[more] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
                return 0;
        *p = s + more + 1;
        return c;
}

static bool is_showable(uint32_t c) {
        if (c < 0x20 || (c >= 0x7f && c < 0xa0))
                return false;
        /* The marks and overrides of direction, line and paragraph separators, isolates, and the
         * byte order mark. */
        return !((c >= 0x200e && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
                 (c >= 0x2066 && c <= 0x2069) || c == 0x61c || c == 0xfeff);
}

static bool all_showable(const char *text) {
        const unsigned char *p = (const unsigned char *) text;

        while (*p)
                if (!is_showable(take_char(&p)))
                        return false;
        return true;
}

bool text_is_label(const char *text, size_t max) {
        size_t len = strnlen(text, max + 1);

        return len > 0 && len <= max && all_showable(text);
}

bool text_is_service(const char *text) {
        size_t len =
                strspn(text, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._-");

        return len > 0 && len <= 64 && text[len] == '\0' && text[0] != '.';
}

/* Without the locale, which would have a capital I of its own in Turkish. */
static char fold(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

void text_fold_service(char *services) {
        for (; *services; services++)
                *services = fold(*services);
}

bool text_is_same_service(const char *a, const char *b) {
        while (*a && fold(*a) == fold(*b)) {
                a++;
                b++;
        }
        return fold(*a) == fold(*b);
}

bool text_has_word(const char *list, const char *word) {
        size_t len = strlen(word);

        while (len > 0 && *list) {
                size_t n = strcspn(list, " ");

                if (n == len && memcmp(list, word, n) == 0)
                        return true;
                list += n;
                list += strspn(list, " ");
        }
        return false;
}

bool text_copy(char *out, size_t size, const char *in) {
        size_t len = strnlen(in, size);

        if (len >= size)
                return false;
        memcpy(out, in, len + 1);
        return true;
}

/* The number of bytes of the character that begins with this byte, in valid UTF-8. */
static size_t char_len(unsigned char first) {
        return first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
}

/* How much of a text stays as it is, whatever follows: nearly always all of it. */
static size_t plain_len(const char *text, size_t max) {
        size_t len = 0;

        while (len < max && text[len] >= 0x20 && text[len] < 0x7f && text[len] != '\'' &&
               text[len] != '\\')
                len++;
        return len;
}

void text_escape(char *out, size_t size, const char *text) {
        static const char hex[] = "0123456789abcdef";
        size_t at = plain_len(text, size > 4 ? size - 4 : 0);
        const unsigned char *p = (const unsigned char *) text + at;
        bool utf8 = *p && all_showable(text);

        memcpy(out, text, at);
        /* One step writes at most four bytes. A character that does not fit is left out as a
         * whole. */
        while (*p && at + 5 <= size) {
                size_t len = utf8 ? char_len(*p) : 1;

                if (*p == '\\') {
                        out[at++] = '\\';
                        out[at++] = '\\';
                } else if (*p >= 0x20 && *p != 0x7f && *p != '\'' && (*p < 0x80 || utf8)) {
                        memcpy(out + at, p, len);
                        at += len;
                } else {
                        out[at++] = '\\';
                        out[at++] = 'x';
                        out[at++] = hex[*p >> 4];
                        out[at++] = hex[*p & 15];
                }
                p += len;
        }
        if (size > 0)
                out[at] = '\0';
}

const char *text_without_key(const char *text) {
        return strstr(text, "wfk_") ? "(something like a key)" : text;
}

size_t text_fitting(const char *text, size_t max) {
        size_t len = strnlen(text, max + 1);

        if (len <= max)
                return len;
        for (len = max; len > 0 && ((unsigned char) text[len] & 0xc0) == 0x80;)
                len--;
        return len;
}

void text_hex(char *out, const uint8_t *bytes, size_t len) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < len; i++) {
                *out++ = digits[bytes[i] >> 4];
                *out++ = digits[bytes[i] & 15];
        }
        *out = '\0';
}

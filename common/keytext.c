/* SPDX-License-Identifier: BSD-2-Clause */
/* The text form of a key. It must not know whether a key exists. It does no I/O, allocates nothing,
 * and the time that it takes does not depend on a secret. */
#include <stdint.h>
#include <string.h>

#include "keytext.h"

static const char prefix[] = "wfk_";
static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

const char *keytext_alphabet(void) {
        return digits;
}

/* The remainders of the 16 values of four bits. They fill one line of the cache, so that the time
 * does not tell which of them a secret led to. */
static const uint32_t remainders[16] __attribute__((aligned(64))) = {
        0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
        0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
        0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c,
};

/* CRC-32 as in IEEE 802.3 and zlib, four bits at a time. */
static uint32_t crc32_of(const char *text, size_t len) {
        uint32_t crc = 0xffffffffU;

        for (size_t i = 0; i < len; i++) {
                crc ^= (uint8_t) text[i];
                crc = crc >> 4 ^ remainders[crc & 15];
                crc = crc >> 4 ^ remainders[crc & 15];
        }
        return ~crc;
}

/* The most significant digit is first. 62^6 > 2^32, so six digits always suffice. */
static void put_check(char out[static KEYTEXT_CHECK_LEN], uint32_t crc) {
        for (size_t i = KEYTEXT_CHECK_LEN; i-- > 0; crc /= 62)
                out[i] = digits[crc % 62];
}

static bool is_base62(const char *text, size_t len) {
        for (size_t i = 0; i < len; i++) {
                char c = text[i];

                if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
                        return false;
        }
        return true;
}

bool keytext_is_id(const char *text) {
        return strnlen(text, KEYTEXT_ID_LEN + 1) == KEYTEXT_ID_LEN &&
               is_base62(text, KEYTEXT_ID_LEN);
}

bool keytext_is_key(const char *text, size_t len) {
        char check[KEYTEXT_CHECK_LEN];

        if (len != KEYTEXT_LEN || memcmp(text, prefix, KEYTEXT_PREFIX_LEN) != 0)
                return false;
        if (!is_base62(text + KEYTEXT_PREFIX_LEN, KEYTEXT_ID_LEN) ||
            text[KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN] != '_' ||
            !is_base62(keytext_secret(text), KEYTEXT_SECRET_LEN + KEYTEXT_CHECK_LEN))
                return false;

        put_check(check, crc32_of(text, KEYTEXT_LEN - KEYTEXT_CHECK_LEN));
        return memcmp(check, text + KEYTEXT_LEN - KEYTEXT_CHECK_LEN, KEYTEXT_CHECK_LEN) == 0;
}

size_t keytext_trim(const char *text, size_t len) {
        while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t' || text[len - 1] == '\r' ||
                           text[len - 1] == '\n'))
                len--;
        return len;
}

bool keytext_begins_like_key(const char *text) {
        return strncmp(text, prefix, KEYTEXT_PREFIX_LEN) == 0;
}

const char *keytext_find(const char *text) {
        /* An id may end in "wfk", which is followed by '_'. */
        for (const char *at = text; (at = strstr(at, prefix)); at++)
                if (keytext_is_key(at, strnlen(at, KEYTEXT_LEN)))
                        return at;
        return NULL;
}

void keytext_format(char out[static KEYTEXT_LEN + 1], const char *id, const char *secret) {
        memcpy(out, prefix, KEYTEXT_PREFIX_LEN);
        memcpy(out + KEYTEXT_PREFIX_LEN, id, KEYTEXT_ID_LEN);
        out[KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN] = '_';
        memcpy(out + KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN + 1, secret, KEYTEXT_SECRET_LEN);
        put_check(out + KEYTEXT_LEN - KEYTEXT_CHECK_LEN,
                  crc32_of(out, KEYTEXT_LEN - KEYTEXT_CHECK_LEN));
        out[KEYTEXT_LEN] = '\0';
}

const char *keytext_id(const char *key) {
        return key + KEYTEXT_PREFIX_LEN;
}

const char *keytext_secret(const char *key) {
        return key + KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN + 1;
}

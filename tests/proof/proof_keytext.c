/* SPDX-License-Identifier: BSD-2-Clause */
/* Any text as a key. Nothing behind its length is read. What is a key is what the daemon makes of
 * its id and secret, and no other text,
 * whatever the checksum is. */
#include <string.h>

#include "keytext.c" /* for its static functions */
#include "proof.h"

enum { CHECKED = KEYTEXT_LEN - KEYTEXT_CHECK_LEN };

/* Any number, but always the same for the same text. */
uint32_t any_crc(const char *text, size_t len) {
        static char before[CHECKED];
        static uint32_t crc;
        static bool known;

        prove(len == CHECKED && readable(text, len));
        if (!known || memcmp(before, text, CHECKED) != 0)
                crc = nondet_unsigned();
        memcpy(before, text, CHECKED);
        known = true;
        return crc;
}

void any_put_check(char out[static KEYTEXT_CHECK_LEN], uint32_t crc) {
        for (size_t i = 0; i < KEYTEXT_CHECK_LEN; i++)
                out[i] = (char) ('A' + (crc >> 4 * i & 15));
}

static bool is_digit(char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static void prove_key(const char *text) {
        char again[KEYTEXT_LEN + 1], id[KEYTEXT_ID_LEN + 1] = {};

        keytext_format(again, keytext_id(text), keytext_secret(text));
        for (size_t i = 0; i < KEYTEXT_LEN; i++)
                prove(again[i] == text[i] && (is_digit(text[i]) || text[i] == '_'));
        memcpy(id, keytext_id(text), KEYTEXT_ID_LEN);
        prove(keytext_is_id(id));
}

/* An object of its own for each length: to read behind it is an error. */
#define prove_len(len)                                                                             \
        do {                                                                                       \
                char text_[len];                                                                   \
                prove(!keytext_is_key(text_, len));                                                \
        } while (0)

int main(void) {
        char key[KEYTEXT_LEN];

        if (keytext_is_key(key, KEYTEXT_LEN))
                prove_key(key);
        prove_len(1);
        prove_len(KEYTEXT_PREFIX_LEN);
        prove_len(KEYTEXT_LEN - 1);
        prove_len(KEYTEXT_LEN + 1);
        return 0;
}

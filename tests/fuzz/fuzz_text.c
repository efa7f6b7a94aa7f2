/* SPDX-License-Identifier: BSD-2-Clause */
/* What people type: keys, ids, durations, dates, networks, labels, names of realms and their users.
 * An accepted value has one text, which reads back as the same value. Keys and networks are judged
 * a second time by simple code that shares nothing with ours. */
#include "fuzz.h"

#include <arpa/inet.h>

#include "keytext.h"
#include "network.h"
#include "parse.h"
#include "realm.h"
#include "text.h"

#define ALPHABET "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/* --- Keys --- */

static void check_key(const char *text) {
        char again[KEYTEXT_LEN + 1], other[KEYTEXT_LEN + 1];

        must(strncmp(text, "wfk_", 4) == 0 && text[14] == '_');
        must(strspn(text + 4, ALPHABET) >= KEYTEXT_ID_LEN);
        memcpy(other, text, KEYTEXT_LEN);
        other[KEYTEXT_LEN] = '\0';
        must(strspn(other + 15, ALPHABET) == KEYTEXT_LEN - 15);
        keytext_format(again, keytext_id(text), keytext_secret(text));
        must(memcmp(again, text, KEYTEXT_LEN) == 0);
        /* Any other digit in any place makes another text, which is no key. */
        for (size_t i = 0; i < KEYTEXT_LEN; i++) {
                other[i] = other[i] == 'z' ? '0' : (char) (other[i] + 1);
                must(!keytext_is_key(other, KEYTEXT_LEN));
                other[i] = text[i];
        }
}

static void try_key(const char *text, size_t size) {
        size_t trimmed = keytext_trim(text, size);

        must(trimmed <= size && keytext_trim(text, trimmed) == trimmed);
        must(keytext_is_id(text) ==
                     (size == KEYTEXT_ID_LEN && strspn(text, ALPHABET) == KEYTEXT_ID_LEN) ||
             strlen(text) != size);
        if (!keytext_is_key(text, size))
                return;
        must(size == KEYTEXT_LEN && trimmed == size && keytext_begins_like_key(text));
        must(keytext_find(text) == text);
        check_key(text);
}

/* The checksum would stop nearly every input. */
static void try_made_key(const char *text, size_t size) {
        char digits[KEYTEXT_ID_LEN + KEYTEXT_SECRET_LEN], key[KEYTEXT_LEN + 1];

        for (size_t i = 0; i < sizeof(digits); i++)
                digits[i] = ALPHABET[i < size ? (unsigned char) text[i] % 62 : 0];
        keytext_format(key, digits, digits + KEYTEXT_ID_LEN);
        must(keytext_is_key(key, KEYTEXT_LEN));
        check_key(key);
        must(text_without_key(key) != key);
}

/* --- Times --- */

static void try_times(const char *text) {
        char out[PARSE_DURATION_LEN];
        int64_t value, again;

        if (parse_duration(text, &value) >= 0) {
                parse_duration_format(value, out);
                must(parse_duration(out, &again) >= 0 && again == value);
        }
        if (parse_time(text, &value) >= 0) {
                parse_time_format(value, out);
                must(parse_time(out, &again) >= 0 && again == value);
        }
        must(parse_when(text, 1000000, &value) < 0 || value > 1000000);
        must(parse_timeout(text, &value) < 0 || value > 0);
}

/* --- Networks --- */

/* An address as libc reads it; 0: none. An IPv4-mapped one is IPv4. */
static unsigned model_address(const char *text, uint8_t out[static 16]) {
        static const uint8_t mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

        memset(out, 0, 16);
        if (inet_pton(AF_INET, text, out) == 1)
                return 32;
        if (inet_pton(AF_INET6, text, out) != 1)
                return 0;
        if (memcmp(out, mapped, sizeof(mapped)) != 0)
                return 128;
        memmove(out, out + 12, 4);
        memset(out + 4, 0, 12);
        return 32;
}

static bool model_bit(const uint8_t *address, unsigned bit) {
        return (address[bit / 8] >> (7 - bit % 8) & 1) != 0;
}

/* Bit by bit. */
static bool model_contains(const struct network *net, const struct network *address) {
        for (unsigned bit = 0; bit < net->prefix; bit++)
                if (model_bit(net->addr, bit) != model_bit(address->addr, bit))
                        return false;
        return net->bits == address->bits;
}

static void check_network(const char *text, const struct network *net) {
        char out[NETWORK_TEXT_LEN], copy[NETWORK_TEXT_LEN + 64] = "";
        struct network again;
        uint8_t address[16];
        unsigned bits;

        network_format(net, out);
        must(network_parse(out, &again) >= 0 && memcmp(net, &again, sizeof(again)) == 0);
        must((net->bits == 32 || net->bits == 128) && net->prefix <= net->bits);
        for (unsigned bit = net->prefix; bit < 128; bit++)
                must(!model_bit(net->addr, bit));
        must(strlen(text) < sizeof(copy));
        memcpy(copy, text, strcspn(text, "/"));
        bits = model_address(copy, address);
        must(bits == net->bits && memcmp(address, net->addr, 16) == 0);
        must(strchr(text, '/') || net->prefix == net->bits);
}

/* An address that differs from the net in one bit is inside if that bit is behind the prefix. */
static void check_contains(const struct network *net) {
        for (unsigned bit = 0; bit < net->bits; bit++) {
                struct network address = *net;

                address.prefix = net->bits;
                address.addr[bit / 8] ^= (uint8_t) (0x80 >> bit % 8);
                must(network_contains(net, &address) == (bit >= net->prefix));
                must(network_contains(net, &address) == model_contains(net, &address));
        }
}

static void try_network(const char *text) {
        struct network net, source;
        const char *blank = strchr(text, ' ');
        char head[NETWORK_TEXT_LEN] = "";

        if (network_parse(text, &net) >= 0) {
                check_network(text, &net);
                check_contains(&net);
        }
        if (network_parse_address(text, &net) >= 0) {
                must(net.prefix == net.bits);
                must(network_parse(text, &source) >= 0 && memcmp(&net, &source, sizeof(net)) == 0);
                must(network_parse_source(text, &source) >= 0 &&
                     memcmp(&net, &source, sizeof(net)) == 0);
        }
        if (network_parse_source(text, &source) >= 0 && !strchr(text, '%'))
                must(network_parse_address(text, &net) >= 0);
        /* "NET ADDRESS" */
        if (!blank || (size_t) (blank - text) >= sizeof(head))
                return;
        memcpy(head, text, (size_t) (blank - text));
        if (network_parse(head, &net) >= 0 && network_parse_source(blank + 1, &source) >= 0)
                must(network_contains(&net, &source) == model_contains(&net, &source));
}

/* --- Names --- */

static void try_escape(const char *text) {
        char out[64];

        text_escape(out, sizeof(out), text);
        must(!out[0] || text_is_label(out, sizeof(out)));
        must(!strchr(out, '\''));
        if (text_is_service(text)) {
                must(strspn(text, ALPHABET "._-") == strlen(text) && strlen(text) <= 64);
                must(text_has_word(text, text) && text_is_same_service(text, text));
        }
        must(text_fitting(text, 10) <= 10);
}

static void try_realm(const char *text) {
        char realm[REALM_NAME_MAX + 1];
        const char *user = realm_split(text, realm);

        if (user) {
                must(realm_is_name(realm) && realm_is_user(user));
                must(strlen(realm) + 1 + strlen(user) == strlen(text) && strchr(text, ':'));
        }
        if (realm_is_user(text)) {
                must(strspn(text, ALPHABET "._-+=~@") == strlen(text));
                must(strlen(text) <= REALM_USER_MAX && text_is_label(text, REALM_USER_MAX));
                /* Who is something before one suffix is not that suffix itself. */
                must(!realm_has_suffix(text, text));
        }
        if (realm_is_suffix(text)) {
                must(text[0] == '@' && !strchr(text + 1, '@') && !strchr(text, ' '));
                must(!realm_has_suffix(text, text));
        }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const struct fuzz all = { data, size };
        char *text = fuzz_text(&all);

        try_key(text, size);
        try_made_key(text, size);
        try_times(text);
        try_network(text);
        try_escape(text);
        try_realm(text);
        free(text);
        return 0;
}

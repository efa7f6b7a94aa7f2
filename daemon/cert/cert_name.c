/* SPDX-License-Identifier: BSD-2-Clause */
/* The canonical form of a name, and its hash. OpenSSL has such a form too, but shows only 32 bits
 * of its hash, which are too few to tell issuers apart. It knows no certificates. */
#include <string.h>

#include "cert/cert_name.h"
#include "cert/cert_x509.h"

/* The strings that X509_NAME_cmp() compares as text. */
#define TEXTS                                                                                      \
        (B_ASN1_UTF8STRING | B_ASN1_BMPSTRING | B_ASN1_UNIVERSALSTRING | B_ASN1_PRINTABLESTRING |  \
         B_ASN1_T61STRING | B_ASN1_IA5STRING | B_ASN1_VISIBLESTRING)

static void free_name(X509_NAME **name) {
        X509_NAME_free(*name);
}

static void free_entry(X509_NAME_ENTRY **entry) {
        X509_NAME_ENTRY_free(*entry);
}

static bool is_blank(unsigned char c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Folds UTF-8 where it stands. Returns the new length. */
static int fold(unsigned char *text, int len) {
        int used = 0;

        for (int i = 0; i < len; i++) {
                unsigned char c = text[i];

                if (!is_blank(c))
                        text[used++] = c >= 'A' && c <= 'Z' ? (unsigned char) (c | 0x20) : c;
                else if (used > 0 && text[used - 1] != ' ')
                        text[used++] = ' ';
        }
        return used > 0 && text[used - 1] == ' ' ? used - 1 : used;
}

/* Whatever is no text stays as it is. */
static bool canonise(X509_NAME_ENTRY *entry) {
        const ASN1_STRING *value = X509_NAME_ENTRY_get_data(entry);
        unsigned char *text = NULL;
        bool done;
        int len;

        if (!(ASN1_tag2bit(ASN1_STRING_type(value)) & TEXTS))
                return true;
        len = ASN1_STRING_to_UTF8(&text, value);
        done = len >= 0 &&
               X509_NAME_ENTRY_set_data(entry, V_ASN1_UTF8STRING, text, fold(text, len)) == 1;
        OPENSSL_free(text);
        return done;
}

/* Encoding the copy sorts the parts of an RDN with several by their new bytes. */
static X509_NAME *copy_canonical(const X509_NAME *name) {
        _cleanup_(free_name) X509_NAME *copy = X509_NAME_new();
        int last = -1;

        if (!copy)
                return NULL;
        for (int i = 0; i < X509_NAME_entry_count(name); i++) {
                const X509_NAME_ENTRY *entry = X509_NAME_get_entry(name, i);
                _cleanup_(free_entry) X509_NAME_ENTRY *mine = X509_NAME_ENTRY_dup(entry);
                int set = X509_NAME_ENTRY_set(entry);

                if (!mine || !canonise(mine) ||
                    X509_NAME_add_entry(copy, mine, -1, set == last ? -1 : 0) != 1)
                        return NULL;
                last = set;
        }
        return take_ptr(copy);
}

bool cert_name_hash(const X509_NAME *name, uint8_t out[static RECORD_HASH_LEN]) {
        _cleanup_(free_name) X509_NAME *copy = copy_canonical(name);
        unsigned char *der = NULL;
        int len = copy ? i2d_X509_NAME(copy, &der) : -1;
        bool done = len >= 0 && cert_x509_hash(der, (size_t) len, out);

        OPENSSL_free(der);
        return done;
}

bool cert_name_is_same(const X509_NAME *a, const X509_NAME *b) {
        uint8_t left[RECORD_HASH_LEN], right[RECORD_HASH_LEN];

        return cert_name_hash(a, left) && cert_name_hash(b, right) &&
               memcmp(left, right, sizeof(left)) == 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns the names in certificates into texts that can be shown as they are. It does not judge
 * them. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "cert/cert_text.h"
#include "text.h"

/* A text that grows as far as it has room. A piece that does not fit as a whole ends it. */
struct text {
        char *out;
        size_t size, len;
        bool full;
};

static void add(struct text *text, const char *piece, size_t len) {
        text->full |= len >= text->size - text->len;
        if (text->full)
                return;
        memcpy(text->out + text->len, piece, len);
        text->len += len;
        text->out[text->len] = '\0';
}

/* The number of bytes of the character at p, if it can be shown; else 0. */
static size_t showable(const unsigned char *p, size_t len) {
        size_t n = *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : *p >= 0xc0 ? 2 : 1;
        char one[5] = "";

        if (n > len)
                return 0;
        memcpy(one, p, n);
        return strlen(one) == n && text_is_label(one, n) ? n : 0;
}

/* In RFC 4514 a backslash and what follows it belong together. */
static size_t escape_len(const unsigned char *p, size_t len) {
        if (len >= 3 && isxdigit(p[1]) && isxdigit(p[2]))
                return 3;
        return len >= 2 && p[1] > 0x20 && p[1] < 0x7f ? 2 : 1;
}

static size_t add_one(struct text *text, const unsigned char *p, size_t len, bool escaped) {
        size_t n = showable(p, len);
        char hex[8];

        if (n == 0) {
                (void) snprintf(hex, sizeof(hex), escaped ? "\\%02X" : "\\x%02x", *p);
                add(text, hex, strlen(hex));
                return 1;
        }
        if (*p != '\\') {
                add(text, (const char *) p, n);
        } else if (!escaped) {
                add(text, "\\\\", 2);
        } else {
                n = escape_len(p, len);
                add(text, (const char *) p, n);
        }
        return n;
}

static void add_safe(struct text *text, const unsigned char *p, size_t len, bool escaped) {
        while (len > 0 && !text->full) {
                size_t n = add_one(text, p, len, escaped);

                p += n;
                len -= n;
        }
}

void cert_text_name(const X509_NAME *name, char *out, size_t size) {
        static const unsigned long letters =
                XN_FLAG_RFC2253 & ~(unsigned long) ASN1_STRFLGS_ESC_MSB;
        _cleanup_(cert_x509_free_bio) BIO *bio = BIO_new(BIO_s_mem());
        struct text text = { .out = out, .size = size };
        char *data = NULL;
        long len;

        out[0] = '\0';
        if (!bio || X509_NAME_print_ex(bio, name, 0, letters) < 0)
                return;
        len = BIO_get_mem_data(bio, &data);
        if (len > 0)
                add_safe(&text, (const unsigned char *) data, (size_t) len, true);
}

static void add_value(struct text *text, const ASN1_STRING *value) {
        unsigned char *utf8 = NULL;
        int len = ASN1_STRING_to_UTF8(&utf8, value);

        /* OpenSSL refuses a text that it cannot read. It is then no text. */
        if (len >= 0)
                add_safe(text, utf8, (size_t) len, false);
        else
                add_safe(text, ASN1_STRING_get0_data(value), (size_t) ASN1_STRING_length(value),
                         false);
        OPENSSL_free(utf8);
}

void cert_text_part(const X509_NAME *name, int nid, char *out, size_t size) {
        struct text text = { .out = out, .size = size };
        int at = -1;

        out[0] = '\0';
        while ((at = X509_NAME_get_index_by_NID(name, nid, at)) >= 0 && !text.full) {
                if (text.len > 0)
                        add(&text, ", ", 2);
                add_value(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
        }
}

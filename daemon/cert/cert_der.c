/* SPDX-License-Identifier: BSD-2-Clause */
/* Walks over bytes and checks that they are DER in every length, number and truth value. libc only.
 * It does not know what the values mean. */
#include "cert/cert_der.h"

#define DEPTH_MAX 32

enum tag {
        TAG_CLASS = 0xc0, /* no bit of it: universal */
        TAG_CONSTRUCTED = 0x20,
        /* all of its bits: a longer number follows, and no certificate needs one */
        TAG_NUMBER = 0x1f,
};

enum universal {
        END_OF_CONTENTS = 0,
        BOOLEAN = 1,
        INTEGER = 2,
        BIT_STRING = 3,
        NULL_VALUE = 5,
        OBJECT_ID = 6,
        ENUMERATED = 10,
        SEQUENCE = 16,
        SET = 17,
};

/* The length may be more than there is. */
static bool read_length(const uint8_t **p, const uint8_t *end, size_t *ret) {
        size_t len = 0, n;

        if (*p == end)
                return false;
        n = *(*p)++;
        if (n < 0x80) {
                *ret = n;
                return true;
        }
        n &= 0x7f;
        if (n == 0 || n > 4 || n > (size_t) (end - *p) || **p == 0)
                return false;
        while (n-- > 0)
                len = len << 8 | *(*p)++;
        *ret = len;
        return len >= 0x80;
}

static bool take_length(const uint8_t **p, const uint8_t *end, size_t *ret) {
        return read_length(p, end, ret) && *ret <= (size_t) (end - *p);
}

static bool is_short_integer(const uint8_t *p, size_t len) {
        return len == 1 ||
               (len > 1 && !(p[0] == 0 && p[1] < 0x80) && !(p[0] == 0xff && p[1] >= 0x80));
}

static bool is_bit_string(const uint8_t *p, size_t len) {
        return len > 0 && p[0] < 8 && (len > 1 || p[0] == 0) && !(p[len - 1] & ((1U << p[0]) - 1));
}

/* Values with a number that is not here may have any bytes. */
static bool is_primitive(unsigned number, const uint8_t *p, size_t len) {
        switch (number) {
        case BOOLEAN:
                return len == 1 && (*p == 0 || *p == 0xff);
        case INTEGER:
        case ENUMERATED:
                return is_short_integer(p, len);
        case BIT_STRING:
                return is_bit_string(p, len);
        case NULL_VALUE:
                return len == 0;
        case OBJECT_ID:
                return len > 0 && p[len - 1] < 0x80;
        case END_OF_CONTENTS:
        case SEQUENCE:
        case SET:
                return false;
        }
        return true;
}

static bool walk(const uint8_t **p, const uint8_t *end, unsigned depth) {
        unsigned tag = *(*p)++, number = tag & TAG_NUMBER;
        const uint8_t *value_end;
        size_t len;

        if (number == TAG_NUMBER || depth == DEPTH_MAX || !take_length(p, end, &len))
                return false;
        value_end = *p + len;
        if (tag & TAG_CONSTRUCTED) {
                if (!(tag & TAG_CLASS) && number != SEQUENCE && number != SET)
                        return false;
                while (*p < value_end)
                        if (!walk(p, value_end, depth + 1))
                                return false;
        } else if (!(tag & TAG_CLASS) && !is_primitive(number, *p, len)) {
                return false;
        }
        *p = value_end;
        return true;
}

bool cert_der_is_strict(const uint8_t *bytes, size_t len) {
        const uint8_t *p = bytes;

        return len > 0 && walk(&p, bytes + len, 0) && p == bytes + len;
}

const char *cert_der_fault(const uint8_t *bytes, size_t len) {
        const uint8_t *p = bytes + 1, *end = bytes + len;
        size_t n;

        if (len == 0)
                return "it is empty";
        if (bytes[0] != (TAG_CONSTRUCTED | SEQUENCE))
                return "it is not DER, which begins with the byte 30 (PEM is text)";
        if (read_length(&p, end, &n) && n != (size_t) (end - p))
                return n > (size_t) (end - p) ? "it is cut off: its end is missing"
                                              : "it has bytes behind its end";
        return cert_der_is_strict(bytes, len)
                       ? NULL
                       : "it is BER, not DER: a length, number or string in it has another form";
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The key in a certificate of SSH: that of ssh-keygen, of each kind, and from bytes that are cut
 * off. */
#include "unit.h"

#include "base64.h"
#include "login/trust_ssh.h"

/* ssh-keygen made both: ssh-keygen -s ca -I alice -n alice id_ed25519.pub */
static const char key[] = "AAAAC3NzaC1lZDI1NTE5AAAAIGZrAn6XXo01yeePitbDzOVDHSk0ZdhNywSWNDwyLrut";
static const char cert[] =
        "AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAICRZfRbRflomQUY+TqJkx86lQoDD"
        "u7luz51uJUATTMmSAAAAIGZrAn6XXo01yeePitbDzOVDHSk0ZdhNywSWNDwyLrutAAAAAAAAAAAAAAAB"
        "AAAABWFsaWNlAAAACQAAAAVhbGljZQAAAAAAAAAA//////////8AAAAAAAAAggAAABVwZXJtaXQtWDEx"
        "LWZvcndhcmRpbmcAAAAAAAAAF3Blcm1pdC1hZ2VudC1mb3J3YXJkaW5nAAAAAAAAABZwZXJtaXQtcG9y"
        "dC1mb3J3YXJkaW5nAAAAAAAAAApwZXJtaXQtcHR5AAAAAAAAAA5wZXJtaXQtdXNlci1yYwAAAAAAAAAA"
        "AAAAMwAAAAtzc2gtZWQyNTUxOQAAACBwtE3XzwwoeEFjQf/F7nD5zlvB4Lrzoc4+LZS24IJowgAAAFMA"
        "AAALc3NoLWVkMjU1MTkAAABAmT80KiUuwU/dfmv+O/MKGHunJLSJt5COUDaJRL06A/tm5Ripffre5M0h"
        "UTIMIPt4UK6aiQFWtQ0yp8pgTMsdCA==";

struct build {
        uint8_t bytes[1024];
        size_t len;
};

static void put(struct build *b, const char *text, size_t len) {
        const uint8_t head[] = { 0, 0, (uint8_t) (len >> 8), (uint8_t) len };

        assert_true(b->len + len + 4 <= sizeof(b->bytes));
        memcpy(b->bytes + b->len, head, 4);
        memcpy(b->bytes + b->len + 4, text, len);
        b->len += 4 + len;
}

/* From a copy, so that a sanitizer sees a read behind it. */
static size_t plain(const void *blob, size_t len, uint8_t out[static WIRE_CERTIFICATE_MAX]) {
        uint8_t *copy = malloc(len ? len : 1);
        size_t n;

        assert_non_null(copy);
        memcpy(copy, blob, len);
        unit_poison(out, WIRE_CERTIFICATE_MAX);
        n = trust_ssh_plain(copy, len, out);
        free(copy);
        return n;
}

static void test_a_certificate_of_ssh_keygen(_unused_ void **state) {
        uint8_t in[1024], want[256], out[WIRE_CERTIFICATE_MAX];
        ssize_t len = base64_decode(cert, strlen(cert), in, sizeof(in)),
                want_len = base64_decode(key, strlen(key), want, sizeof(want));

        assert_true(len > 0 && want_len > 0);
        assert_int_equal(plain(in, (size_t) len, out), want_len);
        assert_memory_equal(out, want, (size_t) want_len);
        assert_int_equal(plain(want, (size_t) want_len, out), 0);
}

static void test_each_kind(_unused_ void **state) {
        static const struct {
                const char *type;
                unsigned strings; /* 0: X.509 has no such keys */
        } rows[] = {
                { "ssh-ed25519", 1 },
                { "ssh-rsa", 2 },
                { "ecdsa-sha2-nistp256", 2 },
                { "ecdsa-sha2-nistp384", 2 },
                { "ecdsa-sha2-nistp521", 2 },
                { "sk-ssh-ed25519@openssh.com", 0 },
                { "ssh-dss", 0 },
                { "", 0 },
        };
        uint8_t out[WIRE_CERTIFICATE_MAX];

        for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
                struct build blob = {}, want = {};
                char type[80];

                (void) snprintf(type, sizeof(type), "%s-cert-v01@openssh.com", rows[i].type);
                put(&blob, type, strlen(type));
                put(&blob, "nonce", 5);
                put(&want, rows[i].type, strlen(rows[i].type));
                for (unsigned n = 0; n < rows[i].strings; n++) {
                        put(&blob, "number", 6 - n);
                        put(&want, "number", 6 - n);
                }
                for (size_t len = 0; len < blob.len; len++)
                        unit_int("cut off", plain(blob.bytes, len, out), 0);
                if (rows[i].strings == 0)
                        want.len = 0;
                unit_int(rows[i].type, plain(blob.bytes, blob.len, out), want.len);
                unit_mem(rows[i].type, out, want.bytes, want.len);
                put(&blob, "the rest", 8);
                unit_int(rows[i].type, plain(blob.bytes, blob.len, out), want.len);
        }
}

static void test_lengths_that_lie(_unused_ void **state) {
        static const char lies[][5] = { "\xff\xff\xff\xff", "\x7f\xff\xff\xff", "\0\0\x20\x01",
                                        "\xff\xff\xff\xfc" };
        static const char type[] = "ssh-ed25519-cert-v01@openssh.com";
        uint8_t out[WIRE_CERTIFICATE_MAX];

        for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
                struct build blob = {};

                unit_int("type", plain(lies[i], 4, out), 0);
                put(&blob, type, strlen(type));
                memcpy(blob.bytes + blob.len, lies[i], 4);
                unit_int("nonce", plain(blob.bytes, blob.len + 4, out), 0);
                put(&blob, "nonce", 5);
                memcpy(blob.bytes + blob.len, lies[i], 4);
                unit_int("key", plain(blob.bytes, blob.len + 4, out), 0);
        }
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_a_certificate_of_ssh_keygen),
                cmocka_unit_test(test_each_kind),
                cmocka_unit_test(test_lengths_that_lie),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

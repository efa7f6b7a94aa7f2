/* SPDX-License-Identifier: BSD-2-Clause */
/* Helpers that read a revocation list and lie. They are not started: the answers are made here. */
#include "unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cert/cert_bytes.h"
#include "cert/cert_work.h"
#include "control/control_cert_read.h"
#include "control/control_methods.h"
#include "control/control_state.h"
#include "login/trust.h"
#include "login/verify.h"
#include "store/store_cert.h"

#define LIST "a list"
#define DER  "the CA that was named"

struct helper {
        char question[64];
        size_t len;
        void (*done)(int r, const uint8_t *out, size_t len, void *userdata);
        void *userdata;
        bool freed;
};

static struct helper helpers[4];
static size_t n_started;
static unsigned resumed;
static ssize_t stored; /* bytes of the CA, or an error */

int __wrap_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata);
int __wrap_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata) {
        struct helper *h = &helpers[n_started++];

        (void) event;
        assert_string_equal(mode, CERT_WORK_MODE);
        assert_true(n_started <= ARRAY_LEN(helpers) && in_len <= sizeof(h->question));
        assert_true(out_max > 0 && timeout_usec > 0);
        *h = (struct helper){ .len = in_len, .done = done, .userdata = userdata };
        memcpy(h->question, in, in_len);
        *ret = h;
        return 0;
}

struct helper *__wrap_helper_free(struct helper *h);
struct helper *__wrap_helper_free(struct helper *h) {
        if (h)
                h->freed = true;
        return NULL;
}

int __wrap_verify_get_reader(struct verify *v, struct store **ret);
int __wrap_verify_get_reader(struct verify *v, struct store **ret) {
        (void) v;
        *ret = NULL;
        return 0;
}

ssize_t __wrap_trust_ask_crl(struct store *reader, const struct cert_blob *crl, int64_t now,
                             uint8_t *out, size_t size);
ssize_t __wrap_trust_ask_crl(struct store *reader, const struct cert_blob *crl, int64_t now,
                             uint8_t *out, size_t size) {
        (void) reader;
        return cert_work_ask_crl(crl, NULL, 0, now, out, size);
}

ssize_t __wrap_store_cert_get(struct store *s, const uint8_t thumbprint[RECORD_THUMBPRINT_LEN],
                              struct cert_record *ret, uint8_t *ret_der);
ssize_t __wrap_store_cert_get(struct store *s, const uint8_t thumbprint[RECORD_THUMBPRINT_LEN],
                              struct cert_record *ret, uint8_t *ret_der) {
        (void) s;
        *ret = (struct cert_record){};
        assert_int_equal(thumbprint[0], 7);
        memcpy(ret_der, DER, strlen(DER));
        return stored;
}

void __wrap_control_resume(struct control_call *call);
void __wrap_control_resume(struct control_call *call) {
        (void) call;
        resumed++;
}

/* What a helper says that was taken over: the CA 7 has signed it, and nothing is revoked. */
static size_t say_anything(uint8_t *out, size_t size) {
        struct bytes_writer w = { .out = out, .size = size };
        static const uint8_t ca[RECORD_THUMBPRINT_LEN] = { 7 }, none[RECORD_HASH_LEN];

        bytes_write(&w, 1, CERT_BYTES_CRL);
        bytes_write(&w, 1, CERT_FINE);
        bytes_write_text(&w, "");
        bytes_write_raw(&w, ca, sizeof(ca));
        bytes_write_raw(&w, none, sizeof(none));
        bytes_write_raw(&w, none, sizeof(none));
        bytes_write(&w, BYTES_TIME, 1);
        bytes_write(&w, 1, 0);
        bytes_write(&w, BYTES_TIME, 0);
        bytes_write(&w, BYTES_NUMBER, 0);
        return (size_t) bytes_written(&w);
}

struct fixture {
        struct control control;
        struct control_cert_reads reads;
        struct control_call *call;
};

static const struct control_method method = { .member = "LoadCrl" };

static int make(void **state) {
        struct fixture *f = calloc(1, sizeof(*f));

        if (!f)
                return -1;
        n_started = resumed = 0;
        stored = (ssize_t) strlen(DER);
        LIST_INIT(&f->reads.calls);
        f->reads.crl = (uint8_t *) strdup(LIST);
        f->reads.crl_len = strlen(LIST);
        f->control.fixed.cert = &f->reads;
        f->call = calloc(1, control_crl_load.size);
        if (!f->reads.crl || !f->call)
                return -1;
        f->call->control = &f->control;
        f->call->method = &method;
        *state = f;
        return 0;
}

static int drop(void **state) {
        struct fixture *f = *state;

        control_crl_load.release(f->call);
        assert_null(f->reads.crl);
        assert_true(LIST_EMPTY(&f->reads.calls));
        for (size_t i = 0; i < n_started; i++)
                assert_true(helpers[i].freed);
        free(f->call);
        free(f);
        return 0;
}

static void first_answer(struct fixture *f) {
        uint8_t out[512];

        control_crl_load.detour(f->call);
        assert_int_equal(n_started, 1);
        assert_int_equal(helpers[0].question[0], CERT_BYTES_CRL);
        helpers[0].done(0, out, say_anything(out, sizeof(out)), helpers[0].userdata);
        assert_true(helpers[0].freed);
}

static void second_answer(int r, const char *out, size_t len) {
        assert_int_equal(n_started, 2);
        helpers[1].done(r, (const uint8_t *) out, len, helpers[1].userdata);
        assert_int_equal(n_started, 2);
        assert_int_equal(resumed, 1);
}

/* Another helper is asked about the CA that was named. */
static void test_a_list_that_is_signed(void **state) {
        struct fixture *f = *state;
        struct cert_blob list = { (const uint8_t *) LIST, strlen(LIST) };
        struct cert_blob ca = { (const uint8_t *) DER, strlen(DER) };
        uint8_t want[64];
        ssize_t len = cert_work_ask_signed(&list, &ca, want, sizeof(want));

        first_answer(f);
        assert_int_equal(resumed, 0);
        assert_int_equal(helpers[1].len, len);
        assert_memory_equal(helpers[1].question, want, (size_t) len);
        second_answer(0, "S\1", 2);
        assert_int_equal(f->call->error, CONTROL_OK);
}

static void test_a_ca_that_has_not_signed(void **state) {
        first_answer(*state);
        second_answer(0, "S\0", 2);
        assert_int_equal(((struct fixture *) *state)->call->error, CONTROL_REFUSED);
}

static void test_an_answer_that_is_none(void **state) {
        first_answer(*state);
        second_answer(0, "S\2", 2);
        assert_int_equal(((struct fixture *) *state)->call->error, CONTROL_REFUSED);
}

static void test_no_answer(void **state) {
        first_answer(*state);
        second_answer(-ECHILD, NULL, 0);
        assert_int_equal(((struct fixture *) *state)->call->error, CONTROL_REFUSED);
}

static void test_a_ca_that_is_not_there(void **state) {
        struct fixture *f = *state;

        stored = -ENOENT;
        first_answer(f);
        assert_int_equal(n_started, 1);
        assert_int_equal(resumed, 1);
        assert_true(f->call->error != CONTROL_OK);
}

#define test_crl(f) cmocka_unit_test_setup_teardown(f, make, drop)

int main(void) {
        const struct CMUnitTest tests[] = {
                test_crl(test_a_list_that_is_signed),  test_crl(test_a_ca_that_has_not_signed),
                test_crl(test_an_answer_that_is_none), test_crl(test_no_answer),
                test_crl(test_a_ca_that_is_not_there),
        };

        return cmocka_run_group_tests(tests, NULL, NULL);
}

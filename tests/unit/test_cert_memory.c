/* SPDX-License-Identifier: BSD-2-Clause */
/* Memory that runs out in the helper that reads certificates, at one allocation after another. The
 * helper has no answer then, or the right one: OpenSSL would call a good certificate unreadable,
 * and the daemon would remember that. */
#include <sys/wait.h>

#include "unit_cert.h"

#include "base/helper.h"
#include "cert/cert_work.h"

#define NOW UNIT_CERT_NOW
/* Each so many allocations. WFAPIKEY_MEMORY_STEP=1 is all of them. */
#define STEP 41

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define POSSIBLE true
/* Of glibc. All allocations of this program come through here. */
extern void *__libc_malloc(size_t size);
extern void *__libc_realloc(void *p, size_t size);
static unsigned long left; /* until one fails, once; 0: none */

/* OpenSSL must see them. */
__attribute__((visibility("default"))) void *malloc(size_t size) {
        if (left > 0 && --left == 0)
                return NULL;
        return __libc_malloc(size);
}

__attribute__((visibility("default"))) void *realloc(void *p, size_t size) {
        if (left > 0 && --left == 0)
                return NULL;
        return __libc_realloc(p, size);
}
#else
#define POSSIBLE false
static unsigned long left;
#endif

static uint8_t *in, *out;
static uint8_t ders[2][4096];
static uint32_t lens[2];

/* In a child: this process must not have used OpenSSL, as the helper has not. */
static int make(void **state) {
        int fds[2];
        pid_t pid;

        (void) state;
        in = malloc(HELPER_BYTES_MAX);
        out = malloc(HELPER_BYTES_MAX);
        if (!in || !out || pipe2(fds, O_CLOEXEC) < 0)
                return -1;
        pid = fork();
        if (pid == 0) {
                const struct unit_cert *ca = unit_cert(.cn = "CA", .key = "EC:P-256#ca",
                                                       .extensions = UNIT_CERT_CA),
                                       *leaf = unit_cert(.cn = "alice", .issuer = ca,
                                                         .extensions =
                                                                 "extendedKeyUsage=clientAuth");
                const struct cert_blob blobs[] = { ca->der, leaf->der };

                for (size_t i = 0; i < 2; i++) {
                        lens[i] = (uint32_t) blobs[i].len;
                        memcpy(ders[i], blobs[i].bytes, blobs[i].len);
                }
                _exit(write(fds[1], ders, sizeof(ders)) != sizeof(ders) ||
                      write(fds[1], lens, sizeof(lens)) != sizeof(lens));
        }
        return pid < 0 || read(fds[0], ders, sizeof(ders)) != sizeof(ders) ||
                               read(fds[0], lens, sizeof(lens)) != sizeof(lens) ||
                               waitpid(pid, NULL, 0) != pid || close(fds[0]) < 0 ||
                               close(fds[1]) < 0
                       ? -1
                       : 0;
}

static int drop(void **state) {
        (void) state;
        free(in);
        free(out);
        return 0;
}

enum outcome { RIGHT = 0, NO_ANSWER = 1, WRONG = 3, ALL_ALLOCATED = 4 };

/* What the helper does, with memory that runs out once. */
static enum outcome answer(ssize_t asked, unsigned long at) {
        struct cert_verdict verdict;
        struct cert_work_read certificate;
        size_t place = 0;
        ssize_t len;
        bool over;

        left = at;
        len = cert_work_run(in, (size_t) asked, out);
        over = left > 0;
        left = 0;
        if (len < 0)
                return NO_ANSWER;
        if (cert_work_take_verdict(out, (size_t) len, &verdict) == 0) {
                if (verdict.reason == REASON_CERTIFICATE_UNCHECKED)
                        return NO_ANSWER;
                if (verdict.reason != REASON_NONE)
                        return WRONG;
        } else if (cert_work_take_read(out, (size_t) len, &place, &certificate) != 1 ||
                   certificate.fault != CERT_FINE)
                return WRONG;
        return over ? ALL_ALLOCATED : RIGHT;
}

static void try_all(ssize_t asked) {
        const char *text = getenv("WFAPIKEY_MEMORY_STEP");
        unsigned long step = text ? strtoul(text, NULL, 10) : STEP, at = 1, none = 0;
        int status = 0;

        assert_true(asked > 0 && step > 0);
        for (; WEXITSTATUS(status) != ALL_ALLOCATED; at += step) {
                pid_t pid = fork();

                assert_true(pid >= 0);
                if (pid == 0)
                        _exit((int) answer(asked, at));
                assert_int_equal(waitpid(pid, &status, 0), pid);
                if (!WIFEXITED(status) || WEXITSTATUS(status) == WRONG)
                        fail_msg("allocation %lu fails: status %x", at, (unsigned) status);
                none += WEXITSTATUS(status) == NO_ANSWER;
        }
        print_message("# %lu allocations, %lu tries without an answer\n", at, none);
        assert_true(none > 0);
}

static void test_judge(void **state) {
        const struct cert_blob ca = { ders[0], lens[0] };
        const struct cert_question question = {
                .der = { ders[1], lens[1] }, .cas = &ca, .n_cas = 1, .now = NOW
        };

        (void) state;
        if (!POSSIBLE)
                return; /* a sanitizer has its own allocator */
        try_all(cert_work_ask_judge(&question, in, HELPER_BYTES_MAX));
}

static void test_read(void **state) {
        const struct cert_blob leaf = { ders[1], lens[1] };

        (void) state;
        if (!POSSIBLE)
                return; /* a sanitizer has its own allocator */
        try_all(cert_work_ask_read(&leaf, 1, CERT_CLIENT, NOW, in, HELPER_BYTES_MAX));
}

int main(void) {
        const struct CMUnitTest tests[] = {
                cmocka_unit_test(test_judge),
                cmocka_unit_test(test_read),
        };

        return cmocka_run_group_tests(tests, make, drop);
}

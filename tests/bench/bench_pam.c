/* SPDX-License-Identifier: BSD-2-Clause */
/* bench_pam DIR rounds ROUNDS MS KEYS KEYS: PAM transactions against the daemons "big" and "small",
 * which have so many keys, and with pam_permit.so. bench_pam DIR count SERVICE N: N transactions of
 * one service, for a person who counts system calls or instructions. The services are those of
 * DIR/pam.d. Every transaction must have the right result. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <security/pam_appl.h>

#include "bench.h"
#include "bench_echo.h"
#include "cleanup.h"

enum variant {
        PERMIT,
        ECHO,
        BIG,
        SMALL,
        UNKNOWN,
        WRONG,
        REVOKED,
        CERTIFICATE,
        CERTIFICATE_CHAIN,
        _VARIANT_MAX,
};

static const struct {
        const char *name;
        const char *service;
        enum bench_list list;
        enum bench_spoil spoil;
        int wanted; /* of pam_authenticate() */
} variants[] = {
        [PERMIT] = { "pam_permit", "permit", BENCH_BIG, BENCH_AS_IT_IS, PAM_SUCCESS },
        [ECHO] = { "echo server", "echo", BENCH_BIG, BENCH_AS_IT_IS, PAM_SUCCESS },
        [BIG] = { "accepted, big store", "big", BENCH_BIG, BENCH_AS_IT_IS, PAM_SUCCESS },
        [SMALL] = { "accepted, small store", "small", BENCH_SMALL, BENCH_AS_IT_IS, PAM_SUCCESS },
        [UNKNOWN] = { "unknown id", "big", BENCH_BIG, BENCH_OTHER_ID, PAM_AUTH_ERR },
        [WRONG] = { "wrong secret", "big", BENCH_BIG, BENCH_OTHER_SECRET, PAM_AUTH_ERR },
        [REVOKED] = { "revoked", "big", BENCH_REVOKED, BENCH_AS_IT_IS, PAM_AUTH_ERR },
        [CERTIFICATE] = { "accepted, certificate behind it", "pinned", BENCH_BIG, BENCH_AS_IT_IS,
                          PAM_SUCCESS },
        [CERTIFICATE_CHAIN] = { "accepted, certificate of a CA", "chained", BENCH_BIG,
                                BENCH_AS_IT_IS, PAM_SUCCESS },
};
_Static_assert(ARRAY_LEN(variants) == _VARIANT_MAX, "a row for each");

/* What the user types: the key, and after it the certificate from the file with the service's name,
 * if there is one. */
struct typed {
        char text[KEYTEXT_LEN + 1 + 12000];
};

struct logins {
        struct bench_user user;
        struct bench_random random;
        int64_t slice_ns;
        pid_t echo;
};

static void logins_done(struct logins *l) {
        bench_echo_stop(l->echo);
        bench_user_done(&l->user);
}

/* The application, which types the key. */
static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        const struct typed *typed = userdata;
        struct pam_response *answers;

        (void) messages;
        answers = calloc((size_t) n, sizeof(*answers));
        if (!answers)
                return PAM_BUF_ERR;
        answers[0].resp = strdup(typed->text);
        *ret = answers;
        return PAM_SUCCESS;
}

/* Reads the file once for each variant, so that reading is not measured. */
static int load_certificate(const char *service, char *out, size_t size) {
        FILE *f = fopen(service, "re");
        size_t n;

        if (!f)
                return errno == ENOENT ? 0 : -errno;
        n = fread(out, 1, size - 1, f);
        (void) fclose(f);
        out[n] = '\0';
        out[strcspn(out, "\n")] = '\0';
        return 0;
}

/* As in a service, a refused user gets no account check. */
static int login(const struct logins *l, const char *service, int wanted, struct typed *typed) {
        struct pam_conv conv = { .conv = converse, .appdata_ptr = typed };
        pam_handle_t *pamh = NULL;
        int rv, account = PAM_SUCCESS;

        if (pam_start_confdir(service, l->user.name, &conv, "pam.d", &pamh) != PAM_SUCCESS)
                return -ENOENT;
        rv = pam_authenticate(pamh, 0);
        if (rv == PAM_SUCCESS)
                account = pam_acct_mgmt(pamh, 0);
        (void) pam_end(pamh, rv);
        if (rv == wanted && account == PAM_SUCCESS)
                return 0;
        (void) fprintf(stderr,
                       "service %s: pam_authenticate() said %d and not %d, pam_acct_mgmt() %d\n",
                       service, rv, wanted, account);
        return -EBADE;
}

static int measure(size_t variant, struct bench_latencies *ret, void *userdata) {
        struct logins *l = userdata;
        const struct bench_keys *keys = &l->user.keys[variants[variant].list];
        int64_t began = bench_now_ns(), now = began;
        struct typed typed = {};
        int r;

        r = load_certificate(variants[variant].service, typed.text + KEYTEXT_LEN,
                             sizeof(typed.text) - KEYTEXT_LEN);
        if (r < 0)
                return r;
        while (now < began + l->slice_ns) {
                struct secret key;

                bench_key_pick(keys, variants[variant].spoil, &l->random, &key);
                memcpy(typed.text, key.text, KEYTEXT_LEN);
                now = bench_now_ns();
                r = login(l, variants[variant].service, variants[variant].wanted, &typed);
                if (r >= 0)
                        r = bench_latencies_add(ret, bench_now_ns() - now);
                if (r < 0)
                        return r;
        }
        return 0;
}

static void print_row(const struct bench_result *results, size_t rounds, enum variant variant,
                      const char *name, enum variant to, const char *to_name) {
        char text[BENCH_RATIO_LEN] = "";
        const struct bench_result *result = &results[variant];

        if (variant != to)
                (void) bench_ratio(result->p50, results[to].p50, rounds, text);
        (void) printf("  %-32s %9.1f %9.1f   %-22s%s\n", name, bench_median(result->p50, rounds),
                      bench_median(result->p99, rounds), text, variant != to ? to_name : "");
}

static void print(const struct bench_result *results, size_t rounds, uint64_t big, uint64_t small) {
        char ratio[BENCH_RATIO_LEN], count[BENCH_RATIO_LEN], name[2 * BENCH_RATIO_LEN];

        (void) printf("PAM transaction, %s keys / pam_permit: %s\n\n", bench_count(big, count),
                      bench_ratio(results[BIG].p50, results[PERMIT].p50, rounds, ratio));
        (void) printf("%-34s %9s %9s   %s\n", "PAM transactions", "p50 us", "p99 us",
                      "p50 to that of");
        print_row(results, rounds, PERMIT, "pam_permit", PERMIT, "");
        print_row(results, rounds, ECHO, "our module, bare echo server", PERMIT, "pam_permit");
        (void) snprintf(name, sizeof(name), "accepted, %s keys", count);
        print_row(results, rounds, BIG, name, PERMIT, "pam_permit");
        (void) snprintf(name, sizeof(name), "accepted, %s keys", bench_count(small, ratio));
        print_row(results, rounds, SMALL, name, PERMIT, "pam_permit");
        for (size_t i = UNKNOWN; i < _VARIANT_MAX; i++)
                print_row(results, rounds, i, variants[i].name, BIG, "accepted");
        (void) printf("  %s keys to %s keys: %s\n", count, bench_count(small, name),
                      bench_ratio(results[BIG].p50, results[SMALL].p50, rounds, ratio));
}

static int run_rounds(struct logins *l, char *argv[]) {
        static struct bench_result results[_VARIANT_MAX];
        const char *names[_VARIANT_MAX];
        struct bench_plan plan;
        int r;

        r = bench_plan_parse(argv, &plan);
        if (r < 0)
                return r;
        l->slice_ns = plan.slice_ns;
        for (size_t i = 0; i < _VARIANT_MAX; i++)
                names[i] = variants[i].name;
        r = bench_echo_start("echo.verify", true, &l->echo);
        if (r >= 0)
                r = bench_rounds(names, _VARIANT_MAX, plan.rounds, measure, l, results);
        if (r >= 0)
                print(results, plan.rounds, plan.big, plan.small);
        return r;
}

static int run_count(struct logins *l, char *argv[]) {
        struct typed typed = {};
        struct secret key;
        uint64_t n;
        int r = 0;

        if (bench_number(argv[1], UINT32_MAX, &n) < 0)
                return -EINVAL;
        for (uint64_t i = 0; r >= 0 && i < n; i++) {
                bench_key_pick(&l->user.keys[BENCH_BIG], BENCH_AS_IT_IS, &l->random, &key);
                memcpy(typed.text, key.text, KEYTEXT_LEN);
                r = login(l, argv[0], PAM_SUCCESS, &typed);
        }
        return r;
}

static int run(int argc, char *argv[]) {
        __attribute__((cleanup(logins_done))) struct logins l = { .random = { 1 } };
        int r;

        r = bench_user_load(&l.user);
        if (r < 0)
                return r;
        if (argc == 5 && strcmp(argv[0], "rounds") == 0)
                return run_rounds(&l, argv + 1);
        return argc == 3 && strcmp(argv[0], "count") == 0 ? run_count(&l, argv + 1) : -EINVAL;
}

int main(int argc, char *argv[]) {
        return bench_main(argc, argv, "DIR rounds ROUNDS MS KEYS KEYS | DIR count SERVICE N", run);
}

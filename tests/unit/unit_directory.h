/* SPDX-License-Identifier: BSD-2-Clause */
/* A directory of our own making: what it says goes by the name of the user. The helpers that ask it
 * are the test program itself, so its main() begins with unit_directory_main(). Link it with
 * -Wl,--wrap=helper_start. */
#pragma once

#include "unit.h"

#include "accounts/accounts_directory.h"
#include "base/helper.h"

static inline ssize_t unit_directory_run(const uint8_t *in, size_t in_len, uint8_t *out) {
        struct bytes_writer w = { .out = out, .size = HELPER_BYTES_MAX };
        struct accounts_directory_question question;

        if (accounts_directory_take_question(in, in_len, &question) < 0)
                return -EBADMSG;
        for (size_t i = 0; i < question.n; i++) {
                const char *name = question.names[i];
                struct accounts_directory_answer look = {};

                memcpy(look.asked, name, sizeof(look.asked));
                while (strncmp(name, "hang", 4) == 0)
                        (void) pause();
                if (strncmp(name, "crash", 5) == 0)
                        abort();
                if (strncmp(name, "slow", 4) == 0)
                        (void) usleep(100000);
                if (strncmp(name, "remote", 6) == 0 || strncmp(name, "slow", 4) == 0) {
                        look.account.state = ACCOUNT_PRESENT;
                        look.account.uid = 1000;
                        memcpy(look.account.name, look.asked, sizeof(look.asked));
                } else if (strncmp(name, "wait", 4) != 0)
                        look.account.state = ACCOUNT_GONE;
                if (strncmp(name, "swap", 4) == 0)
                        look.asked[0] = 'x'; /* an answer to another question */
                accounts_directory_put(&w, &look);
                if (strncmp(name, "short", 5) == 0)
                        w.len -= 7;
                if (strncmp(name, "extra", 5) == 0)
                        accounts_directory_put(&w, &look); /* more than was asked for */
        }
        return bytes_written(&w);
}

/* Whether this process is a helper: then it has done its work, and ${ret_status} is for exit. */
static inline bool unit_directory_main(int argc, char *argv[], int *ret_status) {
        static const struct helper_mode modes[] = { { ACCOUNTS_DIRECTORY_MODE, unit_directory_run },
                                                    {} };

        if (argc != 2 || strncmp(argv[1], "--helper=", 9) != 0)
                return false;
        *ret_status = helper_main(modes, argv[1] + 9);
        return true;
}

/* How many microseconds a helper has that asks for a user for whom the directory hangs. All others
 * have more than any machine needs. */
static uint64_t unit_directory_patience;
static unsigned unit_directory_helpers;
static unsigned unit_directory_slow; /* helpers for a slow user */

static inline bool unit_directory_asks(const void *in, size_t in_len, const char *word) {
        struct accounts_directory_question question;

        assert_int_equal(accounts_directory_take_question(in, in_len, &question), 0);
        for (size_t i = 0; i < question.n; i++)
                if (strncmp(question.names[i], word, strlen(word)) == 0)
                        return true;
        return false;
}

int __real_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata);
int __wrap_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata);
int __wrap_helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                        size_t in_len, size_t out_max, uint64_t timeout_usec,
                        void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                        void *userdata) {
        assert_int_equal(timeout_usec, 5000000);
        unit_directory_helpers++;
        unit_directory_slow += unit_directory_asks(in, in_len, "slow");
        timeout_usec = unit_directory_asks(in, in_len, "hang") ? unit_directory_patience
                                                               : UINT64_C(600000000);
        return __real_helper_start(ret, event, mode, in, in_len, out_max, timeout_usec, done,
                                   userdata);
}

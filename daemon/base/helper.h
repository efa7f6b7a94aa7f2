/* SPDX-License-Identifier: BSD-2-Clause */
/* Runs this program again in a process of its own, for work that may block, hang or crash. Hands it
 * bytes, collects its answer, and waits for it on the event loop only. Questions and answers may be
 * secret, and are wiped. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "attr.h"

/* most bytes of a question and of an answer */
#define HELPER_BYTES_MAX ((size_t) 2 * 1024 * 1024)

struct helper;

/**
 * helper_start(ret, event, mode, in, in_len, out_max, timeout_usec, done, userdata):
 * Starts "wfapikeyd --helper=${mode}" (see helper_main()). It reads the ${in_len} bytes of ${in}
 * (copied), and may answer with at most ${out_max}. If it has not ended ${timeout_usec} from now,
 * on CLOCK_MONOTONIC, it is killed. It has no signal blocked. It has /dev/null and the stderr of
 * this process, and nothing else that is open here or in the environment. Call this on the loop's
 * thread: the helper dies with that thread. ${done} is called from the loop when the helper has
 * ended, once, never from within this call, and may free the helper. ${r} is 0 with the answer of
 * ${len} bytes in ${out}, borrowed for that call; -ETIMEDOUT when the helper was killed at the
 * deadline; -EMSGSIZE when it was killed for answering too much; -ECHILD when it died or did not
 * end with 0.
 * Returns 0 with the helper, for helper_free(); -EMSGSIZE; a negative errno.
 */
int helper_start(struct helper **ret, sd_event *event, const char *mode, const void *in,
                 size_t in_len, size_t out_max, uint64_t timeout_usec,
                 void (*done)(int r, const uint8_t *out, size_t len, void *userdata),
                 void *userdata) _must_check_;

/**
 * helper_free(h): kills the helper if it has not ended. done() is not called any more. NULL-safe,
 * returns NULL. Does not wait: the loop reaps the process, however long that takes.
 */
struct helper *helper_free(struct helper *h);
void helper_freep(struct helper **h);

/* What a helper can be started for. A table of modes ends with an empty row. */
struct helper_mode {
        const char *name;
        /* Answers ${in} with at most HELPER_BYTES_MAX bytes in ${out}. Returns their number, or a
         * negative errno for no answer. */
        ssize_t (*run)(const uint8_t *in, size_t in_len, uint8_t *out);
        /* works on its question alone, in a cage: see cage.h */
        bool caged;
};

/**
 * helper_main(modes, name):
 * The helper's side: reads the question to its end, has the mode ${name} answer it, and writes the
 * answer.
 * Returns the exit status for main(): 0, or 1 when this is no helper's process, when there is no
 * such mode, or when it failed.
 */
int helper_main(const struct helper_mode *modes, const char *name) _must_check_;

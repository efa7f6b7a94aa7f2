/* SPDX-License-Identifier: BSD-2-Clause */
/* The options of the module, read strictly. An unknown word or a wrong value is an error and is
 * never ignored: a misspelt restriction would restrict nothing. It is pure and needs no PAM. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "attr.h"

#define PAM_ARGS_SOCKET  "/run/wfapikey/verify"
#define PAM_ARGS_TIMEOUT 2000

struct pam_args {
        const char *socket; /* borrowed from argv */
        const char *prompt; /* borrowed; NULL for PAM's own */
        int64_t timeout_ms;
        uid_t server_uid;
        bool use_first_pass; /* never ask for a secret */
        bool debug;
        /* in a session: show a new key to a user who has none */
        bool issue;
        bool warn; /* tell a user of keys that end soon */
        /* Where a certificate may come from. Each source is off unless an option names it. */
        bool certificate_field;  /* after the key: KEY.CERTIFICATE */
        bool certificate_prompt; /* a second question */
        /* a second question; its answer proves that the user has the private key */
        bool certificate_proof;
        /* a variable of the PAM environment; borrowed; NULL for none */
        const char *certificate_env;
        /* a variable of the environment of the process; borrowed; NULL for none */
        const char *certificate_process_env;
};

/**
 * pam_args_parse(argc, argv, session, ret, ret_bad):
 * Reads the options of one line of a PAM stack. The options issue and warn are known in a
 * ${session} line only. Returns 0; -EINVAL with the offending word, borrowed from ${argv}, in
 * ${ret_bad}. ${ret} is then untouched.
 */
int pam_args_parse(int argc, const char *const *argv, bool session, struct pam_args *ret,
                   const char **ret_bad) _must_check_;

/* SPDX-License-Identifier: BSD-2-Clause */
/* The module's options, read strictly: a word that is not known, or a value that is not right,
 * is an error and never ignored - a misspelt restriction would otherwise be none. Pure; needs no
 * PAM. */
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
        /* a session: show a key to whoever has none */
        bool issue;
        /* Where a certificate may come from; nowhere unless it is said. */
        bool certificate_field;  /* behind the key: KEY.CERTIFICATE */
        bool certificate_prompt; /* a second question */
        /* a second question, whose answer proves that the user has its key */
        bool certificate_proof;
        /* a variable of the PAM environment; borrowed; NULL: none */
        const char *certificate_env;
        /* a variable of the process' environment; likewise */
        const char *certificate_process_env;
};

/**
 * pam_args_parse(argc, argv, session, ret, ret_bad):
 * Reads the options of one line of a PAM stack; issue is one in a ${session} line only.
 * Returns 0; -EINVAL with the offending word, borrowed from ${argv}, in ${ret_bad}; ${ret} is
 * then untouched.
 */
int pam_args_parse(int argc, const char *const *argv, bool session, struct pam_args *ret,
                   const char **ret_bad) _must_check_;

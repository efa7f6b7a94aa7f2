/* SPDX-License-Identifier: BSD-2-Clause */
/* A PAM module for the tests. It stands before or after the module under test.
 *
 *   as=NAME        puts the token that it finds into the PAM environment as NAME; without a token
 *   there is no such variable
 *   set=TEXT       sets the token
 *   cred=NAME      setcred puts NAME=set into the PAM environment
 *   return=CODE    the number of the PAM code that it returns in every facility; 0 without this
 *   option */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <security/pam_modules.h>

#include "attr.h"
#include "cleanup.h"

static const char *option(int argc, const char **argv, const char *name) {
        size_t len = strlen(name);

        for (int i = 0; i < argc; i++)
                if (strncmp(argv[i], name, len) == 0)
                        return argv[i] + len;
        return NULL;
}

static int answer(int argc, const char **argv) {
        const char *code = option(argc, argv, "return=");

        return code ? (int) strtol(code, NULL, 10) : PAM_SUCCESS;
}

static int note(pam_handle_t *pamh, const char *name) {
        _cleanup_free_ char *text = NULL;
        const void *token = NULL;
        size_t name_len = strlen(name), len;

        (void) pam_putenv(pamh, name);
        if (pam_get_item(pamh, PAM_AUTHTOK, &token) != PAM_SUCCESS || !token)
                return PAM_SUCCESS;
        len = strlen(token);
        text = malloc(name_len + len + 2);
        if (!text)
                return PAM_BUF_ERR;
        memcpy(text, name, name_len);
        text[name_len] = '=';
        memcpy(text + name_len + 1, token, len + 1);
        return pam_putenv(pamh, text);
}

_public_ int pam_sm_authenticate(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const char *name = option(argc, argv, "as="), *token = option(argc, argv, "set=");
        int rv = PAM_SUCCESS;

        (void) flags;
        if (token)
                rv = pam_set_item(pamh, PAM_AUTHTOK, token);
        if (rv == PAM_SUCCESS && name)
                rv = note(pamh, name);
        return rv == PAM_SUCCESS ? answer(argc, argv) : rv;
}

_public_ int pam_sm_setcred(pam_handle_t *pamh, int flags, int argc, const char **argv) {
        const char *name = option(argc, argv, "cred=");
        char text[64];
        int rv = PAM_SUCCESS;

        (void) flags;
        if (name) {
                (void) snprintf(text, sizeof(text), "%s=set", name);
                rv = pam_putenv(pamh, text);
        }
        return rv == PAM_SUCCESS ? answer(argc, argv) : rv;
}

#define ANSWERS(hook)                                                                              \
        _public_ int hook(pam_handle_t *pamh, int flags, int argc, const char **argv) {            \
                (void) pamh;                                                                       \
                (void) flags;                                                                      \
                return answer(argc, argv);                                                         \
        }
ANSWERS(pam_sm_acct_mgmt)
ANSWERS(pam_sm_open_session)
ANSWERS(pam_sm_close_session)
ANSWERS(pam_sm_chauthtok)

/* SPDX-License-Identifier: BSD-2-Clause */
/* Keeps an accepted login in the PAM handle. It must not keep the secret, and must not decide about
 * a later call: pam_wfapikey.c compares what was asked and asks the daemon. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "pam_login.h"

static const char data_name[] = "wfapikey-login";

static void login_wipe(struct pam_login *login) {
        explicit_bzero(login, sizeof(*login)); /* a certificate is no secret */
}

static void login_free(pam_handle_t *pamh, void *data, int error_status) {
        (void) pamh;
        (void) error_status;
        if (data)
                login_wipe(data);
        free(data);
}

/* Sets "NAME=value". The module makes both texts: the name has no '=', and the text fits. */
static bool put_env(pam_handle_t *pamh, const char *name, const char *value) {
        char text[32 + WIRE_NAME_MAX] = {};
        size_t len = strlen(name), value_len = strnlen(value, WIRE_NAME_MAX);

        memcpy(text, name, len);
        text[len] = '=';
        memcpy(text + len + 1, value, value_len);
        return pam_putenv(pamh, text) == PAM_SUCCESS;
}

/* Another process may have made the login: sshd copies the environment to it. libpam logs an alert
 * when there is nothing to remove. */
static void remove_env(pam_handle_t *pamh, const char *name) {
        if (pam_getenv(pamh, name))
                (void) pam_putenv(pamh, name);
}

static struct pam_login *login_new(const struct ask_server *server, const struct wire_request *req,
                                   const struct wire_reply *reply) {
        struct pam_login *login = calloc(1, sizeof(*login) + req->certificate_len);

        if (!login)
                return NULL;
        memcpy(login->user, req->user, strnlen(req->user, WIRE_USER_MAX));
        memcpy(login->service, req->service, strnlen(req->service, WIRE_SERVICE_MAX));
        memcpy(login->rhost, req->rhost, strnlen(req->rhost, WIRE_RHOST_MAX));
        memcpy(login->socket, server->path, strnlen(server->path, PAM_LOGIN_SOCKET_MAX));
        login->server_uid = server->uid;
        login->evidence = req->evidence;
        login->certificate_len = req->certificate_len;
        if (req->certificate_len > 0)
                memcpy(login->certificate, req->certificate, req->certificate_len);
        memcpy(login->id, reply->id, sizeof(login->id));
        memcpy(login->ticket, reply->ticket, sizeof(login->ticket));
        login->pid = getpid();
        login->at_ms = ask_now_ms();
        return login;
}

bool pam_login_remember(pam_handle_t *pamh, const struct ask_server *server,
                        const struct wire_request *req, const struct wire_reply *reply) {
        struct pam_login *login = login_new(server, req, reply);

        if (!login)
                return false;
        if (pam_set_data(pamh, data_name, login, login_free) != PAM_SUCCESS) {
                login_wipe(login);
                free(login);
                return false;
        }
        if (!put_env(pamh, "WFAPIKEY_ID", reply->id) ||
            !put_env(pamh, "WFAPIKEY_NAME", reply->name)) {
                pam_login_forget(pamh);
                return false;
        }
        return true;
}

static struct pam_login *get_data(pam_handle_t *pamh) {
        const void *data = NULL;

        /* The data is this module's own and writable. libpam's const only protects its table. */
        return pam_get_data(pamh, data_name, &data) == PAM_SUCCESS
                       ? (struct pam_login *) (uintptr_t) data
                       : NULL;
}

void pam_login_forget(pam_handle_t *pamh) {
        struct pam_login *login = get_data(pamh);

        if (login) {
                /* The login is wiped in place first. That cannot fail, even if libpam refuses the
                 * rest. */
                login_wipe(login);
                (void) pam_set_data(pamh, data_name, NULL, NULL);
        }
        remove_env(pamh, "WFAPIKEY_ID");
        remove_env(pamh, "WFAPIKEY_NAME");
}

const struct pam_login *pam_login_get(pam_handle_t *pamh) {
        const struct pam_login *login = get_data(pamh);

        return login && login->user[0] ? login : NULL;
}

bool pam_login_is_fresh(const struct pam_login *login) {
        int64_t age = ask_now_ms() - login->at_ms;

        return login->pid == getpid() && age >= 0 && age < 1000;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Requests for a key at a login: checked on the loop, made on the writer thread, answered on the
 * loop again. Knows nothing of verification and certificates: another service has let the user
 * in. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/closer.h"
#include "base/log.h"
#include "base/peer.h"
#include "cleanup.h"
#include "keys/issue.h"
#include "login/endsoon.h"
#include "login/firstuse.h"
#include "login/verify_audit.h"
#include "rules/loglimit.h"
#include "store/store_account.h"
#include "text.h"

/* Invariant: n is the number of logins that the worker has. */
struct firstuse {
        struct worker *worker;
        struct accounts *accounts;
        const struct keymint *keymint;
        struct audit *audit;
        struct loglimit limits;
        unsigned n;
        unsigned n_warnings; /* see endsoon_serve() */
};

struct firstuse_login {
        struct worker_job job;
        struct firstuse *firstuse;
        int fd;
        struct peer_cred peer;
        struct wire_request req;
        struct issue_request request;
        struct issue_result result;
        enum reason reason;
        /* it is known who the user is, or that nobody can tell */
        bool asked;
        bool decided; /* nobody has to be asked any more */
        /* the client has disconnected, so nothing was made */
        bool gone;
};

static const enum reason reasons[] = {
        [ISSUE_OK] = REASON_NONE,
        [ISSUE_NO_SUCH_USER] = REASON_NOT_ISSUABLE,
        [ISSUE_NO_ANSWER] = REASON_ACCOUNT_UNKNOWN,
        [ISSUE_INVALID] = REASON_NOT_ISSUABLE,
        [ISSUE_LIMIT] = REASON_KEY_LIMIT,
        [ISSUE_DISABLED] = REASON_DISABLED,
        [ISSUE_ADMIN] = REASON_ADMIN,
        [ISSUE_CLOSED] = REASON_PASSWORD_EXPIRED,
        [ISSUE_HAS_KEY] = REASON_HAS_KEY,
        [ISSUE_STORE] = REASON_STORE,
};
_Static_assert(ARRAY_LEN(reasons) == _ISSUE_ERROR_MAX, "a reason for each");

static struct firstuse_login *login_free(struct firstuse_login *login) {
        if (!login)
                return NULL;
        closer_close(&login->fd);
        explicit_bzero(login, sizeof(*login));
        free(login);
        return NULL;
}

static void login_freep(struct firstuse_login **login) {
        *login = login_free(*login);
}

static void log_made(const struct firstuse_login *login, const char *user, const char *service) {
        const struct key_record *key = &login->result.key;
        struct log_entry entry;
        char number[24];

        log_begin(&entry, LOG_NOTICE, "key %s of user '%s' issued at a login to service '%s'",
                  key->id, user, service);
        log_add(&entry, "MESSAGE_ID", message_id(MESSAGE_KEY_CHANGED));
        log_add(&entry, "WFA_KEY_ID", key->id);
        log_add(&entry, "WFA_USER", key->owner);
        log_add(&entry, "WFA_SERVICE", login->req.service);
        log_add(&entry, "WFA_RHOST", login->req.rhost);
        log_add(&entry, "WFA_ACTION", "issued");
        (void) snprintf(number, sizeof(number), "%u", login->peer.uid);
        log_add(&entry, "WFA_PEER_UID", number);
        (void) snprintf(number, sizeof(number), "%d", login->peer.pid);
        log_add(&entry, "WFA_PEER_PID", number);
        if (login->peer.has_login) {
                (void) snprintf(number, sizeof(number), "%u", login->peer.login_uid);
                log_add(&entry, "WFA_LOGIN_UID", number);
        }
        log_end(&entry);
}

/* What the audit log says of it. */
static struct verify_event event_of(const struct firstuse_login *login) {
        struct verify_event event = {
                .reason = login->reason, .kind = WIRE_ISSUE, .peer = login->peer, .now = clock_now()
        };

        memcpy(event.user, login->req.user, sizeof(event.user));
        memcpy(event.service, login->req.service, sizeof(event.service));
        memcpy(event.rhost, login->req.rhost, sizeof(event.rhost));
        return event;
}

static void audit_refusal(const struct firstuse_login *login) {
        struct verify_event event = event_of(login);

        if (login->reason != REASON_NONE && login->reason != REASON_HAS_KEY)
                verify_audit_note(login->firstuse->audit, &event);
}

static void log_login(struct firstuse_login *login, bool sent) {
        const struct wire_request *req = &login->req;
        char user[2 * WIRE_USER_MAX], service[2 * WIRE_SERVICE_MAX];
        const char *what = verdict_reason_name(login->reason);
        char who[PEER_TEXT_LEN];
        unsigned kept;

        peer_text(&login->peer, who);
        text_escape(user, sizeof(user), text_without_key(req->user));
        text_escape(service, sizeof(service), req->service);
        if (login->reason == REASON_NONE && !login->gone) {
                log_made(login, user, service);
                if (!sent)
                        log_line(LOG_WARNING,
                                 "nobody waited for key %s of user '%s': remove it, and the next "
                                 "login gets "
                                 "another",
                                 login->result.key.id, user);
        } else if (login->reason != REASON_HAS_KEY && /* as with every login but the first */
                   loglimit_say(&login->firstuse->limits, loglimit_of_uid(login->peer.uid),
                                loglimit_hash(login->peer.uid + UINT64_C(1), what), clock_now(),
                                &kept))
                log_line(LOG_NOTICE,
                         "no key issued to user '%s' at a login to service '%s' by %s: %s", user,
                         service, who,
                         login->gone ? "nobody waited for it" : verdict_reason_text(login->reason));
}

static void answer(struct firstuse_login *login) {
        _cleanup_reply_ struct wire_reply reply = { .seq = login->req.seq,
                                                    .verdict = verdict_of(login->reason) };
        uint8_t out[WIRE_REPLY_LEN];
        bool sent;

        if (reply.verdict == VERDICT_ALLOW) {
                memcpy(reply.id, login->result.key.id, sizeof(reply.id));
                memcpy(reply.name, login->result.key.name, sizeof(reply.name));
                reply.key = login->result.secret;
        } else if (login->peer.uid == 0)
                reply.reason = login->reason;
        wire_reply_encode(out, &reply);
        sent = !login->gone && send(login->fd, out, sizeof(out), MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
        explicit_bzero(out, sizeof(out));
        log_login(login, sent);
        audit_refusal(login);
}

/* Whether what the store knows is enough to refuse. Most users who log in have a key, so not every
 * login starts a helper. To make a key it is not enough: the store has the user of passwd, and
 * services may log in another one of that name. */
static bool is_refused(struct firstuse_login *login, struct store *writer) {
        struct issue_request *request = &login->request;
        struct account_record account;

        if (store_account_get(writer, login->req.user, &account) < 0 ||
            account.state != ACCOUNT_PRESENT)
                return false;
        return !issue_take_user(login->req.user, 0, &account, &request->owner, &login->result) ||
               !issue_could(request, writer, &login->result);
}

static void login_run(struct worker_job *job, struct store *writer) {
        struct firstuse_login *login = (struct firstuse_login *) job;
        struct verify_event event = event_of(login);

        verify_audit_fill(&event, &login->request.audit);
        /* Make no key for a client that has disconnected: nobody would see it, and its owner
         * would not get another one. */
        login->gone = peer_is_gone(login->fd);
        if (login->asked && !login->gone && login->result.error == ISSUE_OK)
                (void) !issue_make(&login->request, writer, &login->result);
        login->decided = login->asked || login->gone || is_refused(login, writer);
        login->reason = reasons[login->result.error];
}

static void finish(struct firstuse_login *login) {
        login->firstuse->n--;
        answer(login);
        (void) login_free(login);
}

static void submit(struct firstuse_login *login) {
        if (worker_submit(login->firstuse->worker, &login->job) >= 0)
                return; /* the worker's */
        login->reason = REASON_BUSY;
        finish(login);
}

static void on_account(int r, const struct account_record *account, void *userdata) {
        struct firstuse_login *login = userdata;

        login->asked = true;
        (void) issue_take_user(login->req.user, r, account, &login->request.owner, &login->result);
        submit(login);
}

static void login_done(struct worker_job *job) {
        struct firstuse_login *login = (struct firstuse_login *) job;
        const char *user = login->req.user;

        if (login->decided)
                finish(login);
        else if (accounts_ask(login->firstuse->accounts, &user, 1, on_account, login) < 0)
                on_account(-EBUSY, NULL, login);
}

/* Why the request is refused, as far as that can be said without the store; else REASON_NONE. */
static enum reason refuse(const struct firstuse *f, const struct firstuse_login *login,
                          bool of_realm) {
        if (login->peer.uid != 0 && login->peer.uid != geteuid())
                return REASON_PEER;
        if (!text_is_service(login->req.service))
                return REASON_NOT_ISSUABLE;
        /* The service has let in a user of a realm, and an account of that name is another person.
         */
        if (of_realm)
                return REASON_REALM_SERVICE;
        return f->n >= FIRSTUSE_MAX ? REASON_BUSY : REASON_NONE;
}

static void fill_request(struct issue_request *request, const struct firstuse *f,
                         const char *service) {
        request->keymint = f->keymint;
        request->first_use = true;
        (void) snprintf(request->name, sizeof(request->name), "first use of %.51s", service);
        (void) snprintf(request->services, sizeof(request->services), "%s", service);
        (void) snprintf(request->origin, sizeof(request->origin), "session:%s", service);
}

void firstuse_serve(struct firstuse *f, const struct wire_request *req,
                    const struct peer_cred *peer, bool of_realm, int fd) {
        _cleanup_(login_freep) struct firstuse_login *login = NULL;

        if (req->kind == WIRE_WARN) {
                if (!of_realm)
                        endsoon_serve(f->worker, &f->n_warnings, req, peer, fd);
                return;
        }
        login = calloc(1, sizeof(*login));
        if (!login)
                return;
        login->job = (struct worker_job){ .run = login_run, .done = login_done };
        login->firstuse = f;
        login->peer = *peer;
        login->req = *req;
        login->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
        if (login->fd < 0)
                return;
        login->reason = refuse(f, login, of_realm);
        if (login->reason == REASON_NONE) {
                fill_request(&login->request, f, login->req.service);
                f->n++;
                submit(take_ptr(login));
                return;
        }
        answer(login);
}

int firstuse_new(struct firstuse **ret, struct worker *worker, struct accounts *accounts,
                 const struct keymint *keymint, struct audit *audit) {
        struct firstuse *f = calloc(1, sizeof(*f));

        if (!f)
                return -ENOMEM;
        if (loglimit_init(&f->limits) < 0) {
                free(f);
                return -EIO;
        }
        f->worker = worker;
        f->accounts = accounts;
        f->keymint = keymint;
        f->audit = audit;
        *ret = f;
        return 0;
}

struct firstuse *firstuse_free(struct firstuse *f) {
        free(f);
        return NULL;
}

struct loglimit *firstuse_limits(struct firstuse *f) {
        return &f->limits;
}

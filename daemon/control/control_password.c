/* SPDX-License-Identifier: BSD-2-Clause */
/* IssueKeyWithPassword. Any local process may call it, so what a process can find out or use up
 * is bounded: helpers at one time, calls of one asker at one time, wrong passwords in a period.
 * Every refusal takes the same time, whatever was wrong. Knows no PAM: that is
 * helper_password.c. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/random.h>

#include "base/helper.h"
#include "base/log.h"
#include "control/control_issue.h"
#include "control/control_password.h"
#include "control/control_quota.h"
#include "control/control_state.h"
#include "control/password_bytes.h"
#include "login/verify.h"
#include "rules/tries.h"
#include "text.h"

#define SECOND        UINT64_C(1000000)
#define HELPER_USEC   (10 * SECOND)
#define REFUSAL_USEC  (2 * SECOND) /* from the call to the answer */
#define WRONG_TEXT    "The user name or the password is wrong."
#define NO_CHECK_TEXT "The password could not be checked; try again."

/* Its first member makes it a call for control_issue.h. */
struct password_call {
        struct control_issue_call ours;
        LIST_ENTRY(password_call) entries;
        bool listed;
        struct helper_password_question question;
        struct helper *helper;
        sd_event_source *delay;
        uint64_t started; /* CLOCK_MONOTONIC, microseconds */
        uid_t uid;        /* the user whose password it was */
};

/* Invariant: the list has the calls whose password is being checked, or whose refusal is
 * delayed. */
struct control_password {
        sd_event *event; /* borrowed */
        LIST_HEAD(, password_call) calls;
        struct tries tries;
};

static int parse(struct control_call *call, sd_bus_message *m) {
        struct password_call *p = (struct password_call *) call;
        const char *password;
        int r;

        r = control_issue_parse_user(&p->ours, m);
        if (r >= 0)
                r = sd_bus_message_read_basic(m, 's', &password);
        if (r < 0)
                return r;
        if (!text_copy(p->question.password, sizeof(p->question.password), password))
                control_fail(call, CONTROL_ACCESS_DENIED, "%s", WRONG_TEXT);
        memcpy(p->question.user, p->ours.user, sizeof(p->question.user));
        return control_issue_parse_options(&p->ours, m, true);
}

static uint64_t now_usec(const struct control_password *password) {
        uint64_t now = 0;

        /* this cannot fail for this clock */
        (void) sd_event_now(password->event, CLOCK_MONOTONIC, &now);
        return now;
}

static struct tries_asker asker_of(const struct password_call *p) {
        return (struct tries_asker){ .uid = p->ours.call.uid, .source = p->ours.source };
}

static int on_delay(sd_event_source *source, uint64_t usec, void *userdata) {
        struct password_call *p = userdata;

        (void) source;
        (void) usec;
        control_resume(&p->ours.call);
        return 0;
}

/* A refusal always takes the same time. So the time tells nothing, and nobody gets many refusals
 * in a short time. */
static void answer_late(struct password_call *p) {
        sd_event *event = p->ours.call.control->fixed.password->event;

        if (sd_event_add_time(event, &p->delay, CLOCK_MONOTONIC, p->started + REFUSAL_USEC, 1,
                              on_delay, p) < 0)
                control_resume(&p->ours.call);
}

static void refuse(struct password_call *p) {
        struct control_call *call = &p->ours.call;
        struct control_password *password = call->control->fixed.password;
        const struct tries_asker asker = asker_of(p);
        char shown[2 * WIRE_USER_MAX], source[2 * WIRE_RHOST_MAX];

        tries_failed(&password->tries, &asker, p->ours.user,
                     (int64_t) (now_usec(password) / SECOND));
        text_escape(shown, sizeof(shown), text_without_key(p->ours.user));
        text_escape(source, sizeof(source), text_without_key(p->ours.source));
        log_message(MESSAGE_PASSWORD_WRONG, LOG_NOTICE,
                    "wrong name or password for user '%s' given by %s%s%s", shown, call->who,
                    source[0] ? " for source " : "", source);
        control_fail(call, CONTROL_ACCESS_DENIED, "%s", WRONG_TEXT);
        answer_late(p);
}

/* The password is right. Now it counts what its user may do. */
static void accept_user(struct password_call *p, struct helper_password_answer *answer) {
        struct control_call *call = &p->ours.call;
        const struct conf *conf = call->control->loop.conf;
        const struct peer user = { .cred = { .uid = answer->uid, .gid = answer->gid },
                                   .n_groups = (size_t) answer->n_groups,
                                   .groups = answer->groups };
        const enum role role = conf_role(conf, &user);

        call->conf_serial = call->control->loop.conf_serial;
        if (!role_may(role, ROLE_VERB_ISSUE, true, conf->has_developer_group)) {
                control_fail(call, CONTROL_ACCESS_DENIED,
                             "Only administrators and developers make, rename and reset keys.");
                return;
        }
        if (!control_issue_may_share(&p->ours, role))
                return;
        p->uid = answer->uid;
        if (role != ROLE_ADMIN)
                control_quota_add_owner(call, answer->uid);
}

/* Returns whether the password is the user's. If it is not, or nobody can say, nothing has been
 * done. */
static bool take_answer(struct password_call *p, struct helper_password_answer *answer) {
        struct control_call *call = &p->ours.call;

        switch (answer->verdict) {
        case HELPER_PASSWORD_EXPIRED:
                control_fail(call, CONTROL_ACCESS_DENIED,
                             "The password has expired: change it first.");
                return true;
        case HELPER_PASSWORD_CLOSED:
                control_fail(call, CONTROL_ACCESS_DENIED, "The account may not log in now.");
                return true;
        case HELPER_PASSWORD_RIGHT:
                accept_user(p, answer);
                return true;
        case HELPER_PASSWORD_WRONG:
                break;
        }
        return false;
}

/* From here on the call belongs to others. control_password_free() must not drop it. */
static void pass_on(struct password_call *p) {
        LIST_REMOVE(p, entries);
        p->listed = false;
        if (p->ours.call.error == CONTROL_OK)
                control_issue_ask(&p->ours.call);
        else
                control_resume(&p->ours.call);
}

static void on_helper(int r, const uint8_t *out, size_t len, void *userdata) {
        struct password_call *p = userdata;
        struct control_call *call = &p->ours.call;
        const struct tries_asker asker = asker_of(p);
        struct helper_password_answer answer = {};

        if (r >= 0)
                r = password_bytes_take_answer(out, len, &answer);
        p->helper = helper_free(p->helper);
        if (r < 0) {
                log_message(MESSAGE_PASSWORD_UNCHECKED, LOG_ERR,
                            "no password could be checked by the PAM service wfapikey: %s",
                            r == -ETIMEDOUT ? "it took too long" : "its process has failed");
                control_fail(call, CONTROL_BUSY, "%s", NO_CHECK_TEXT);
                answer_late(p);
        } else if (take_answer(p, &answer)) {
                tries_succeeded(&call->control->fixed.password->tries, &asker, p->ours.user);
                pass_on(p);
        } else
                refuse(p);
}

/* One call of an asker at a time, its delay included. Else many calls at once would get around the
 * delay. */
static bool has_place(const struct control_password *password, const struct password_call *p) {
        const struct tries_asker mine = asker_of(p);
        const struct password_call *call;
        struct tries_beside beside = {};

        LIST_FOREACH(call, &password->calls, entries) {
                const struct tries_asker other = asker_of(call);

                tries_add_beside(&beside, &mine, &other, call->helper != NULL);
        }
        return tries_has_place(&beside, &mine);
}

/* Checks what needs no password first. Where a password would be of no use, the caller must not
 * learn whether it is right. */
static bool check_before(struct password_call *p, struct control_password *password) {
        struct control_call *call = &p->ours.call;
        const struct tries_asker asker = asker_of(p);
        struct policy policy;
        int64_t wait;
        int r;

        r = verify_get_policy(call->control->fixed.verify, &policy);
        wait = tries_may(&password->tries, &asker, p->ours.user, (int64_t) (p->started / SECOND));
        if (r < 0)
                control_fail_store(call, r);
        else if (!policy.enabled)
                control_fail(call, CONTROL_DISABLED,
                             "API keys are disabled: an administrator sets the policy enabled=yes "
                             "first.");
        else if (!policy.password_issue)
                control_fail(call, CONTROL_DISABLED,
                             "The policy password-issue=no does not give keys for a password.");
        else if (!has_place(password, p))
                control_fail(call, CONTROL_BUSY, "Another password is being checked; try again.");
        else if (wait > 0)
                control_fail(call, CONTROL_LIMIT_EXCEEDED,
                             "Too many wrong passwords: try again in %lld minutes.",
                             (long long) (wait + 59) / 60);
        return call->error == CONTROL_OK;
}

static int start_helper(struct password_call *p) {
        sd_event *event = p->ours.call.control->fixed.password->event;
        uint8_t in[PASSWORD_BYTES_QUESTION_MAX];
        ssize_t len;
        int r;

        len = password_bytes_put_question(&p->question, in, sizeof(in));
        r = len < 0 ? (int) len
                    : helper_start(&p->helper, event, HELPER_PASSWORD_MODE, in, (size_t) len,
                                   PASSWORD_BYTES_ANSWER_MAX, HELPER_USEC, on_helper, p);
        explicit_bzero(in, sizeof(in));
        explicit_bzero(&p->question, sizeof(p->question));
        return r;
}

static void detour(struct control_call *call) {
        struct password_call *p = (struct password_call *) call;
        struct control_password *password = call->control->fixed.password;
        int r;

        p->started = now_usec(password);
        if (!check_before(p, password)) {
                control_resume(call);
                return;
        }
        LIST_INSERT_HEAD(&password->calls, p, entries);
        p->listed = true;
        /* A key is not taken for a password, whatever the PAM service does. */
        if (keytext_find(p->question.password)) {
                refuse(p);
                return;
        }
        r = start_helper(p);
        if (r < 0) {
                log_message(MESSAGE_PASSWORD_UNCHECKED, LOG_ERR, "no password can be checked: %s",
                            strerrordesc_np(-r));
                control_fail(call, CONTROL_BUSY, "%s", NO_CHECK_TEXT);
                control_resume(call);
        }
}

static void run(struct control_call *call, struct store *writer) {
        struct password_call *p = (struct password_call *) call;

        p->ours.request.by_password = true;
        memcpy(p->ours.request.origin, "password", sizeof("password"));
        control_issue_make(&p->ours, writer, p->uid, WRONG_TEXT);
}

static void release(struct control_call *call) {
        struct password_call *p = (struct password_call *) call;

        if (p->listed)
                LIST_REMOVE(p, entries);
        (void) helper_free(p->helper);
        sd_event_source_disable_unref(p->delay);
}

const struct control_handlers control_issue_with_password = {
        .size = sizeof(struct password_call),
        .parse = parse,
        .detour = detour,
        .run = run,
        .committed = control_issue_committed,
        .reply = control_issue_reply,
        .release = release,
};

int control_password_new(struct control_password **ret, sd_event *event) {
        struct control_password *password = calloc(1, sizeof(*password));

        if (!password)
                return -ENOMEM;
        password->event = event;
        LIST_INIT(&password->calls);
        if (getrandom(&password->tries.seed, sizeof(password->tries.seed), 0) !=
            sizeof(password->tries.seed)) {
                free(password);
                return -EIO;
        }
        *ret = password;
        return 0;
}

struct control_password *control_password_free(struct control_password *password) {
        struct password_call *p;

        if (!password)
                return NULL;
        while ((p = LIST_FIRST(&password->calls)))
                control_drop(&p->ours.call);
        free(password);
        return NULL;
}

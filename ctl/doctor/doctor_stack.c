/* SPDX-License-Identifier: BSD-2-Clause */
/* Judges a PAM stack by trying it: makes up answers of its modules and looks who gets in. Reads
 * no file and loads no module. */
#include <string.h>

#include "doctor/doctor_stack.h"

/* What a module does to a login, as far as its name tells. */
enum kind {
        /* asks for a secret or knows accounts; any module that is not in the table */
        KIND_LOGIN = 0,
        KIND_OURS,
        KIND_PERMIT,
        KIND_DENY,
        KIND_HELPER, /* gives all users the same answer */
        /* looks at the user or the source; may accept or refuse */
        KIND_CHECK,
        /* lets some users in without a secret; the problem is about all others */
        KIND_TRUST,
};

static const struct {
        const char *name;
        enum kind kind;
} modules[] = {
        { DOCTOR_STACK_MODULE, KIND_OURS }, { "pam_permit", KIND_PERMIT },
        { "pam_deny", KIND_DENY },          { "pam_access", KIND_CHECK },
        { "pam_cap", KIND_HELPER },         { "pam_echo", KIND_HELPER },
        { "pam_env", KIND_HELPER },         { "pam_faildelay", KIND_HELPER },
        { "pam_group", KIND_HELPER },       { "pam_issue", KIND_HELPER },
        { "pam_keyinit", KIND_HELPER },     { "pam_lastlog", KIND_HELPER },
        { "pam_limits", KIND_HELPER },      { "pam_listfile", KIND_CHECK },
        { "pam_localuser", KIND_CHECK },    { "pam_loginuid", KIND_HELPER },
        { "pam_mail", KIND_HELPER },        { "pam_mkhomedir", KIND_HELPER },
        { "pam_motd", KIND_HELPER },        { "pam_nologin", KIND_HELPER },
        { "pam_rhosts", KIND_TRUST },       { "pam_rootok", KIND_TRUST },
        { "pam_securetty", KIND_CHECK },    { "pam_selinux", KIND_HELPER },
        { "pam_sepermit", KIND_CHECK },     { "pam_shells", KIND_CHECK },
        { "pam_succeed_if", KIND_CHECK },   { "pam_systemd", KIND_HELPER },
        { "pam_time", KIND_CHECK },         { "pam_timestamp", KIND_TRUST },
        { "pam_umask", KIND_HELPER },       { "pam_usertype", KIND_CHECK },
        { "pam_warn", KIND_HELPER },        { "pam_wheel", KIND_TRUST },
};

/* What each kind answers in one try. */
struct scenario {
        int ours, login, helper, check;
        /* out: our module was asked; after it, one was asked that counts or sees the token */
        bool asked, goes_on;
};

static enum kind kind_of(const struct pamstack_line *line) {
        for (size_t i = 0; i < ARRAY_LEN(modules); i++)
                if (pamstack_is_module(line, modules[i].name))
                        return modules[i].kind;
        return KIND_LOGIN;
}

static bool has_arg(const struct pamstack_line *line, const char *arg) {
        for (size_t i = 0; i < line->n_args; i++)
                if (strcmp(line->args[i], arg) == 0)
                        return true;
        return false;
}

static int answer(const struct pamstack_line *line, void *userdata) {
        struct scenario *s = userdata;

        /* pam_faillock stands in several places of a stack, and refuses in one of them only. */
        if (pamstack_is_module(line, "pam_faillock")) {
                s->goes_on |= s->asked && has_arg(line, "authfail");
                return has_arg(line, "authfail") ? PAMSTACK_AUTH_ERR : PAMSTACK_SUCCESS;
        }
        switch (kind_of(line)) {
        case KIND_OURS:
                s->asked = true;
                return s->ours;
        case KIND_PERMIT:
                return PAMSTACK_SUCCESS;
        case KIND_HELPER:
                return s->helper;
        case KIND_CHECK:
                return s->check;
        case KIND_LOGIN:
                s->goes_on |= s->asked;
                return s->login;
        case KIND_DENY:
        case KIND_TRUST:
                break;
        }
        return line->type == PAMSTACK_ACCOUNT ? PAMSTACK_PERM_DENIED : PAMSTACK_AUTH_ERR;
}

static bool lets_in(const struct pamstack *stack, enum pamstack_type type, struct scenario s) {
        return pamstack_eval(stack, type, answer, &s) == PAMSTACK_SUCCESS;
}

/* Whether a key that our module does not accept is given to a module below, for one of the answers
 * that our module has for a key. */
static bool key_goes_on(const struct pamstack *stack) {
        static const int answers[] = { PAMSTACK_AUTH_ERR, PAMSTACK_AUTHINFO_UNAVAIL };
        static const int checks[] = { PAMSTACK_SUCCESS, PAMSTACK_AUTH_ERR };

        for (size_t i = 0; i < ARRAY_LEN(answers); i++)
                for (size_t j = 0; j < ARRAY_LEN(checks); j++) {
                        struct scenario s = { .ours = answers[i],
                                              .login = PAMSTACK_AUTH_ERR,
                                              .check = checks[j] };

                        (void) pamstack_eval(stack, PAMSTACK_AUTH, answer, &s);
                        if (s.goes_on)
                                return true;
                }
        return false;
}

/* Whether some answer of the checking modules lets the user in. */
static bool may_let_in(const struct pamstack *stack, enum pamstack_type type, struct scenario s) {
        s.check = PAMSTACK_SUCCESS;
        if (lets_in(stack, type, s))
                return true;
        s.check = PAMSTACK_AUTH_ERR;
        return lets_in(stack, type, s);
}

const struct pamstack_line *doctor_stack_line(const struct pamstack *stack,
                                              enum pamstack_type type) {
        for (size_t i = 0; i < stack->n; i++)
                if (stack->lines[i].type == type && kind_of(&stack->lines[i]) == KIND_OURS)
                        return &stack->lines[i];
        return NULL;
}

static bool has_kind(const struct pamstack *stack, enum pamstack_type type, enum kind kind) {
        for (size_t i = 0; i < stack->n; i++)
                if (stack->lines[i].type == type && !stack->lines[i].substack &&
                    kind_of(&stack->lines[i]) == kind)
                        return true;
        return false;
}

static bool has_type(const struct pamstack *stack, enum pamstack_type type) {
        for (size_t i = 0; i < stack->n; i++)
                if (stack->lines[i].type == type)
                        return true;
        return false;
}

/* Whether a user gets in although all modules refuse, for any kind of refusal by our module. */
static bool is_open(const struct pamstack *stack) {
        static const int refusals[] = { PAMSTACK_AUTH_ERR,     PAMSTACK_AUTHINFO_UNAVAIL,
                                        PAMSTACK_SERVICE_ERR,  PAMSTACK_BUF_ERR,
                                        PAMSTACK_USER_UNKNOWN, PAMSTACK_CONV_ERR,
                                        PAMSTACK_CRED_UNAVAIL };
        static const int helpers[] = { PAMSTACK_SUCCESS, PAMSTACK_IGNORE, PAMSTACK_AUTH_ERR };

        for (size_t i = 0; i < ARRAY_LEN(refusals); i++)
                for (size_t j = 0; j < ARRAY_LEN(helpers); j++)
                        if (lets_in(stack, PAMSTACK_AUTH,
                                    (struct scenario){ .ours = refusals[i],
                                                       .login = PAMSTACK_AUTH_ERR,
                                                       .helper = helpers[j],
                                                       .check = PAMSTACK_AUTH_ERR }))
                                return true;
        return false;
}

static unsigned judge_auth(const struct pamstack *stack) {
        /* also while the daemon is down: it is not asked about passwords */
        struct scenario password = { .ours = PAMSTACK_CRED_UNAVAIL };
        struct scenario key = { .login = PAMSTACK_AUTH_ERR };
        unsigned problems = 0;

        if (is_open(stack))
                problems |= DOCTOR_STACK_AUTH_OPEN;
        if (!may_let_in(stack, PAMSTACK_AUTH, key))
                problems |= DOCTOR_STACK_KEYS_FAIL;
        if (!has_kind(stack, PAMSTACK_AUTH, KIND_LOGIN))
                return problems; /* a stack for keys only */
        if (!may_let_in(stack, PAMSTACK_AUTH, password))
                problems |= DOCTOR_STACK_PASSWORDS_FAIL;
        if (key_goes_on(stack))
                problems |= DOCTOR_STACK_KEYS_GO_ON;
        return problems;
}

/* ${passwords}: users may also log in without a key. */
static unsigned judge_account(const struct pamstack *stack, bool passwords) {
        struct scenario revoked = { .ours = PAMSTACK_PERM_DENIED },
                        unsure = { .ours = PAMSTACK_AUTHINFO_UNAVAIL };
        struct scenario barred = { .login = PAMSTACK_PERM_DENIED, .check = PAMSTACK_PERM_DENIED };
        struct scenario password = { .ours = PAMSTACK_IGNORE }, key = {};
        unsigned problems = 0;

        if (!doctor_stack_line(stack, PAMSTACK_ACCOUNT))
                return DOCTOR_STACK_ACCOUNT_MISSING;
        if (lets_in(stack, PAMSTACK_ACCOUNT, revoked))
                problems |= DOCTOR_STACK_ACCOUNT_OPEN;
        else if (lets_in(stack, PAMSTACK_ACCOUNT, unsure))
                problems |= DOCTOR_STACK_ACCOUNT_UNSURE;
        if ((has_kind(stack, PAMSTACK_ACCOUNT, KIND_LOGIN) ||
             has_kind(stack, PAMSTACK_ACCOUNT, KIND_CHECK)) &&
            lets_in(stack, PAMSTACK_ACCOUNT, barred))
                problems |= DOCTOR_STACK_ACCOUNT_SKIPS;
        if (passwords && !may_let_in(stack, PAMSTACK_ACCOUNT, password))
                problems |= DOCTOR_STACK_ACCOUNT_LOCKS;
        if (!may_let_in(stack, PAMSTACK_ACCOUNT, key))
                problems |= DOCTOR_STACK_ACCOUNT_KEYS;
        return problems;
}

unsigned doctor_stack_judge(const struct pamstack *stack, const struct pamstack *other) {
        const struct pamstack *account = has_type(stack, PAMSTACK_ACCOUNT) ? stack : other;
        const struct pamstack *auth = has_type(stack, PAMSTACK_AUTH) ? stack : other;
        bool ours = doctor_stack_line(stack, PAMSTACK_AUTH);
        unsigned problems = 0;

        if (!ours && !doctor_stack_line(stack, PAMSTACK_ACCOUNT))
                return 0;
        if (stack->dead)
                return DOCTOR_STACK_DEAD;
        if (ours)
                problems = judge_auth(stack);
        else if (has_type(stack, PAMSTACK_AUTH))
                problems = DOCTOR_STACK_AUTH_MISSING;
        return problems | judge_account(account, has_kind(auth, PAMSTACK_AUTH, KIND_LOGIN));
}

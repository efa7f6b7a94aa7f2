/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of the module's options, and one function for each. It must not know PAM, and must not
 * act on an option. */
#include <errno.h>
#include <string.h>

#include "pam_args.h"
#include "parse.h"

static int take_socket(struct pam_args *args, const char *value) {
        if (value[0] != '/')
                return -EINVAL;
        args->socket = value;
        return 0;
}

static int take_timeout(struct pam_args *args, const char *value) {
        return parse_timeout(value, &args->timeout_ms);
}

static int take_prompt(struct pam_args *args, const char *value) {
        args->prompt = value;
        return 0;
}

static int take_server_uid(struct pam_args *args, const char *value) {
        uint64_t uid;
        int r;

        /* The kernel uses (uid_t) -1 for "no uid". No daemon has it. */
        r = parse_u64(value, 0, (uint64_t) (uid_t) -1 - 1, &uid);
        if (r >= 0)
                args->server_uid = (uid_t) uid;
        return r;
}

static int take_use_first_pass(struct pam_args *args, const char *value) {
        (void) value;
        args->use_first_pass = true;
        return 0;
}

/* This is what happens without an option: the module takes an earlier module's token, or else asks.
 * The word is accepted because administrators write it. */
static int take_try_first_pass(struct pam_args *args, const char *value) {
        (void) value;
        args->use_first_pass = false;
        return 0;
}

static int take_debug(struct pam_args *args, const char *value) {
        (void) value;
        args->debug = true;
        return 0;
}

static int take_issue(struct pam_args *args, const char *value) {
        (void) value;
        args->issue = true;
        return 0;
}

static int take_warn(struct pam_args *args, const char *value) {
        (void) value;
        args->warn = true;
        return 0;
}

/* Whether it is the name of a variable. A name with '=' would name another variable. */
static bool is_variable(const char *name) {
        return name[0] && !strchr(name, '=');
}

static int take_certificate(struct pam_args *args, const char *value) {
        static const char env[] = "env:", process_env[] = "process-env:";

        if (strcmp(value, "field") == 0)
                args->certificate_field = true;
        else if (strcmp(value, "prompt") == 0)
                args->certificate_prompt = true;
        else if (strcmp(value, "proof") == 0)
                args->certificate_proof = true;
        else if (strncmp(value, env, sizeof(env) - 1) == 0 && is_variable(value + sizeof(env) - 1))
                args->certificate_env = value + sizeof(env) - 1;
        else if (strncmp(value, process_env, sizeof(process_env) - 1) == 0 &&
                 is_variable(value + sizeof(process_env) - 1))
                args->certificate_process_env = value + sizeof(process_env) - 1;
        else
                return -EINVAL;
        /* The module asks a user only one of the two questions. */
        return args->certificate_prompt && args->certificate_proof ? -EINVAL : 0;
}

static const struct {
        /* ends with '=' when a value follows */
        const char *word;
        int (*take)(struct pam_args *args, const char *value);
        /* known in a session line only */
        bool session;
} options[] = {
        { "socket=", take_socket },
        { "timeout=", take_timeout },
        { "prompt=", take_prompt },
        { "server_uid=", take_server_uid },
        { "use_first_pass", take_use_first_pass },
        { "try_first_pass", take_try_first_pass },
        { "certificate=", take_certificate },
        { "debug", take_debug },
        { "issue", take_issue, .session = true },
        { "warn", take_warn, .session = true },
};

static int take_word(struct pam_args *args, const char *word, bool session) {
        for (size_t i = 0; i < ARRAY_LEN(options); i++) {
                size_t len = strlen(options[i].word);

                if (strncmp(word, options[i].word, len) != 0 || (options[i].session && !session))
                        continue;
                if (options[i].word[len - 1] == '=')
                        return word[len] ? options[i].take(args, word + len) : -EINVAL;
                if (word[len] == '\0')
                        return options[i].take(args, NULL);
        }
        return -EINVAL;
}

int pam_args_parse(int argc, const char *const *argv, bool session, struct pam_args *ret,
                   const char **ret_bad) {
        struct pam_args args = { .socket = PAM_ARGS_SOCKET, .timeout_ms = PAM_ARGS_TIMEOUT };

        for (int i = 0; i < argc; i++)
                if (take_word(&args, argv[i], session) < 0) {
                        *ret_bad = argv[i];
                        return -EINVAL;
                }
        *ret = args;
        return 0;
}

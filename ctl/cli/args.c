/* SPDX-License-Identifier: BSD-2-Clause */
/* Parses the command line by a table of commands. Does not know what a command does. Refuses a
 * whole key among the arguments before it looks at anything else. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/args.h"
#include "cli/guess.h"
#include "cli/say.h"
#include "keytext.h"
#include "text.h"

/* More than the daemon takes in any text, and less than fits into one message. */
#define ARGUMENT_MAX 4096
#define LIST_LEN     256

/* The options of every command, by their place in common[]. */
enum common {
        COMMON_CONTROL,
        COMMON_JSON,
        COMMON_JSONL,
        COMMON_HELP,
        COMMON_VERSION,
        _COMMON_MAX,
};

static const struct args_option common[_COMMON_MAX + 1] = {
        [COMMON_CONTROL] = { "control", "PATH",
                             "control socket (else $WFAPIKEY_CONTROL, else /run/wfapikey/control)",
                             false },
        [COMMON_JSON] = { "json", NULL, "print JSON", false },
        [COMMON_JSONL] = { "jsonl", NULL, "print JSON, a list as one value a line", false },
        [COMMON_HELP] = { "help", NULL, "print help and exit", false },
        [COMMON_VERSION] = { "version", NULL, "print the version and exit", false },
};

struct parser {
        const struct args_command *table;
        size_t n;
        char **argv;
        int argc, at;
        bool words_only;
        struct args *args;
};

const struct args_option *args_common(void) {
        return common;
}

/* Finds what looks like a key: the whole argument, or what follows its '='. */
static const char *find_key(const char *text) {
        const char *value = strchr(text, '=');

        if (strncmp(text, "wfk_", KEYTEXT_PREFIX_LEN) == 0)
                return text;
        return value && strncmp(value + 1, "wfk_", KEYTEXT_PREFIX_LEN) == 0 ? value + 1 : NULL;
}

/* An argument of the form wfk_<id>_<something> shows at least a part of a secret. Its checksum
 * may be wrong. */
static bool tells_secret(const char *text, char ret_id[static KEYTEXT_ID_LEN + 1]) {
        const char *key = find_key(text);
        size_t head = KEYTEXT_PREFIX_LEN + KEYTEXT_ID_LEN;

        if (!key || strnlen(key, head + 2) < head + 2 || key[head] != '_')
                return false;
        memcpy(ret_id, key + KEYTEXT_PREFIX_LEN, KEYTEXT_ID_LEN);
        ret_id[KEYTEXT_ID_LEN] = '\0';
        return keytext_is_id(ret_id);
}

static enum exit_code check_texts(int argc, char *argv[]) {
        char id[KEYTEXT_ID_LEN + 1];

        for (int i = 1; i < argc; i++) {
                if (tells_secret(argv[i], id)) {
                        say_error(
                                "argument %d is an API key, not an id: an id is the 10 characters "
                                "after wfk_. The key is now in the shell's history and was in the "
                                "list of processes. Reset it: wfapikeyctl key reset %s",
                                i, id);
                        return CTL_USAGE;
                }
                /* D-Bus does not allow such text, and the daemon would close the connection
                 * without a reason. */
                if (argv[i][0] != '\0' && !text_is_label(argv[i], ARGUMENT_MAX)) {
                        say_error("argument %d is not UTF-8, has control characters, or is longer "
                                  "than %d bytes",
                                  i, ARGUMENT_MAX);
                        return CTL_USAGE;
                }
        }
        return CTL_OK;
}

static void add_to_list(char list[static LIST_LEN], const char *dashes, const char *word) {
        size_t len = strlen(list);

        (void) snprintf(list + len, LIST_LEN - len, "%s%s%s", len > 0 ? ", " : "", dashes, word);
}

/* Lists the nouns, or the verbs of ${noun}. */
static void list_commands(const struct parser *p, const char *noun, char list[static LIST_LEN]) {
        list[0] = '\0';
        for (size_t i = 0; i < p->n; i++) {
                const struct args_command *c = &p->table[i];

                if (noun && strcmp(c->noun, noun) == 0)
                        add_to_list(list, "", c->verb);
                else if (!noun && (i == 0 || strcmp(c->noun, c[-1].noun) != 0))
                        add_to_list(list, "", c->noun);
        }
}

static void list_options(const struct args_option *o, char list[static LIST_LEN]) {
        for (; o && o->name; o++)
                add_to_list(list, "--", o->name);
}

static const char *space_verb(const struct args_command *c, char out[static 64]) {
        (void) snprintf(out, 64, "%s%s%s", c->noun, c->verb ? " " : "", c->verb ? c->verb : "");
        return out;
}

/* The noun or the verb of ${noun} that ${word} may have been meant for. NULL: none is near. */
static const char *guess(const struct parser *p, const char *noun, const char *word) {
        for (size_t i = 0; i < p->n; i++) {
                const struct args_command *c = &p->table[i];

                if (!noun && guess_is_near(word, c->noun))
                        return c->noun;
                if (noun && strcmp(c->noun, noun) == 0 && guess_is_near(word, c->verb))
                        return c->verb;
        }
        return NULL;
}

static enum exit_code refuse_word(const struct parser *p, const char *noun, const char *word) {
        const char *near = guess(p, noun, word), *space = noun ? " " : "";
        char list[LIST_LEN], hint[64] = "";

        list_commands(p, noun, list);
        if (near)
                (void) snprintf(hint, sizeof(hint), " Did you mean '%s'?", near);
        say_error("there is no command '%s%s%s'.%s There are: %s", noun ? noun : "", space, word,
                  hint, list);
        return CTL_USAGE;
}

static enum exit_code take_noun(struct parser *p, const char *word) {
        for (size_t i = 0; i < p->n; i++) {
                if (strcmp(p->table[i].noun, word) != 0)
                        continue;
                p->args->noun = p->table[i].noun;
                if (!p->table[i].verb)
                        p->args->command = &p->table[i];
                return CTL_OK;
        }
        return refuse_word(p, NULL, word);
}

static const struct args_command *find_verb(const struct parser *p, const char *verb) {
        for (size_t i = 0; verb && i < p->n; i++)
                if (strcmp(p->table[i].noun, p->args->noun) == 0 &&
                    strcmp(p->table[i].verb, verb) == 0)
                        return &p->table[i];
        return NULL;
}

static enum exit_code take_verb(struct parser *p, const char *word) {
        p->args->command = find_verb(p, word) ?: find_verb(p, guess_alias(word));
        return p->args->command ? CTL_OK : refuse_word(p, p->args->noun, word);
}

static enum exit_code take_word(struct parser *p, const char *word) {
        if (!p->args->command && strcmp(word, "help") == 0) {
                p->args->help = true;
                return CTL_OK;
        }
        if (!p->args->noun)
                return take_noun(p, word);
        if (!p->args->command)
                return take_verb(p, word);
        p->args->words[p->args->n_words++] = word;
        return CTL_OK;
}

static const struct args_option *find_option(const struct args_option *o, const char *name,
                                             size_t len) {
        for (; o && o->name; o++)
                if (strlen(o->name) == len && memcmp(o->name, name, len) == 0)
                        return o;
        return NULL;
}

static enum exit_code refuse_option(const struct parser *p, const char *text, size_t len) {
        const struct args_command *c = p->args->command;
        char list[LIST_LEN] = "", name[64];

        list_options(c ? c->options : NULL, list);
        list_options(common, list);
        if (c)
                say_error("%s has no option %.*s; it has: %s", space_verb(c, name), (int) len, text,
                          list);
        else
                say_error("wfapikeyctl has no option %.*s before the command; it has: %s",
                          (int) len, text, list);
        return CTL_USAGE;
}

static void store_common(struct args *args, enum common which, const char *value) {
        switch (which) {
        case COMMON_CONTROL:
                args->control = value;
                break;
        case COMMON_JSON:
                args->json = true;
                break;
        case COMMON_JSONL:
                args->json = true;
                args->lines = true;
                break;
        case COMMON_HELP:
                args->help = true;
                break;
        case COMMON_VERSION:
                args->version = true;
                break;
        case _COMMON_MAX:
                break;
        }
}

static enum exit_code store_option(struct parser *p, const struct args_option *o,
                                   const char *value) {
        struct args *args = p->args;

        for (enum common i = 0; i < _COMMON_MAX; i++)
                if (o == &common[i]) {
                        store_common(args, i, value);
                        return CTL_OK;
                }
        if (!o->repeat && args_has(args, o->name)) {
                say_error("--%s can be given only once", o->name);
                return CTL_USAGE;
        }
        args->values[args->n_values++] = (struct args_value){ o, value ? value : "" };
        return CTL_OK;
}

/* "-n 20" and "-n20". */
static const struct args_option *find_letter(const struct parser *p, const char *text,
                                             const char **value) {
        const struct args_option *o = p->args->command ? p->args->command->options : NULL;

        if (strcmp(text, "-h") == 0)
                return &common[COMMON_HELP];
        for (; o && o->name; o++)
                if (o->letter && o->letter == text[1] && (o->value || !text[2])) {
                        *value = text[2] ? text + 2 : NULL;
                        return o;
                }
        return NULL;
}

static enum exit_code take_option(struct parser *p, const char *text) {
        const char *equals = strchr(text, '='), *value = equals ? equals + 1 : NULL;
        size_t len = equals ? (size_t) (equals - text) : strlen(text);
        const struct args_option *o = NULL;

        if (strcmp(text, "--") == 0) {
                p->words_only = true;
                return CTL_OK;
        }
        if (text[1] != '-')
                o = find_letter(p, text, &value);
        else if (len > 2 && text[1] == '-') {
                o = find_option(common, text + 2, len - 2);
                if (!o && p->args->command)
                        o = find_option(p->args->command->options, text + 2, len - 2);
        }
        if (!o)
                return refuse_option(p, text, len);
        if (!o->value && value) {
                say_error("--%s takes no value", o->name);
                return CTL_USAGE;
        }
        if (o->value && !value && p->at + 1 < p->argc)
                value = p->argv[++p->at];
        if (o->value && (!value || (o == &common[COMMON_CONTROL] && *value == '\0'))) {
                say_error("--%s needs a value: --%s=%s", o->name, o->name, o->value);
                return CTL_USAGE;
        }
        return store_option(p, o, value);
}

/* Checks that the command is complete. Not called when the user asks for help. */
static enum exit_code check_command(const struct parser *p) {
        const struct args_command *c = p->args->command;
        char list[LIST_LEN], name[64];

        if (!c) {
                list_commands(p, p->args->noun, list);
                if (p->args->noun)
                        say_error("%s needs a verb: %s", p->args->noun, list);
                else
                        say_error("a command is missing: %s (--help says more)", list);
                return CTL_USAGE;
        }
        if (p->args->n_words >= c->least && p->args->n_words <= c->most)
                return CTL_OK;
        say_error(p->args->n_words < c->least ? "there are too few arguments: wfapikeyctl %s%s%s"
                                              : "there are too many arguments: wfapikeyctl %s%s%s",
                  space_verb(c, name), *c->usage ? " " : "", c->usage);
        return CTL_USAGE;
}

bool args_wants_json(int argc, char *argv[]) {
        for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
                if (strcmp(argv[i], "--json") == 0 || strcmp(argv[i], "--jsonl") == 0)
                        return true;
        return false;
}

enum exit_code args_parse(int argc, char *argv[], const struct args_command *table, size_t n,
                          struct args *ret) {
        _cleanup_args_ struct args args = {};
        struct parser p = {
                .table = table, .n = n, .argv = argv, .argc = argc, .at = 1, .args = &args
        };
        enum exit_code rc;

        rc = check_texts(argc, argv);
        if (rc != CTL_OK)
                return rc;
        args.words = calloc((size_t) argc + 1, sizeof(*args.words));
        args.values = calloc((size_t) argc + 1, sizeof(*args.values));
        if (!args.words || !args.values)
                return say_no_memory();
        for (; p.at < argc && rc == CTL_OK; p.at++)
                rc = !p.words_only && argv[p.at][0] == '-' && argv[p.at][1]
                             ? take_option(&p, argv[p.at])
                             : take_word(&p, argv[p.at]);
        if (rc == CTL_OK && !args.help && !args.version)
                rc = check_command(&p);
        if (rc != CTL_OK)
                return rc;
        *ret = args;
        args = (struct args){};
        return CTL_OK;
}

void args_done(struct args *args) {
        free(args->words);
        free(args->values);
        *args = (struct args){};
}

const char *args_next(const struct args *args, const char *name, size_t *at) {
        for (; *at < args->n_values; ++*at)
                if (strcmp(args->values[*at].option->name, name) == 0)
                        return args->values[(*at)++].value;
        return NULL;
}

bool args_has(const struct args *args, const char *name) {
        for (size_t i = 0; i < args->n_values; i++)
                if (strcmp(args->values[i].option->name, name) == 0)
                        return true;
        return false;
}

const char *args_value(const struct args *args, const char *name) {
        size_t at = 0;

        return args_next(args, name, &at);
}

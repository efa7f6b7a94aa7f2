/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads the lines of a service as libpam does, with the files that it includes. Opens no file
 * and loads no module. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "doctor/pamstack.h"

#define JUMP_MAX  100 /* longer than any stack */
#define FILES_MAX 500

/* Indexed by libpam's numbers. */
static const char *const codes[PAMSTACK_CODES] = {
        "success",
        "open_err",
        "symbol_err",
        "service_err",
        "system_err",
        "buf_err",
        "perm_denied",
        "auth_err",
        "cred_insufficient",
        "authinfo_unavail",
        "user_unknown",
        "maxtries",
        "new_authtok_reqd",
        "acct_expired",
        "session_err",
        "cred_unavail",
        "cred_expired",
        "cred_err",
        "no_module_data",
        "conv_err",
        "authtok_err",
        "authtok_recover_err",
        "authtok_lock_busy",
        "authtok_disable_aging",
        "try_again",
        "ignore",
        "abort",
        "authtok_expired",
        "module_unknown",
        "bad_item",
        "conv_again",
        "incomplete",
};

static const struct {
        const char *name;
        int8_t action;
} action_names[] = {
        { "ignore", PAMSTACK_DO_IGNORE }, { "ok", PAMSTACK_DO_OK },
        { "done", PAMSTACK_DO_DONE },     { "bad", PAMSTACK_DO_BAD },
        { "die", PAMSTACK_DO_DIE },       { "reset", PAMSTACK_DO_RESET },
};

static const struct {
        const char *word;
        int8_t success, ignore, other;
} controls[] = {
        { "required", PAMSTACK_DO_OK, PAMSTACK_DO_IGNORE, PAMSTACK_DO_BAD },
        { "requisite", PAMSTACK_DO_OK, PAMSTACK_DO_IGNORE, PAMSTACK_DO_DIE },
        { "optional", PAMSTACK_DO_OK, PAMSTACK_DO_IGNORE, PAMSTACK_DO_IGNORE },
        { "sufficient", PAMSTACK_DO_DONE, PAMSTACK_DO_IGNORE, PAMSTACK_DO_IGNORE },
};

static const char *const types[] = { "auth", "account", "password", "session" };

struct reading {
        struct pamstack *stack;
        char *(*load)(const char *name, void *userdata);
        void *userdata;
        /* Files read so far. Two files that include each other twice would be read millions of
         * times. */
        unsigned files;
};

static int read_file(struct reading *reading, const char *name, enum pamstack_type wanted,
                     unsigned depth, unsigned level);

/* Returns the next word and moves ${at} behind it. Brackets keep blanks together. NULL at the
 * end. */
static char *next_word(char **at) {
        char *p = *at + strspn(*at, " \t\n"), *word = p, *out;

        if (*p == '\0')
                return NULL;
        if (*p != '[') {
                p += strcspn(p, " \t\n");
                *at = *p ? p + 1 : p;
                *p = '\0';
                return word;
        }
        for (out = word, p++; *p && *p != ']'; p++) {
                if (p[0] == '\\' && p[1] == ']')
                        p++;
                *out++ = *p;
        }
        *at = *p ? p + 1 : p;
        *out = '\0';
        return word;
}

static void set_rest(int8_t actions[static PAMSTACK_CODES], int8_t action) {
        for (size_t i = 0; i < PAMSTACK_CODES; i++)
                if (actions[i] == PAMSTACK_DO_UNSET)
                        actions[i] = action;
}

/* The action that a word names; PAMSTACK_DO_UNSET when it names none. */
static int8_t find_action(const char *word, size_t len) {
        char *end = NULL;
        long jump;

        for (size_t i = 0; i < ARRAY_LEN(action_names); i++)
                if (strlen(action_names[i].name) == len &&
                    strncmp(word, action_names[i].name, len) == 0)
                        return action_names[i].action;
        jump = strtol(word, &end, 10);
        if (end != word + len || jump <= 0)
                return PAMSTACK_DO_UNSET;
        return jump < JUMP_MAX ? (int8_t) jump : JUMP_MAX;
}

/* Parses the inside of [code=action ...]. Returns whether libpam understands it. */
static bool set_actions(int8_t actions[static PAMSTACK_CODES], const char *p) {
        while (*(p += strspn(p, " \t\n"))) {
                size_t name = strcspn(p, " \t\n="), value, code = 0;
                const char *word = p + name + strspn(p + name, " \t\n");
                int8_t action;

                if (*word != '=')
                        return false;
                word++;
                word += strspn(word, " \t\n");
                value = strcspn(word, " \t\n");
                action = find_action(word, value);
                while (code < PAMSTACK_CODES &&
                       (strlen(codes[code]) != name || strncmp(codes[code], p, name) != 0))
                        code++;
                if (action == PAMSTACK_DO_UNSET ||
                    (code == PAMSTACK_CODES && strncmp(p, "default", name) != 0))
                        return false;
                if (code == PAMSTACK_CODES)
                        set_rest(actions, action);
                else
                        actions[code] = action;
                p = word + value;
        }
        return true;
}

static void set_control(int8_t actions[static PAMSTACK_CODES], const char *word) {
        memset(actions, PAMSTACK_DO_UNSET, PAMSTACK_CODES);
        for (size_t i = 0; word && i < ARRAY_LEN(controls); i++)
                if (strcasecmp(controls[i].word, word) == 0) {
                        actions[PAMSTACK_SUCCESS] = controls[i].success;
                        actions[PAMSTACK_NEW_AUTHTOK_REQD] = controls[i].success;
                        actions[PAMSTACK_IGNORE] = controls[i].ignore;
                        set_rest(actions, controls[i].other);
                        return;
                }
        if (!word || !set_actions(actions, word))
                memset(actions, PAMSTACK_DO_BAD, PAMSTACK_CODES);
        set_rest(actions, PAMSTACK_DO_BAD);
}

static struct pamstack_line *add_line(struct pamstack *stack, const char *file, unsigned number) {
        struct pamstack_line *more, *line;

        more = reallocarray(stack->lines, stack->n + 1, sizeof(*more));
        if (!more)
                return NULL;
        stack->lines = more;
        line = &more[stack->n];
        *line = (struct pamstack_line){ .number = number };
        line->file = strdup(file);
        if (!line->file)
                return NULL;
        stack->n++;
        return line;
}

/* Sets the module of a line and its arguments. The line owns ${text} from then on. */
static int set_module(struct pamstack_line *line, char *text, char *rest) {
        char *word;

        line->text = text;
        line->module = next_word(&rest);
        line->broken = !line->module;
        while ((word = next_word(&rest))) {
                const char **more = reallocarray(line->args, line->n_args + 1, sizeof(*more));

                if (!more)
                        return -ENOMEM;
                line->args = more;
                line->args[line->n_args++] = word;
        }
        return 0;
}

static enum pamstack_type find_type(const char *word) {
        for (size_t i = 0; i < ARRAY_LEN(types); i++)
                if (strcasecmp(types[i], word[0] == '-' ? word + 1 : word) == 0)
                        return (enum pamstack_type) i;
        return PAMSTACK_ANY;
}

static int note_missing(struct pamstack *stack, const char *name) {
        if (!stack->missing)
                stack->missing = strdup(name ? name : "");
        return stack->missing ? 0 : -ENOMEM;
}

static int read_debian_include(struct reading *reading, const struct pamstack_line *at,
                               const char *name, enum pamstack_type wanted, unsigned depth) {
        int r = -ENOENT;

        if (name && depth + 1 < PAMSTACK_LEVEL_MAX)
                r = read_file(reading, name, wanted, depth + 1, at->level);
        if (r != -ENOENT)
                return r;
        reading->stack->dead = true;
        return note_missing(reading->stack, name);
}

/* Reads a line that includes another file. When the file cannot be read, a line that fails takes
 * its place. */
static int read_include(struct reading *reading, const struct pamstack_line *at, bool substack,
                        const char *name, enum pamstack_type type, unsigned depth) {
        struct pamstack *stack = reading->stack;
        struct pamstack_line *line;
        int r = -ENOENT;

        if (substack) {
                line = add_line(stack, at->file, at->number);
                if (!line)
                        return -ENOMEM;
                line->type = type;
                line->level = at->level;
                line->substack = true;
        }
        if (name && depth + 1 < PAMSTACK_LEVEL_MAX)
                r = read_file(reading, name, type, depth + 1, at->level + substack);
        if (r != -ENOENT)
                return r;
        line = add_line(stack, at->file, at->number);
        if (!line)
                return -ENOMEM;
        line->type = type == PAMSTACK_ANY ? PAMSTACK_AUTH : type;
        line->level = at->level;
        line->broken = true;
        set_control(line->actions, NULL);
        return note_missing(stack, name);
}

/* Reads one logical line without its comment. ${at} says where it stands. */
static int read_line(struct reading *reading, const char *in, const struct pamstack_line *at,
                     enum pamstack_type wanted, unsigned depth) {
        _cleanup_free_ char *text = strdup(in);
        struct pamstack_line *line;
        enum pamstack_type type;
        char *rest = text, *word;
        int r;

        if (!text)
                return -ENOMEM;
        word = next_word(&rest);
        if (!word)
                return 0;
        if (strcasecmp(word, "@include") == 0)
                return read_debian_include(reading, at, next_word(&rest), wanted, depth);
        type = find_type(word);
        if (type != PAMSTACK_ANY && wanted != PAMSTACK_ANY && type != wanted)
                return 0;
        word = next_word(&rest);
        if (type != PAMSTACK_ANY && word &&
            (strcasecmp(word, "include") == 0 || strcasecmp(word, "substack") == 0))
                return read_include(reading, at, strcasecmp(word, "substack") == 0,
                                    next_word(&rest), type, depth);
        line = add_line(reading->stack, at->file, at->number);
        if (!line)
                return -ENOMEM;
        line->level = at->level;
        set_control(line->actions, word);
        r = set_module(line, take_ptr(text), rest);
        /* libpam treats a line of an unknown type as the most sensitive one, and makes it fail. */
        line->broken = line->broken || !word || type == PAMSTACK_ANY;
        line->type = type != PAMSTACK_ANY ? type : wanted != PAMSTACK_ANY ? wanted : PAMSTACK_AUTH;
        return r;
}

/* Cuts the next logical line out of ${*p}. A backslash at the end of a line continues it, a
 * comment ends it. Counts lines in ${number}. */
static void cut_line(char **p, char *out, unsigned *number) {
        bool more = true;

        while (more && **p) {
                size_t len = strcspn(*p, "\n"), used = strcspn(*p, "#\n");

                more = used == len && len > 0 && (*p)[len - 1] == '\\';
                memcpy(out, *p, used);
                out += used;
                if (more)
                        out[-1] = ' ';
                *p += len + ((*p)[len] == '\n');
                (*number)++;
        }
        *out = '\0';
}

static int read_file(struct reading *reading, const char *name, enum pamstack_type wanted,
                     unsigned depth, unsigned level) {
        _cleanup_free_ char *text = NULL, *line = NULL, *file = NULL;
        char *p;
        unsigned number = 0;
        int r = 0;

        if (reading->files++ < FILES_MAX)
                text = reading->load(name, reading->userdata);
        if (!text)
                return -ENOENT;
        p = text;
        line = malloc(strlen(text) + 1);
        file = strdup(name);
        if (!line || !file)
                return -ENOMEM;
        while (r == 0 && *p) {
                struct pamstack_line at = { .file = file, .number = number + 1, .level = level };

                cut_line(&p, line, &number);
                r = read_line(reading, line, &at, wanted, depth);
        }
        return r;
}

int pamstack_read(const char *name, char *(*load)(const char *name, void *userdata), void *userdata,
                  struct pamstack *ret) {
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};
        struct reading reading = { .stack = &stack, .load = load, .userdata = userdata };
        int r;

        r = read_file(&reading, name, PAMSTACK_ANY, 0, 0);
        if (r < 0)
                return r;
        *ret = stack;
        stack = (struct pamstack){};
        return 0;
}

bool pamstack_is_module(const struct pamstack_line *line, const char *name) {
        const char *base = line->module ? strrchr(line->module, '/') : NULL;
        size_t len = strlen(name);

        base = base ? base + 1 : line->module;
        return base && strncmp(base, name, len) == 0 && strcmp(base + len, ".so") == 0;
}

void pamstack_done(struct pamstack *stack) {
        for (size_t i = 0; i < stack->n; i++) {
                free(stack->lines[i].text);
                free(stack->lines[i].args);
                free(stack->lines[i].file);
        }
        free(stack->lines);
        free(stack->missing);
        *stack = (struct pamstack){};
}

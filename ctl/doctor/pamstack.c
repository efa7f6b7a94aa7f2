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

/* 0; -ENOENT; -EBADMSG for a file that libpam refuses, whose lines up to there count; -ENOMEM. */
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

#define SPACE " \t\n\v\f\r"

/* Reads the action at ${*p} and moves behind it. PAMSTACK_DO_UNSET when there is none. */
static int8_t next_action(const char **p) {
        const char *digits = *p;
        int jump = 0;

        for (size_t i = 0; i < ARRAY_LEN(action_names); i++) {
                size_t len = strlen(action_names[i].name);

                if (strncmp(*p, action_names[i].name, len) == 0) {
                        *p += len;
                        return action_names[i].action;
                }
        }
        for (; **p >= '0' && **p <= '9'; (*p)++)
                if (jump < JUMP_MAX)
                        jump = 10 * jump + (**p - '0');
        if (*p == digits || jump == 0)
                return PAMSTACK_DO_UNSET;
        return (int8_t) (jump < JUMP_MAX ? jump : JUMP_MAX);
}

/* Reads the code at ${*p} and moves behind it. PAMSTACK_CODES for "default"; more than that when
 * there is none. libpam takes the first code that the text begins with. */
static size_t next_code(const char **p) {
        size_t code = 0, len;

        for (; code <= PAMSTACK_CODES; code++) {
                const char *name = code < PAMSTACK_CODES ? codes[code] : "default";

                len = strlen(name);
                if (strncmp(*p, name, len) == 0) {
                        *p += len;
                        break;
                }
        }
        return code;
}

/* Parses the inside of [code=action ...]. Returns whether libpam understands it. It needs no blank
 * between two of them. Source: _pam_parse_control() in libpam/pam_misc.c. */
static bool set_actions(int8_t actions[static PAMSTACK_CODES], const char *p) {
        while (*(p += strspn(p, SPACE))) {
                size_t code = next_code(&p);
                int8_t action;

                p += strspn(p, SPACE);
                if (code > PAMSTACK_CODES || *p != '=')
                        return false;
                p++;
                p += strspn(p, SPACE);
                action = next_action(&p);
                if (action == PAMSTACK_DO_UNSET)
                        return false;
                if (code == PAMSTACK_CODES)
                        set_rest(actions, action);
                else
                        actions[code] = action;
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

/* Without the directory and the ending. libpam refuses a file with a module whose name would be
 * nothing in logs. Source: extract_modulename() in libpam/pam_handlers.c. */
static bool has_name(const char *module) {
        const char *base = strrchr(module, '/'), *dot;
        size_t len;

        base = base ? base + 1 : module;
        dot = strrchr(base, '.');
        len = dot ? (size_t) (dot - base) : strlen(base);
        return len > 0 && (len > 1 || base[0] != '?');
}

static void drop_line(struct pamstack *stack) {
        struct pamstack_line *line = &stack->lines[--stack->n];

        free(line->text);
        free(line->args);
        free(line->file);
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

/* Adds a line that fails, in the place of a file that cannot be read. */
static int add_failure(struct reading *reading, const struct pamstack_line *at,
                       enum pamstack_type type, const char *name) {
        struct pamstack_line *line = add_line(reading->stack, at->file, at->number);

        if (!line)
                return -ENOMEM;
        line->type = type == PAMSTACK_ANY ? PAMSTACK_AUTH : type;
        line->level = at->level;
        line->broken = true;
        set_control(line->actions, NULL);
        return note_missing(reading->stack, name);
}

/* Where lines of all types count, libpam refuses the file that has this line when it cannot read
 * the other one. */
static int read_debian_include(struct reading *reading, const struct pamstack_line *at,
                               const char *name, enum pamstack_type wanted, unsigned depth) {
        int r = -ENOENT;

        if (name && depth + 1 < PAMSTACK_LEVEL_MAX)
                r = read_file(reading, name, wanted, depth + 1, at->level);
        if (r != -ENOENT && r != -EBADMSG)
                return r;
        if (wanted != PAMSTACK_ANY)
                return add_failure(reading, at, wanted, name);
        r = note_missing(reading->stack, name);
        return r < 0 ? r : -EBADMSG;
}

static int read_include(struct reading *reading, const struct pamstack_line *at, bool substack,
                        const char *name, enum pamstack_type type, unsigned depth) {
        struct pamstack_line *line;
        int r = -ENOENT;

        if (substack && name && !has_name(name))
                return -EBADMSG;
        if (substack) {
                line = add_line(reading->stack, at->file, at->number);
                if (!line)
                        return -ENOMEM;
                line->type = type;
                line->level = at->level;
                line->substack = true;
        }
        if (name && depth + 1 < PAMSTACK_LEVEL_MAX)
                r = read_file(reading, name, type, depth + 1, at->level + substack);
        return r == -ENOENT || r == -EBADMSG ? add_failure(reading, at, type, name) : r;
}

/* Reads one logical line without its comment. ${at} says where it stands. */
static int read_line(struct reading *reading, const char *in, const struct pamstack_line *at,
                     enum pamstack_type wanted, unsigned depth) {
        _cleanup_free_ char *text = strdup(in);
        struct pamstack_line *line;
        enum pamstack_type type;
        char *rest = text, *word;
        bool is_type;
        int r;

        if (!text)
                return -ENOMEM;
        word = next_word(&rest);
        if (!word)
                return 0;
        if (strcasecmp(word, "@include") == 0)
                return read_debian_include(reading, at, next_word(&rest), wanted, depth);
        /* libpam treats a line of an unknown type as the most sensitive one, and makes it fail,
         * unless it includes a file. */
        type = find_type(word);
        is_type = type != PAMSTACK_ANY;
        if (!is_type)
                type = wanted != PAMSTACK_ANY ? wanted : PAMSTACK_AUTH;
        if (wanted != PAMSTACK_ANY && type != wanted)
                return 0;
        word = next_word(&rest);
        if (word && (strcasecmp(word, "include") == 0 || strcasecmp(word, "substack") == 0))
                return read_include(reading, at, strcasecmp(word, "substack") == 0,
                                    next_word(&rest), type, depth);
        line = add_line(reading->stack, at->file, at->number);
        if (!line)
                return -ENOMEM;
        line->level = at->level;
        set_control(line->actions, word);
        r = set_module(line, take_ptr(text), rest);
        line->broken = line->broken || !word || !is_type;
        line->type = type;
        if (r < 0 || !line->module || has_name(line->module))
                return r;
        drop_line(reading->stack);
        return -EBADMSG;
}

/* Cuts the next logical line out of ${*p}. A backslash at the end of a line continues it, also
 * before blanks, and a comment ends it. Counts lines in ${number}. Returns whether the line is
 * whole: libpam refuses a file that ends before it. */
static bool cut_line(char **p, char *out, unsigned *number) {
        bool more = true;

        while (more && **p) {
                size_t len = strcspn(*p, "\n"), used = strcspn(*p, "#\n"), end = used;

                while (end > 0 && ((*p)[end - 1] == ' ' || (*p)[end - 1] == '\t'))
                        end--;
                more = used == len && end > 0 && (*p)[end - 1] == '\\';
                used = more ? end : used;
                memcpy(out, *p, used);
                out += used;
                if (more)
                        out[-1] = ' ';
                *p += len + ((*p)[len] == '\n');
                (*number)++;
        }
        *out = '\0';
        return !more;
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

                r = cut_line(&p, line, &number) ? read_line(reading, line, &at, wanted, depth)
                                                : -EBADMSG;
        }
        return r;
}

int pamstack_read(const char *name, char *(*load)(const char *name, void *userdata), void *userdata,
                  struct pamstack *ret) {
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};
        struct reading reading = { .stack = &stack, .load = load, .userdata = userdata };
        int r;

        r = read_file(&reading, name, PAMSTACK_ANY, 0, 0);
        stack.dead |= r == -EBADMSG;
        if (r == -EBADMSG)
                r = note_missing(&stack, name);
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
        while (stack->n > 0)
                drop_line(stack);
        free(stack->lines);
        free(stack->missing);
        *stack = (struct pamstack){};
}

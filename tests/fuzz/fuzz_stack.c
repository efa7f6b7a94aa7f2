/* SPDX-License-Identifier: BSD-2-Clause */
/* Files of pam.d, as wfapikeyctl doctor reads and judges them, and as libpam itself takes them. An
 * input that begins with L is put to both, as lines whose modules answer what the line says
 * (pam_debug.so): what doctor expects of a stack is what libpam returns. Words of such an input
 * have no dot and no slash, so libpam can load no other module. Any other input is text of files,
 * which is only read and judged. Files are separated by FF FE: top, a, b. */
#include "fuzz.h"

#include <security/pam_appl.h>

#include "doctor/doctor_stack.h"
#include "doctor/pamstack.h"

#define MODULE "pam_debug.so"
/* libpam 1.5 cuts longer lines. */
#define LINE_LEN 1000

static const char *const names[] = { "top", "a", "b" };

/* As pam_debug.so knows them, by libpam's numbers. */
static const char *const codes[] = {
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
};
#define MODULE_UNKNOWN 28

struct files {
        char *text[ARRAY_LEN(names)];
};

static char *load(const char *name, void *userdata) {
        const struct files *files = userdata;
        size_t dir = strlen(fuzz_dir_get());

        if (strncmp(name, fuzz_dir_get(), dir) == 0 && name[dir] == '/')
                name += dir + 1;
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                if (strcmp(name, names[i]) == 0)
                        return strdup(files->text[i]);
        return NULL;
}

/* --- With libpam --- */

/* libpam keeps some memory when it refuses a file. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) {
        return "leak:libpam.so";
}

static int converse(int n, const struct pam_message **messages, struct pam_response **ret,
                    void *userdata) {
        (void) messages;
        (void) userdata;
        *ret = calloc((size_t) n, sizeof(**ret));
        return *ret ? PAM_SUCCESS : PAM_BUF_ERR;
}

/* What pam_debug.so will answer, and libpam for a module that is not there. */
static int answer(const struct pamstack_line *line, void *userdata) {
        size_t head = strlen(userdata);

        if (!pamstack_is_module(line, "pam_debug"))
                return MODULE_UNKNOWN;
        for (size_t i = 0; i < line->n_args; i++) {
                if (strncmp(line->args[i], userdata, head) != 0)
                        continue;
                for (size_t code = 0; code < ARRAY_LEN(codes); code++)
                        if (strcmp(line->args[i] + head, codes[code]) == 0)
                                return (int) code;
                break; /* the first of these words counts */
        }
        return PAMSTACK_SUCCESS;
}

/* Whether an empty line or a comment stands behind a line that is continued. libpam 1.5 passes over
 * it, and 1.7 ends the line with it. Or a module may end the conversation in the middle. */
static bool is_ambiguous(const char *text) {
        static const char *const takes_name[] = { "substack", "include" };
        bool continued = false;

        if (strstr(text, "incomplete") || strstr(text, "conv_again"))
                return true;
        /* libpam does not survive a substack without a name, or another file without one. */
        for (size_t i = 0; i < ARRAY_LEN(takes_name); i++)
                for (const char *p = text; (p = strcasestr(p, takes_name[i]));) {
                        p += strlen(takes_name[i]);
                        if (strchr("\n#\\", p[strspn(p, " \t")]))
                                return true;
                }
        for (const char *p = text; *p;) {
                size_t len = strcspn(p, "\n"), end = len, begin = strspn(p, " \t");

                if (continued && (begin >= len || p[begin] == '#'))
                        return true;
                while (end > 0 && (p[end - 1] == ' ' || p[end - 1] == '\t'))
                        end--;
                continued = end > 0 && p[end - 1] == '\\' && !memchr(p, '#', len);
                p += len + (p[len] == '\n');
        }
        return false;
}

static void compare(struct files *files) {
        static const struct pam_conv conv = { .conv = converse };
        static char auth_word[] = "auth=", account_word[] = "acct=";
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};
        pam_handle_t *pamh = NULL;
        int auth, account, rv;

        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                fuzz_write(names[i], files->text[i], strlen(files->text[i]));
        fuzz_write("other", "", 0);
        must(pamstack_read("top", load, files, &stack) == 0);
        auth = account = rv = pam_start_confdir("top", "alice", &conv, fuzz_dir_get(), &pamh);
        if (rv == PAM_SUCCESS) {
                auth = pam_authenticate(pamh, PAM_SILENT);
                account = pam_acct_mgmt(pamh, PAM_SILENT);
                (void) pam_end(pamh, PAM_SUCCESS);
        }
        must(pamstack_eval(&stack, PAMSTACK_AUTH, answer, auth_word) == auth);
        must(pamstack_eval(&stack, PAMSTACK_ACCOUNT, answer, account_word) == account);
}

/* What stands in a line, one word for each byte. @1 and @2 are included files, if they come after
 * this one: libpam does not survive a file that includes itself. */
static const char *const words[] = {
        "auth ",
        "account ",
        "auth\t",
        "required ",
        "requisite ",
        "sufficient ",
        "optional ",
        "include @1\n",
        "substack @1\n",
        "@include @1\n",
        "include @2\n",
        "substack @2\n",
        "@include @2\n",
        "[success=",
        "[default=",
        "done ",
        "ok ",
        "bad ",
        "die ",
        "ignore ",
        "reset ",
        "1 ",
        "2 ",
        "] ",
        MODULE " ",
        MODULE "\n",
        "auth=",
        "acct=",
        "\\\n",
        "#",
        "\n",
        "-auth ",
        "PASSWORD ",
        "session ",
        "substack nothing\n",
        "[ default = ",
        "\\]",
        "default=",
        " " MODULE " auth=",
        " " MODULE " acct=",
};

static void put(char *out, size_t size, const char *word, size_t file) {
        size_t len = strlen(out);

        if (len + strlen(word) + strlen(fuzz_dir_get()) + 16 > size)
                return; /* half a path is another one */
        for (; *word; word++) {
                if (word[0] == '@' && (word[1] == '1' || word[1] == '2')) {
                        size_t to = (size_t) (word[1] - '0');

                        len += (size_t) snprintf(out + len, size - len, "%s/%s", fuzz_dir_get(),
                                                 to > file ? names[to] : "nothing");
                        word++;
                        continue;
                }
                out[len++] = *word;
                out[len] = '\0';
        }
}

/* Bytes up to 7F are themselves, where they are harmless. */
static char *make_text(struct fuzz *f, size_t file) {
        struct fuzz part = fuzz_until(f, "\xff\xfe");
        size_t size = LINE_LEN;
        char *out = calloc(1, size + 512);

        must(out != NULL);
        while (part.left > 0) {
                uint8_t byte = fuzz_byte(&part);
                char plain[2] = { (char) byte };

                if (byte >= 0x80 + ARRAY_LEN(words))
                        put(out, size, codes[byte % ARRAY_LEN(codes)], file);
                else if (byte >= 0x80)
                        put(out, size, words[byte - 0x80], file);
                else if (byte >= ' ' && byte != '.' && byte != '/' && byte != 0x7f && byte != '@')
                        put(out, size, plain, file);
        }
        return out;
}

/* --- Read and judged --- */

static int refuse(const struct pamstack_line *line, void *userdata) {
        (void) line;
        return *(int *) userdata;
}

static void check_stack(const struct pamstack *stack) {
        for (size_t i = 0; i < stack->n; i++) {
                const struct pamstack_line *line = &stack->lines[i];

                must(line->type <= PAMSTACK_SESSION && line->level < PAMSTACK_LEVEL_MAX);
                must(line->broken || line->substack || line->module);
                must(line->file && line->number > 0);
                for (size_t code = 0; code < PAMSTACK_CODES && !line->substack; code++)
                        must(line->actions[code] > PAMSTACK_DO_UNSET);
        }
        for (int code = -1; code <= PAMSTACK_CODES; code++)
                for (enum pamstack_type type = PAMSTACK_AUTH; type < PAMSTACK_ANY; type++) {
                        int r = pamstack_eval(stack, type, refuse, &code);

                        must(r >= 0 && r < PAMSTACK_CODES);
                        must(!stack->dead || r == PAMSTACK_ABORT);
                        /* It lets in nobody by itself. */
                        must(r != PAMSTACK_SUCCESS || stack->n > 0);
                }
}

static void judge(struct files *files) {
        __attribute__((cleanup(pamstack_done))) struct pamstack stack = {}, other = {};
        unsigned problems;

        must(pamstack_read("top", load, files, &stack) == 0);
        must(pamstack_read("a", load, files, &other) == 0);
        check_stack(&stack);
        problems = doctor_stack_judge(&stack, &other);
        must(problems < _DOCTOR_STACK_END);
        if (stack.dead && doctor_stack_line(&stack, PAMSTACK_AUTH))
                must(problems == DOCTOR_STACK_DEAD);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        bool both = size > 0 && data[0] == 'L', clear = both;
        struct fuzz f = { data + both, size - both };
        struct files files;

        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                if (both) {
                        files.text[i] = make_text(&f, i);
                        clear &= !is_ambiguous(files.text[i]);
                } else {
                        struct fuzz part = fuzz_until(&f, "\xff\xfe");

                        files.text[i] = fuzz_text(&part);
                }
        if (clear)
                compare(&files);
        judge(&files);
        for (size_t i = 0; i < ARRAY_LEN(names); i++)
                free(files.text[i]);
        return 0;
}

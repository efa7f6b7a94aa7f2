/* SPDX-License-Identifier: BSD-2-Clause */
/* Reads pam.d: who may write there, the options of our module, and what each service's stack
 * does. Does not know libpam's rules (pamstack) nor what is a fault (doctor_stack). */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "doctor/doctor_pam.h"
#include "doctor/doctor_stack.h"
#include "pam_args.h"

#define CHECK       "pam"
#define FILE_MAX    (256 * 1024)
#define SLOW_MS     1000
#define SERVICE_LEN 256
#define LINE        "auth [success=done auth_err=die authinfo_unavail=die default=ignore] pam_wfapikey.so"

/* Where libpam looks, in this order. */
static const char *const standard_dirs[] = { "/etc/pam.d", "/usr/lib/pam.d", NULL };

/* One problem of one line, with all services that use the line. */
struct fault {
        unsigned problem;
        char where[SERVICE_LEN + 32]; /* file:line */
        char services[160];
        unsigned n_services;
};

struct pam {
        const char *const *dirs;
        struct doctor_report *report;
        struct pamstack other;
        /* files that others include; most are not services */
        char **included;
        size_t n_included;
        struct fault *faults;
        size_t n_faults;
        unsigned n_services;    /* those that use our module */
        const char *makes_root; /* one of these */
};

static const struct {
        enum doctor_stack_problem problem;
        enum doctor_severity severity;
        const char *seen, *advice;
} problems[] = {
        { DOCTOR_STACK_DEAD, DOCTOR_ERROR,
          "includes a file that does not exist, or ends within a line, so libpam lets nobody in",
          "write the file that @include names, or remove the line; remove a backslash that is the "
          "last character of the file" },
        { DOCTOR_STACK_AUTH_OPEN, DOCTOR_ERROR,
          "FAILS OPEN: a login succeeds although pam_wfapikey and every other module refuse it",
          "end the auth lines with one that refuses (auth requisite pam_deny.so, or a required "
          "module), and write " LINE " before it" },
        { DOCTOR_STACK_KEYS_FAIL, DOCTOR_WARNING,
          "no key logs in: another line refuses what pam_wfapikey accepts",
          "put " LINE " before the modules for passwords, and see that jumps (success=N) do not "
          "lead beyond the last line" },
        { DOCTOR_STACK_PASSWORDS_FAIL, DOCTOR_WARNING,
          "passwords do not log in any more: anything but an API key is refused before the other "
          "modules count",
          "for keys and passwords side by side write " LINE
          "; for keys alone remove the lines for passwords" },
        { DOCTOR_STACK_KEYS_GO_ON, DOCTOR_WARNING,
          "a refused key goes on to the modules below, and so does every key while wfapikeyd is "
          "down: "
          "pam_faillock counts it and locks the user's password, and other modules see a key",
          "write " LINE "; where keys alone log in, remove the lines for passwords" },
        { DOCTOR_STACK_ACCOUNT_OPEN, DOCTOR_ERROR,
          "FAILS OPEN: account lets a login pass although pam_wfapikey says that the key is no "
          "longer valid",
          "write account required pam_wfapikey.so, before any line that ends the account lines "
          "with success" },
        { DOCTOR_STACK_ACCOUNT_UNSURE, DOCTOR_WARNING,
          "account lets a login pass when it cannot ask wfapikeyd about the key",
          "write account required pam_wfapikey.so" },
        { DOCTOR_STACK_ACCOUNT_SKIPS, DOCTOR_WARNING,
          "a login with a key skips the other account modules: expired and barred accounts get in",
          "write account required pam_wfapikey.so: it confirms a key and leaves the rest to the "
          "other lines" },
        { DOCTOR_STACK_ACCOUNT_LOCKS, DOCTOR_ERROR,
          "LOCKS OUT: account refuses every login without a key, because no other account module "
          "accepts it",
          "add the account lines of this host, on Debian @include common-account" },
        { DOCTOR_STACK_ACCOUNT_KEYS, DOCTOR_WARNING, "account refuses every login with a key",
          "write account required pam_wfapikey.so, and see that jumps do not lead beyond the last "
          "line" },
        { DOCTOR_STACK_ACCOUNT_MISSING, DOCTOR_WARNING,
          "has no account line for pam_wfapikey: nobody notices a key that is revoked while its "
          "owner logs in",
          "add account required pam_wfapikey.so beside the other account lines" },
        { DOCTOR_STACK_AUTH_MISSING, DOCTOR_HINT,
          "has an account line for pam_wfapikey and no auth line, so that no key logs in",
          "for keys write " LINE " before the modules for passwords" },
};

static void pam_done(struct pam *pam) {
        for (size_t i = 0; i < pam->n_included; i++)
                free(pam->included[i]);
        free(pam->included);
        free(pam->faults);
        pamstack_done(&pam->other);
}

/* Reads a file of pam.d. NULL when there is no such file, or when libpam could not read all of
 * it. */
static char *load(const char *name, void *userdata) {
        const struct pam *pam = userdata;
        _cleanup_free_ char *text = malloc(FILE_MAX + 1);
        _cleanup_close_ int fd = -1;
        char path[PATH_MAX];
        size_t len = 0;
        ssize_t n = 1;

        if (name[0] == '/')
                fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        for (size_t i = 0; name[0] != '/' && fd < 0 && pam->dirs[i]; i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", pam->dirs[i], name);
                fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        }
        if (!text || fd < 0)
                return NULL;
        while (n > 0 && len < FILE_MAX) {
                n = read(fd, text + len, FILE_MAX - len);
                len += n > 0 ? (size_t) n : 0;
        }
        if (n < 0)
                return NULL;
        text[len] = '\0';
        return take_ptr(text);
}

static void note_fault(struct pam *pam, unsigned problem, const struct pamstack_line *line,
                       const char *service) {
        char where[sizeof(pam->faults->where)];
        struct fault *f, *more;
        size_t i, used;

        (void) snprintf(where, sizeof(where), "%.*s:%u", SERVICE_LEN, line->file, line->number);
        for (i = 0; i < pam->n_faults; i++)
                if (pam->faults[i].problem == problem && strcmp(pam->faults[i].where, where) == 0)
                        break;
        if (i == pam->n_faults) {
                more = reallocarray(pam->faults, pam->n_faults + 1, sizeof(*more));
                if (!more) {
                        pam->report->error = -ENOMEM;
                        return;
                }
                pam->faults = more;
                more[pam->n_faults++] = (struct fault){ .problem = problem };
                memcpy(more[i].where, where, sizeof(where));
        }
        f = &pam->faults[i];
        f->n_services++;
        used = strlen(f->services);
        if (used + strlen(service) + 8 < sizeof(f->services))
                (void) snprintf(f->services + used, sizeof(f->services) - used, "%s%s",
                                used > 0 ? ", " : "", service);
        else if (strcmp(f->services + used - 3, "...") != 0)
                (void) snprintf(f->services + used, sizeof(f->services) - used, " ...");
}

static void report_faults(struct pam *pam) {
        for (size_t i = 0; i < pam->n_faults; i++)
                for (size_t j = 0; j < ARRAY_LEN(problems); j++)
                        if (pam->faults[i].problem == problems[j].problem)
                                doctor_report_add(pam->report, problems[j].severity, CHECK,
                                                  problems[j].advice, "%s: service %s: %s",
                                                  pam->faults[i].where, pam->faults[i].services,
                                                  problems[j].seen);
}

/* Checks the options of a line by the module's own parser. */
static void check_options(struct pam *pam, const struct pamstack_line *line, const char *service) {
        struct pam_args args;
        const char *bad = NULL;
        struct stat st;

        if (pam_args_parse((int) line->n_args, line->args, line->type == PAMSTACK_SESSION, &args,
                           &bad) < 0) {
                doctor_report_add(
                        pam->report, DOCTOR_ERROR, CHECK,
                        "pam_wfapikey(8) has the options; until it is right the module refuses "
                        "everything",
                        "%s:%u: '%s' is not an option of pam_wfapikey, or its value is wrong",
                        line->file, line->number, bad);
                return;
        }
        if (lstat(args.socket, &st) < 0 || !S_ISSOCK(st.st_mode))
                doctor_report_add(pam->report, DOCTOR_WARNING, CHECK,
                                  "name the socket that wfapikeyd serves, or leave socket= out",
                                  "%s:%u: there is no socket %s", line->file, line->number,
                                  args.socket);
        if (strcmp(service, "nginx") == 0 && args.timeout_ms > SLOW_MS)
                doctor_report_add(
                        pam->report, DOCTOR_HINT, CHECK, "write timeout=1 behind pam_wfapikey.so",
                        "%s:%u: a worker of nginx waits for the answer, here up to %lld ms",
                        line->file, line->number, (long long) args.timeout_ms);
}

static bool is_included(const struct pam *pam, const char *name) {
        for (size_t i = 0; i < pam->n_included; i++)
                if (strcmp(pam->included[i], name) == 0)
                        return true;
        return false;
}

static const char *base_of(const char *file) {
        const char *slash = strrchr(file, '/');

        return slash ? slash + 1 : file;
}

/* First round: find the files that others include. A line is checked in its own file only, so
 * each line is checked once. */
static void look_at_lines(struct pam *pam, const char *service, const struct pamstack *stack) {
        for (size_t i = 0; i < stack->n; i++) {
                const struct pamstack_line *line = &stack->lines[i];
                char **more, *name;

                if (strcmp(line->file, service) == 0) {
                        if (pamstack_is_module(line, DOCTOR_STACK_MODULE))
                                check_options(pam, line, service);
                        continue;
                }
                if (is_included(pam, base_of(line->file)))
                        continue;
                more = reallocarray(pam->included, pam->n_included + 1, sizeof(*more));
                if (more)
                        pam->included = more;
                name = strdup(base_of(line->file));
                if (!more || !name) {
                        free(name);
                        pam->report->error = -ENOMEM;
                        return;
                }
                pam->included[pam->n_included++] = name;
        }
}

/* A file with auth and account lines is a service, even when another service includes it, as
 * su-l includes su. */
static bool is_whole(const struct pamstack *stack) {
        unsigned types = 0;

        for (size_t i = 0; i < stack->n; i++)
                types |= 1U << stack->lines[i].type;
        return (types & 1U << PAMSTACK_AUTH) && (types & 1U << PAMSTACK_ACCOUNT);
}

/* Services by which a user becomes another one. A script's key for a backup should not do that. */
static void note_root(struct pam *pam, const char *service) {
        static const char *const names[] = { "sudo", "sudo-i", "su", "su-l", "doas", "polkit-1" };

        for (size_t i = 0; !pam->makes_root && i < ARRAY_LEN(names); i++)
                if (strcmp(service, names[i]) == 0)
                        pam->makes_root = names[i];
}

/* Second round: judge what a login gets. */
static void judge(struct pam *pam, const char *service, const struct pamstack *stack) {
        const struct pamstack_line *auth = doctor_stack_line(stack, PAMSTACK_AUTH);
        const struct pamstack_line *account = doctor_stack_line(stack, PAMSTACK_ACCOUNT);
        unsigned found;

        if ((!auth && !account) || (is_included(pam, service) && !is_whole(stack)))
                return;
        pam->n_services++;
        if (auth)
                note_root(pam, service);
        found = doctor_stack_judge(stack, &pam->other);
        for (unsigned bit = 1; bit < _DOCTOR_STACK_END; bit <<= 1)
                if (found & bit)
                        note_fault(pam, bit,
                                   (bit >= DOCTOR_STACK_ACCOUNT_OPEN && account) || !auth ? account
                                                                                          : auth,
                                   service);
}

/* When both directories have a file of this name, libpam reads the first. */
static bool is_hidden(const struct pam *pam, const char *name) {
        char path[PATH_MAX];

        (void) snprintf(path, sizeof(path), "%s/%s", pam->dirs[0], name);
        return access(path, F_OK) == 0;
}

static void each_service(struct pam *pam, const char *dir,
                         void (*look)(struct pam *pam, const char *service,
                                      const struct pamstack *stack)) {
        struct dirent **entries = NULL;
        int n = scandir(dir, &entries, NULL, alphasort);

        for (int i = 0; i < n; i++) {
                __attribute__((cleanup(pamstack_done))) struct pamstack stack = {};
                _cleanup_free_ struct dirent *entry = entries[i];

                if (entry->d_name[0] == '.' ||
                    (dir != pam->dirs[0] && is_hidden(pam, entry->d_name)))
                        continue;
                if (pamstack_read(entry->d_name, load, pam, &stack) == 0)
                        look(pam, entry->d_name, &stack);
        }
        free(entries);
}

/* A user who can write here can log in as anybody. */
static void check_modes(struct doctor_report *report, const char *dir, uid_t owner) {
        struct dirent **entries = NULL;
        int n = scandir(dir, &entries, NULL, alphasort);

        for (int i = 0; i < n; i++) {
                _cleanup_free_ struct dirent *entry = entries[i];
                char path[PATH_MAX];
                struct stat st;

                (void) snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name);
                if (strcmp(entry->d_name, "..") == 0 || stat(path, &st) < 0 ||
                    ((st.st_uid == 0 || st.st_uid == owner) && (st.st_mode & S_IWOTH) == 0 &&
                     (st.st_gid == 0 || st.st_uid == geteuid() || (st.st_mode & S_IWGRP) == 0)))
                        continue;
                doctor_report_add(report, DOCTOR_ERROR, CHECK,
                                  "chown root: and chmod go-w, after a look at what is in it",
                                  "other users than root can write %s (uid %u, mode %04o) and so "
                                  "decide who logs in",
                                  path, st.st_uid, st.st_mode & 07777);
        }
        free(entries);
}

void doctor_pam(const char *dir, bool unlimited, struct doctor_report *report) {
        const char *own_dirs[] = { dir, NULL };
        __attribute__((cleanup(pam_done))) struct pam pam = { .dirs = dir ? own_dirs
                                                                          : standard_dirs,
                                                              .report = report };
        size_t before = report->n;

        if (pamstack_read("other", load, &pam, &pam.other) == -ENOMEM)
                report->error = -ENOMEM;
        for (size_t i = 0; pam.dirs[i]; i++) {
                check_modes(report, pam.dirs[i], dir ? geteuid() : 0);
                each_service(&pam, pam.dirs[i], look_at_lines);
        }
        for (size_t i = 0; pam.dirs[i]; i++)
                each_service(&pam, pam.dirs[i], judge);
        report_faults(&pam);
        if (unlimited && pam.makes_root)
                doctor_report_add(
                        report, DOCTOR_WARNING, CHECK,
                        "give keys services (key issue --service), or take pam_wfapikey out "
                        "of its stack; 'key list --service any' names the keys",
                        "there are keys for all services, and %s asks pam_wfapikey: who "
                        "has such a key becomes another user with it",
                        pam.makes_root);
        if (pam.n_services == 0)
                doctor_report_add(report, DOCTOR_HINT, CHECK,
                                  "pam_wfapikey(8) has the lines for a service",
                                  "no service in %s asks pam_wfapikey", pam.dirs[0]);
        else if (report->n == before)
                doctor_report_add(
                        report, DOCTOR_OK, CHECK, NULL,
                        "%u services ask pam_wfapikey, and their stacks let the right users in",
                        pam.n_services);
}

void doctor_pam_service(const char *dir, const char *service, const char *check,
                        struct doctor_report *report) {
        const char *own_dirs[] = { dir, NULL };
        const char *const *dirs = dir ? own_dirs : standard_dirs;
        char path[PATH_MAX];

        for (size_t i = 0; dirs[i]; i++) {
                (void) snprintf(path, sizeof(path), "%s/%s", dirs[i], service);
                if (access(path, F_OK) == 0)
                        return;
        }
        doctor_report_add(report, DOCTOR_WARNING, check,
                          "name the service as PAM does: by the name of its file",
                          "there is no %s/%s: the rule for the service '%s' is about no login",
                          dirs[0], service, service);
}

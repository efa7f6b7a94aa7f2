/* SPDX-License-Identifier: BSD-2-Clause */
/* Notes keys and reports places. Does not know how files or repositories are read. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "scan/fate.h"
#include "scan/redact.h"
#include "scan/scan.h"

#define SHORT_COMMIT 12

void scan_done(struct scan *s) {
        keyring_done(&s->ring);
        scanner_wipe(&s->scanner);
}

int scan_note(struct scan *s, const char *key, size_t *ret) {
        int r = keyring_put(&s->ring, key, ret);

        if (r <= 0)
                return r < 0 ? r : 1;
        if (s->asked == CTL_OK && !args_has(s->args, "offline")) {
                s->asked = fate_ask(s->args, &s->ring.keys[*ret]);
                if (s->asked != CTL_OK)
                        say_line("Which keys are active is not known. With --offline the daemon "
                                 "is not asked.");
        }
        return keyring_settle(&s->ring);
}

/* A text that may hold keys, for people and programs. The caller frees ${ret_buffer}. NULL: no
 * memory. */
static const char *cleaned(const char *text, char **ret_buffer) {
        _cleanup_free_ char *copy = strdup(text);
        const char *shown;

        *ret_buffer = NULL;
        if (!copy)
                return NULL;
        redact(copy);
        shown = harmless(copy, ret_buffer);
        if (shown == copy)
                *ret_buffer = take_ptr(copy);
        return shown;
}

static bool is_over(enum fate fate) {
        switch (fate) {
        case FATE_EXPIRED:
        case FATE_REVOKED:
        case FATE_REPLACED:
                return true;
        case FATE_NOT_ASKED:
        case FATE_UNKNOWN:
        case FATE_ACTIVE:
                break;
        }
        return false;
}

static void json_number_or_null(struct json *j, const char *name, uint64_t n) {
        if (n > 0)
                json_number(j, name, n);
        else
                json_text(j, name, NULL);
}

static void report_json(struct scan *s, const struct keyring_key *key, const char *path,
                        const char *repository, const struct scan_place *place) {
        char id[KEYTEXT_ID_LEN + 1];

        keyring_id(key, id);
        json_open(&s->j, NULL, '{');
        json_text(&s->j, "path", path);
        json_number_or_null(&s->j, "line", place->line);
        json_number_or_null(&s->j, "column", place->column);
        json_text(&s->j, "repository", repository);
        json_text(&s->j, "commit", place->commit);
        json_text(&s->j, "object", place->object);
        json_text(&s->j, "id", id);
        json_text(&s->j, "status", fate_word(key->fate));
        json_text(&s->j, "owner", key->owner[0] ? key->owner : NULL);
        json_text(&s->j, "name", key->owner[0] ? key->name : NULL);
        json_close(&s->j, '}');
}

static void report_text(const struct keyring_key *key, const char *path, const char *repository,
                        const struct scan_place *place) {
        _cleanup_free_ char *owner_buffer = NULL, *name_buffer = NULL;
        const char *word = fate_word(key->fate);
        char id[KEYTEXT_ID_LEN + 1];

        keyring_id(key, id);
        if (repository)
                printf("%s: ", repository);
        if (place->commit)
                printf("commit %.*s: ", SHORT_COMMIT, place->commit);
        else if (place->object)
                printf("object %.*s: ", SHORT_COMMIT, place->object);
        if (path)
                printf("%s:", path);
        if (place->line > 0)
                printf("%" PRIu64 ":%" PRIu64 ": ", place->line, place->column);
        else
                printf(" in its name: ");
        printf("key %s", id);
        if (word)
                printf(", %s", word);
        if (key->owner[0])
                printf(", of %s (%s)", harmless(key->owner, &owner_buffer),
                       harmless(key->name, &name_buffer));
        putchar('\n');
}

int scan_report(struct scan *s, size_t key, const struct scan_place *place) {
        const struct keyring_key *k = &s->ring.keys[key];
        _cleanup_free_ char *path_buffer = NULL, *repository_buffer = NULL;
        const char *path = place->path, *repository = place->repository;

        if (args_has(s->args, "alive") && is_over(k->fate))
                return 0;
        if (path && !(path = cleaned(path, &path_buffer)))
                return -ENOMEM;
        if (repository && !(repository = cleaned(repository, &repository_buffer)))
                return -ENOMEM;
        s->places++;
        if (s->args->json)
                report_json(s, k, path, repository, place);
        else
                report_text(k, path, repository, place);
        return 0;
}

void scan_unread(struct scan *s, const char *path, const char *what) {
        _cleanup_free_ char *path_buffer = NULL, *what_buffer = NULL;
        const char *shown = cleaned(path, &path_buffer), *reason = cleaned(what, &what_buffer);

        s->unread++;
        say_error("cannot read %s: %s", shown ? shown : "a file", reason ? reason : "no memory");
}

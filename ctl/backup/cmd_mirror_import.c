/* SPDX-License-Identifier: BSD-2-Clause */
/* Replaces the whole store by a file. Moves bytes that the daemon opens and judges, and cannot
 * read them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup/cmd_mirror_import.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/confirm.h"
#include "cli/harmless.h"
#include "cli/say.h"
#include "parse.h"

/* Bytes in one call. A message has at most 64 KiB. */
#define CHUNK_MAX        49152
#define COMMIT_TIMEOUT_S 1800 /* the disk writes all keys twice */
/* Shows progress once in so many calls. */
#define STEP 64

struct summary {
        uint64_t keys, revived, kept, missing, sequence;
        int64_t created;
        const char *source;
        char **changes;
};

static const struct field fields[] = {
        { "keys", FIELD_COUNT, offsetof(struct summary, keys), "-" },
        { "revived", FIELD_COUNT, offsetof(struct summary, revived), "-" },
        { "kept", FIELD_COUNT, offsetof(struct summary, kept), "-" },
        { "missing", FIELD_COUNT, offsetof(struct summary, missing), "-" },
        { "created", FIELD_TIME, offsetof(struct summary, created), "-" },
        { "sequence", FIELD_COUNT, offsetof(struct summary, sequence), "-" },
        { "source", FIELD_TEXT, offsetof(struct summary, source), "-" },
        { "changes", FIELD_LIST, offsetof(struct summary, changes), "-" },
};

struct in {
        struct call call;
        const char *path;
        int fd;
        off_t size; /* 0 when not known */
        uint64_t token;
        sd_bus_message *checked; /* owns the text of summary */
        struct summary summary;
};

static void in_done(struct in *i) {
        if (i->fd > STDIN_FILENO)
                (void) close(i->fd);
        fields_done(fields, ARRAY_LEN(fields), &i->summary);
        sd_bus_message_unref(i->checked);
        call_close(&i->call);
}

static enum exit_code open_in(struct in *i, const char *path) {
        struct stat st;

        i->path = path;
        i->fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
        if (i->fd < 0 || fstat(i->fd, &st) < 0) {
                say_error("cannot read '%s': %s", path, strerror(errno));
                return CTL_FAILED;
        }
        i->size = S_ISREG(st.st_mode) ? st.st_size : 0;
        return CTL_OK;
}

/* Options of the call that the user gave, by another name or by the same. */
static int append_options(sd_bus_message *m, const struct args *args) {
        static const char *const names[][2] = { { "accept-source", "foreign" },
                                                { "foreign", "foreign" },
                                                { "revive", "revive" },
                                                { "unlock", "unlock" } };
        int r;

        r = sd_bus_message_open_container(m, SD_BUS_TYPE_ARRAY, "{sv}");
        for (size_t n = 0; r >= 0 && n < ARRAY_LEN(names); n++)
                if (args_value(args, names[n][0]))
                        r = sd_bus_message_append(m, "{sv}", names[n][1], "b", 1);
        return r < 0 ? r : sd_bus_message_close_container(m);
}

static enum exit_code begin_in(struct in *i, const struct args *args, const char *kind) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        enum exit_code rc;
        int r;

        rc = call_method(&i->call, "MirrorImportBegin", &m);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_message_append(m, "s", kind);
        if (r >= 0)
                r = append_options(m, args);
        rc = call_send(&i->call, m, r, &reply);
        return rc == CTL_OK ? call_read(reply, "t", &i->token) : rc;
}

static enum exit_code write_chunk(struct in *i, const void *bytes, size_t len) {
        _cleanup_message_ sd_bus_message *m = NULL, *reply = NULL;
        enum exit_code rc;
        int r;

        rc = call_method(&i->call, "MirrorImportWrite", &m);
        if (rc != CTL_OK)
                return rc;
        r = sd_bus_message_append(m, "t", i->token);
        if (r >= 0)
                r = sd_bus_message_append_array(m, 'y', bytes, len);
        return call_send(&i->call, m, r, &reply);
}

static enum exit_code send_file(struct in *i) {
        static char bytes[CHUNK_MAX];
        enum exit_code rc = CTL_OK;
        off_t sent = 0;

        for (unsigned step = 0; rc == CTL_OK; step++) {
                ssize_t n = read(i->fd, bytes, sizeof(bytes));

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0) {
                        say_error("cannot read '%s': %s", i->path, strerror(errno));
                        rc = CTL_FAILED;
                }
                if (n <= 0)
                        break;
                rc = write_chunk(i, bytes, (size_t) n);
                sent += n;
                if (step % STEP == 0 && i->size > 0)
                        say_progress("%d %% read", (int) (100 * sent / i->size));
        }
        say_progress_end();
        return rc;
}

static enum exit_code check(struct in *i) {
        enum exit_code rc;
        int r;

        rc = call_plain(&i->call, "MirrorImportCheck", &i->checked, "t", i->token);
        if (rc != CTL_OK)
                return rc;
        fields_init(fields, ARRAY_LEN(fields), &i->summary);
        r = dict_read(fields, ARRAY_LEN(fields), i->checked, &i->summary);
        return r > 0 ? CTL_OK : call_misread(r < 0 ? r : -EBADMSG);
}

static enum exit_code commit(struct in *i, const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        uint64_t keys = 0;
        enum exit_code rc;

        i->call.timeout_s = COMMIT_TIMEOUT_S;
        say_progress("replacing all keys by %" PRIu64, i->summary.keys);
        rc = call_plain(&i->call, "MirrorImportCommit", &reply, "t", i->token);
        say_progress_end();
        if (rc == CTL_OK)
                rc = call_read(reply, "t", &keys);
        if (rc != CTL_OK)
                return rc;
        if (args->json)
                fields_print(fields, ARRAY_LEN(fields), &i->summary, true);
        else
                say_note("%" PRIu64 " keys are in place.", keys);
        return CTL_OK;
}

/* Sends the whole file, and asks the daemon what it would change. */
static enum exit_code read_in(struct in *i, const struct args *args, const char *kind) {
        enum exit_code rc;

        rc = open_in(i, args->words[0]);
        if (rc == CTL_OK)
                rc = call_open(&i->call, args->control);
        if (rc == CTL_OK)
                rc = begin_in(i, args, kind);
        if (rc == CTL_OK)
                rc = send_file(i);
        return rc == CTL_OK ? check(i) : rc;
}

enum exit_code cmd_mirror_import(const struct args *args) {
        _cleanup_(in_done) struct in i = { .fd = -1 };
        enum exit_code rc;

        rc = read_in(&i, args, "mirror");
        return rc == CTL_OK ? commit(&i, args) : rc;
}

/* What the restore changes. */
static void show_changes(FILE *out, const struct summary *s, bool revive) {
        char date[PARSE_TIME_LEN];

        parse_time_format(s->created, date);
        (void) fprintf(out,
                       "The backup of %s has %" PRIu64
                       " keys, which replace the keys of this host.\n"
                       "%" PRIu64 " of them are not good here now, and become good.\n",
                       date, s->keys, s->revived);
        if (!revive)
                (void) fprintf(out,
                               "%" PRIu64
                               " more were revoked, changed or removed here since then, and stay "
                               "so (see --revive).\n",
                               s->kept);
        (void) fprintf(out, "%" PRIu64 " keys of this host are not in the backup, and go.\n",
                       s->missing);
        for (char **line = s->changes; line && *line; line++) {
                _cleanup_free_ char *buffer = NULL;

                (void) fprintf(out, "- %s\n", harmless(*line, &buffer));
        }
}

static enum exit_code confirm(const struct summary *s) {
        (void) fprintf(stderr, "Type the number of keys in the backup to go on: ");
        if (confirm_number(s->keys))
                return CTL_OK;
        say_error("nothing was changed");
        return CTL_REFUSED;
}

enum exit_code cmd_mirror_import_backup(const struct args *args) {
        _cleanup_(in_done) struct in i = { .fd = -1 };
        bool yes = args_value(args, "yes"), dry = args_value(args, "dry-run");
        bool revive = args_value(args, "revive");
        enum exit_code rc;

        if (!yes && !dry && (strcmp(args->words[0], "-") == 0 || !isatty(STDIN_FILENO))) {
                say_error("this replaces all keys: run it on a terminal, where it asks, or give "
                          "--yes");
                return CTL_USAGE;
        }
        rc = read_in(&i, args, "backup");
        if (rc != CTL_OK)
                return rc;
        if (dry && args->json)
                fields_print(fields, ARRAY_LEN(fields), &i.summary, true);
        else if (!yes || !args->json)
                show_changes(dry ? stdout : stderr, &i.summary, revive);
        if (dry)
                return CTL_OK;
        if (!yes)
                rc = confirm(&i.summary);
        return rc == CTL_OK ? commit(&i, args) : rc;
}

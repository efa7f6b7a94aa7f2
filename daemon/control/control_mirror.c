/* SPDX-License-Identifier: BSD-2-Clause */
/* MirrorExport... and MirrorImport...: copies of the whole store, in pieces. What is in a file
 * and whether it is believed is in mirror/. This file only passes bytes and records who did it. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts.h"
#include "base/clock.h"
#include "base/log.h"
#include "control/control_audit.h"
#include "control/control_mirror.h"
#include "control/control_options.h"
#include "control/control_state.h"
#include "mirror/mirror.h"
#include "store/store_audit.h"

/* The rest of a message beside these bytes has room in 64 KiB. */
#define WRITE_MAX 49152

struct copy_call {
        struct control_call call;
        enum seal_kind kind; /* of an export */
        struct mirror_import_options options;
        char recipient[SEAL_TEXT_LEN + 1];
        uint64_t token, keys;
        struct mirror_import_summary summary;
        bool more;      /* this was a piece of the work */
        const void *in; /* in the message */
        size_t len;     /* of in or out */
        bool last;
        uint8_t out[MIRROR_EXPORT_MAX];
};

static struct mirror *mirror_of(const struct control_call *call) {
        return call->control->writer.mirror;
}

void control_mirror_fail(struct control_call *call, int r) {
        if (r == -EXDEV)
                control_fail(
                        call, CONTROL_REFUSED,
                        "%s; nothing was changed. If it is to be that other host from now on, say "
                        "accept-source for a mirror, foreign for a backup.",
                        mirror_refusal(r));
        else if (mirror_refusal(r))
                control_fail(call, CONTROL_REFUSED, "%s; nothing was changed.", mirror_refusal(r));
        else
                control_fail_store(call, r);
}

static const char *kind_name(enum seal_kind kind) {
        return kind == SEAL_MIRROR ? "mirror" : "backup";
}

static void take_kind(struct control_call *call, const char *text, enum seal_kind *ret) {
        if (strcmp(text, "mirror") == 0)
                *ret = SEAL_MIRROR;
        else if (strcmp(text, "backup") == 0)
                *ret = SEAL_BACKUP;
        else
                control_fail(call, CONTROL_INVALID_ARGUMENT, "The kind is mirror or backup.");
}

static int token_parse(struct control_call *call, sd_bus_message *m) {
        return sd_bus_message_read(m, "t", &((struct copy_call *) call)->token);
}

/* From now on there may be an export or import to drop. */
static void note_begin(struct control *control) {
        control->loop.mirror_begun++;
        control->loop.mirror_busy = true;
}

/* --- MirrorExportBegin, MirrorExportRead --- */

static void take_recipient(struct copy_call *copy, const char *recipient) {
        uint8_t public[SEAL_PUBLIC_LEN];

        if (seal_text_parse(recipient, public) < 0)
                control_fail(&copy->call, CONTROL_INVALID_ARGUMENT,
                             "That is no public key as 'mirror keygen' prints it: there is a "
                             "typing error in "
                             "it, or it is cut off.");
        else
                memcpy(copy->recipient, recipient, sizeof(copy->recipient));
}

static int export_parse(struct control_call *call, sd_bus_message *m) {
        struct copy_call *copy = (struct copy_call *) call;
        const char *recipient, *kind;
        int r;

        r = sd_bus_message_read(m, "ss", &recipient, &kind);
        if (r < 0)
                return r;
        take_kind(call, kind, &copy->kind);
        /* a backup for nobody is for this host: see find_own() */
        if (recipient[0] || copy->kind != SEAL_BACKUP)
                take_recipient(copy, recipient);
        note_begin(call->control);
        return 0;
}

/* A backup without a recipient is for this host itself, which gets its key by the way. */
static bool find_own(struct control_call *call, struct copy_call *copy) {
        int r = mirror_keygen(mirror_of(call), false, copy->recipient);

        if (r >= 0)
                log_line(LOG_NOTICE, "mirror key made by %s: %s", call->who, copy->recipient);
        else if (r == -EEXIST)
                r = mirror_show_key(mirror_of(call), copy->recipient);
        if (r < 0)
                control_mirror_fail(call, r);
        return r >= 0;
}

static int record_export(struct control_call *call, struct store *writer) {
        const struct copy_call *copy = (struct copy_call *) call;
        char detail[SEAL_TEXT_LEN + 16];

        (void) snprintf(detail, sizeof(detail), "%s for %s", kind_name(copy->kind),
                        copy->recipient);
        return control_audit_add(call, writer, "exported", NULL, detail);
}

static void export_run(struct control_call *call, struct store *writer) {
        struct copy_call *copy = (struct copy_call *) call;
        int r;

        if (!copy->recipient[0] && !find_own(call, copy))
                return;
        /* The attempt is recorded, whatever comes of it. */
        if (!control_transact_quietly(call, writer, record_export))
                return;
        r = mirror_export(mirror_of(call), writer, call->connection, copy->recipient, copy->kind,
                          clock_now(), &copy->token, &copy->keys);
        if (r == -EINVAL)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "Nothing can be sealed for that public key.");
        else if (r < 0)
                control_mirror_fail(call, r);
        else
                log_line(LOG_NOTICE, "%s of %" PRIu64 " keys for %s begun by %s",
                         kind_name(copy->kind), copy->keys, copy->recipient, call->who);
}

static int export_reply(struct control_call *call, sd_bus_message *reply) {
        const struct copy_call *copy = (struct copy_call *) call;

        return sd_bus_message_append(reply, "tt", copy->token, copy->keys);
}

const struct control_handlers control_mirror_export_begin = {
        .size = sizeof(struct copy_call),
        .parse = export_parse,
        .run = export_run,
        .reply = export_reply,
};

/* One chunk takes a millisecond. A revocation waits that long at most. */
static void read_run(struct control_call *call, struct store *writer) {
        struct copy_call *copy = (struct copy_call *) call;
        int r;

        r = mirror_read(mirror_of(call), writer, copy->token, clock_now(), copy->out, &copy->len,
                        &copy->keys);
        copy->last = r == 0;
        if (r < 0)
                control_mirror_fail(call, r);
}

static int read_reply(struct control_call *call, sd_bus_message *reply) {
        const struct copy_call *copy = (struct copy_call *) call;
        int r;

        r = sd_bus_message_append_array(reply, 'y', copy->out, copy->len);
        return r < 0 ? r : sd_bus_message_append(reply, "tb", copy->keys, (int) copy->last);
}

const struct control_handlers control_mirror_export_read = {
        .size = sizeof(struct copy_call),
        .parse = token_parse,
        .run = read_run,
        .reply = read_reply,
};

/* --- MirrorImportBegin, MirrorImportWrite, MirrorImportCheck, MirrorImportCommit --- */

static const struct control_option import_options[] = {
        { "foreign", "b", CONTROL_OPTION_TO(struct copy_call, options.foreign), 0, 0, NULL },
        { "revive", "b", CONTROL_OPTION_TO(struct copy_call, options.revive), 0, 0, NULL },
        { "unlock", "b", CONTROL_OPTION_TO(struct copy_call, options.unlock), 0, 0, NULL },
};

static int import_parse(struct control_call *call, sd_bus_message *m) {
        struct copy_call *copy = (struct copy_call *) call;
        const char *kind;
        int r;

        r = sd_bus_message_read(m, "s", &kind);
        if (r < 0)
                return r;
        take_kind(call, kind, &copy->options.kind);
        r = control_options_read(call, m, import_options, ARRAY_LEN(import_options));
        if (copy->options.revive && copy->options.kind == SEAL_MIRROR)
                control_fail(call, CONTROL_INVALID_ARGUMENT,
                             "The option 'revive' is for a backup.");
        note_begin(call->control);
        return r;
}

static void import_run(struct control_call *call, struct store *writer) {
        struct copy_call *copy = (struct copy_call *) call;
        int r;

        r = mirror_import(mirror_of(call), writer, call->connection, &copy->options, clock_now(),
                          &copy->token);
        if (r < 0)
                control_mirror_fail(call, r);
}

static int import_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "t", ((struct copy_call *) call)->token);
}

const struct control_handlers control_mirror_import_begin = {
        .size = sizeof(struct copy_call),
        .parse = import_parse,
        .run = import_run,
        .reply = import_reply,
};

static int write_parse(struct control_call *call, sd_bus_message *m) {
        struct copy_call *copy = (struct copy_call *) call;
        int r;

        r = sd_bus_message_read(m, "t", &copy->token);
        if (r >= 0)
                r = sd_bus_message_read_array(m, 'y', &copy->in, &copy->len);
        if (r >= 0 && copy->len > WRITE_MAX)
                control_fail(call, CONTROL_INVALID_ARGUMENT, "At most %d bytes at a time.",
                             WRITE_MAX);
        return r;
}

static void write_run(struct control_call *call, struct store *writer) {
        struct copy_call *copy = (struct copy_call *) call;
        int r;

        r = mirror_write(mirror_of(call), writer, copy->token, copy->in, copy->len);
        if (r < 0)
                control_mirror_fail(call, r);
}

const struct control_handlers control_mirror_import_write = {
        .size = sizeof(struct copy_call),
        .parse = write_parse,
        .run = write_run,
};

static void check_run(struct control_call *call, struct store *writer) {
        struct copy_call *copy = (struct copy_call *) call;
        int r;

        r = mirror_count(mirror_of(call), writer, copy->token);
        copy->more = r > 0;
        if (r == 0)
                r = mirror_check(mirror_of(call), copy->token, &copy->summary);
        if (r < 0)
                control_mirror_fail(call, r);
}

/* Others have their turn between two pieces. */
static void check_settle(struct control_call *call) {
        if (((struct copy_call *) call)->more)
                control_resume(call);
        else
                control_answer(call);
}

static int append_lines(sd_bus_message *reply, const struct mirror_changes *changes) {
        char line[MIRROR_CHANGES_LEN];
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        for (const char *at = changes->text; r >= 0 && *at;) {
                size_t len = strcspn(at, "\n");

                (void) snprintf(line, sizeof(line), "%.*s", (int) len, at);
                r = sd_bus_message_append(reply, "s", line);
                at += len + 1;
        }
        if (r >= 0 && changes->left_out > 0) {
                (void) snprintf(line, sizeof(line), "and %zu more changes", changes->left_out);
                r = sd_bus_message_append(reply, "s", line);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_changes(sd_bus_message *reply, const struct mirror_changes *changes) {
        int r;

        r = sd_bus_message_open_container(reply, 'e', "sv");
        if (r >= 0)
                r = sd_bus_message_append(reply, "s", "changes");
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'v', "as");
        if (r >= 0)
                r = append_lines(reply, changes);
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int check_reply(struct control_call *call, sd_bus_message *reply) {
        const struct mirror_import_summary *summary = &((struct copy_call *) call)->summary;
        char source[2 * SEAL_PUBLIC_LEN + 1];
        int r;

        for (size_t i = 0; i < SEAL_PUBLIC_LEN; i++)
                (void) snprintf(source + 2 * i, 3, "%02x", summary->head.source[i]);
        r = sd_bus_message_open_container(reply, 'a', "{sv}");
        if (r >= 0)
                r = sd_bus_message_append(reply, "{sv}{sv}{sv}{sv}{sv}{sv}{sv}", "keys", "t",
                                          summary->keys, "revived", "t", summary->revived, "kept",
                                          "t", summary->kept, "missing", "t", summary->missing,
                                          "created", "x", summary->head.created_at, "sequence", "t",
                                          summary->head.sequence, "source", "s", source);
        if (r >= 0)
                r = append_changes(reply, &summary->changes);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

const struct control_handlers control_mirror_import_check = {
        .size = sizeof(struct copy_call),
        .parse = token_parse,
        .run = check_run,
        .settle = check_settle,
        .reply = check_reply,
};

static void say_imported(const struct control_call *call,
                         const struct mirror_import_summary *summary) {
        log_line(LOG_NOTICE,
                 "all keys replaced by the %" PRIu64 " of a %s, number %" PRIu64
                 " of source %02x%02x%02x%02x..., by %s",
                 summary->keys, kind_name(summary->head.kind), summary->head.sequence,
                 summary->head.source[0], summary->head.source[1], summary->head.source[2],
                 summary->head.source[3], call->who);
}

static void commit_run(struct control_call *call, struct store *writer) {
        struct copy_call *copy = (struct copy_call *) call;
        const struct mirror_import_summary *summary = &copy->summary;
        struct audit_record audit;
        int r;

        r = mirror_check(mirror_of(call), copy->token, &copy->summary);
        if (r >= 0) {
                control_audit_fill(call, "imported", &audit);
                (void) snprintf(audit.detail, sizeof(audit.detail),
                                "%s, %" PRIu64 " keys, number %" PRIu64 ", %" PRIu64
                                " good again, %" PRIu64 " stay as they are",
                                kind_name(summary->head.kind), summary->keys,
                                summary->head.sequence, summary->revived, summary->kept);
                r = mirror_commit(mirror_of(call), writer, copy->token, &audit, &copy->keys);
        }
        copy->more = r > 0;
        if (r < 0)
                control_mirror_fail(call, r);
        else if (r == 0)
                say_imported(call, summary);
}

static void on_settled(void *userdata) {
        control_answer(userdata);
}

/* A login may follow the answer at once. It is refused if nothing is known yet of an owner that is
 * new on this host, so everybody is looked at first. If a directory does not answer in time, it is
 * asked again later. Until then the keys of that owner are refused. */
static void commit_settle(struct control_call *call) {
        if (((struct copy_call *) call)->more)
                control_resume(call);
        else if (accounts_settle(call->control->fixed.accounts, on_settled, call) < 0)
                control_answer(call);
}

static int commit_reply(struct control_call *call, sd_bus_message *reply) {
        return sd_bus_message_append(reply, "t", ((struct copy_call *) call)->keys);
}

const struct control_handlers control_mirror_import_commit = {
        .size = sizeof(struct copy_call),
        .parse = token_parse,
        .run = commit_run,
        .settle = commit_settle,
        .reply = commit_reply,
};

/* --- The end of an export or import --- */

struct tidy_job {
        struct worker_job job;
        struct control *control;
        uint64_t connection, begun;
        bool left;
};

static void tidy_run(struct worker_job *job, struct store *writer) {
        struct tidy_job *tidy = (struct tidy_job *) job;

        (void) writer;
        tidy->left = mirror_tidy(tidy->control->writer.mirror, tidy->connection, clock_now());
}

static void tidy_done(struct worker_job *job) {
        struct tidy_job *tidy = (struct tidy_job *) job;

        /* The answer does not include what was begun since the job was queued. */
        if (!tidy->left && tidy->begun == tidy->control->loop.mirror_begun)
                tidy->control->loop.mirror_busy = false;
        free(tidy);
}

void control_mirror_tidy(struct control *control, uint64_t connection) {
        struct tidy_job *tidy;

        if (!control->loop.mirror_busy)
                return;
        tidy = calloc(1, sizeof(*tidy));
        if (!tidy)
                return;
        *tidy = (struct tidy_job){ .job = { .run = tidy_run, .done = tidy_done },
                                   .control = control,
                                   .connection = connection,
                                   .begun = control->loop.mirror_begun };
        if (worker_submit(control->fixed.worker, &tidy->job) < 0)
                free(tidy);
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Opens or makes the state directory, in an order that a kill at any point does not break. Knows
 * files, the pepper and the store's name, and nothing of keys. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aside.h"
#include "base/clock.h"
#include "base/log.h"
#include "bootstrap.h"
#include "cleanup.h"
#include "notify.h"
#include "scratch.h"
#include "statedir.h"
#include "store/store_audit.h"
#include "store/store_check.h"
#include "store/store_copy.h"
#include "store/store_guard.h"
#include "store/store_key.h"
#include "store/store_mirror.h"
#include "store/store_sweep.h"

#define PATH_LEN   STATEDIR_PATH_LEN
#define STORE_NAME STORE_FILE_NAME
/* a first start that has not ended */
#define UNBORN_NAME        STORE_FILE_NAME ".new"
#define UNBORN_PEPPER_NAME PEPPER_FILE_NAME ".unborn"

struct opening {
        const char *dir;
        int fd;
        char path[PATH_LEN];
        /* The real path of the directory: SQLite follows no link in any part of a path. */
        char real[PATH_LEN];
        uint8_t pepper[PEPPER_LEN];
        bool credential;
        char *error;
};

/* What store_pepper_each() is given. */
struct loading {
        int dir;
        struct keymint *keymint;
        uint32_t id; /* the last one that was missing */
};

static int fail(struct opening *o, int r, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

static int fail(struct opening *o, int r, const char *format, ...) {
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(o->error, ERROR_LEN, format, ap);
        va_end(ap);
        return r;
}

static const char *path_of(struct opening *o, const char *name) {
        (void) snprintf(o->path, sizeof(o->path), "%s/%s", o->dir, name);
        return o->path;
}

static int open_dir(struct opening *o) {
        int r = statedir_open(o->dir, o->real, &o->fd, o->error);

        if (r > 0)
                o->dir = o->real;
        return r;
}

/* Returns 1 if the file is there and only ours, 0 if it is not there. */
static int look_at(const struct opening *o, const char *name) {
        return statedir_look(o->fd, o->dir, name, o->error);
}

static int read_pepper(struct opening *o, bool required) {
        int r;

        r = pepper_read_credential(o->pepper);
        o->credential = r >= 0;
        if (r >= 0)
                return 0;
        if (r != -ENOENT)
                return fail(o, r, "the credential " PEPPER_CREDENTIAL_NAME " cannot be used: %s",
                            r == -EUCLEAN ? "it must have exactly 32 bytes" : strerror(-r));
        r = pepper_read_file(o->fd, o->pepper);
        if (r >= 0 || (r == -ENOENT && !required))
                return r;
        return fail(o, r,
                    "the pepper '%s' cannot be used: %s; restore it from a backup: without it no "
                    "key can be verified",
                    path_of(o, PEPPER_FILE_NAME),
                    r == -EUCLEAN ? "it must have exactly 32 bytes"
                    : r == -EPERM ? "it must belong to the uid that runs wfapikeyd and be readable "
                                    "to nobody else (0600)"
                                  : strerror(-r));
}

/* SQLite would take the changes in a log without its database for changes of the new database. */
static int check_no_log(struct opening *o) {
        int r = look_at(o, STORE_NAME "-wal");

        if (r <= 0)
                return r;
        return fail(o, -ENOENT,
                    "'%s/" STORE_NAME "' is missing although its log is there: restore it from a "
                    "backup, or remove '%s' to begin without any keys",
                    o->dir, path_of(o, STORE_NAME "-wal"));
}

/* Nothing must say that there was a store before. Returns 0 with the pepper of the credential, or 1
 * where there is no pepper yet. */
static int check_first(struct opening *o) {
        int r;

        r = check_no_log(o);
        if (r < 0)
                return r;
        r = read_pepper(o, false);
        if (r >= 0 && !o->credential)
                return fail(o, -ENOENT,
                            "'%s' is missing although its pepper is there: restore it from a "
                            "backup, or remove " PEPPER_FILE_NAME " and " HIGHWATER_FILE_NAME
                            " to begin without any keys",
                            path_of(o, STORE_NAME));
        if (faccessat(o->fd, HIGHWATER_FILE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0)
                return fail(o, -ENOENT,
                            "'%s' is missing although " HIGHWATER_FILE_NAME
                            " says that there was one: restore it from a backup, or "
                            "remove " HIGHWATER_FILE_NAME " to begin without any keys",
                            path_of(o, STORE_NAME));
        return r == -ENOENT ? 1 : r;
}

/* A power loss must not take the directory away with all that is in it. Where its parent cannot be
 * opened, somebody else has made it. */
static int sync_parent(struct opening *o) {
        _cleanup_close_ int fd = openat(o->fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd >= 0 && fsync(fd) < 0 ? -errno : 0;
}

/* The very first start. A database with another name marks it, so that a kill on the way does no
 * harm: no key can have been in it. */
static int begin(struct opening *o) {
        _cleanup_close_ int fd = -1;
        struct keymint *keymint = NULL;
        int r;

        /* The mark is removed last, so that a kill here does no harm either. Whoever restores a
         * store may use its name, so no pepper is deleted. */
        if (faccessat(o->fd, HIGHWATER_FILE_NAME, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
            faccessat(o->fd, UNBORN_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0 &&
            ((renameat(o->fd, PEPPER_FILE_NAME, o->fd, UNBORN_PEPPER_NAME) < 0 &&
              errno != ENOENT) ||
             fsync(o->fd) < 0 || unlinkat(o->fd, UNBORN_NAME, 0) < 0))
                return fail(o, -errno, "cannot begin anew in '%s': %s", o->dir, strerror(errno));
        r = check_first(o);
        if (r < 0)
                return r;
        (void) unlinkat(o->fd, UNBORN_NAME "-journal", 0);
        fd = openat(o->fd, UNBORN_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        /* Without the mark a pepper says that there was a store. */
        if (fd < 0 || fchmod(fd, 0600) < 0 || fsync(o->fd) < 0 || sync_parent(o) < 0)
                return fail(o, -errno, "cannot make '%s': %s", path_of(o, UNBORN_NAME),
                            strerror(errno));
        if (r > 0) {
                r = pepper_create_file(o->fd, o->pepper);
                if (r < 0)
                        return fail(o, r, "cannot make '%s': %s", path_of(o, PEPPER_FILE_NAME),
                                    strerror(-r));
        }
        r = keymint_new(&keymint, o->pepper);
        if (r < 0)
                return fail(o, r, "libsodium does not start");
        r = store_create(path_of(o, UNBORN_NAME), keymint_pepper_id(keymint));
        (void) keymint_free(keymint);
        if (r < 0)
                return fail(o, r, "cannot make the key store '%s': %s", o->path,
                            store_error_text(r));
        if (renameat(o->fd, UNBORN_NAME, o->fd, STORE_NAME) < 0 || fsync(o->fd) < 0)
                return fail(o, -errno, "cannot make '%s': %s", path_of(o, STORE_NAME),
                            strerror(errno));
        log_line(LOG_NOTICE, "'%s' begins without any keys", path_of(o, STORE_NAME));
        return 0;
}

static int add_pepper(uint32_t id, void *userdata) {
        struct loading *l = userdata;
        uint8_t pepper[PEPPER_LEN];
        int r;

        if (keymint_knows(l->keymint, id))
                return 0;
        l->id = id;
        r = pepper_read_foreign(l->dir, id, pepper);
        if (r >= 0)
                r = keymint_add(l->keymint, pepper, id);
        explicit_bzero(pepper, sizeof(pepper));
        return r < 0 ? -EKEYREJECTED : 0;
}

/* Finds the peppers of all keys. One that is not this host's must have come with the keys of
 * another host. */
static int add_peppers(struct opening *o, struct bootstrap *b) {
        struct loading l = { .dir = o->fd, .keymint = b->keymint };
        char name[PEPPER_NAME_LEN];
        int r;

        r = store_pepper_each(b->writer, add_pepper, &l);
        if (r != -EKEYREJECTED)
                return r;
        return fail(o, r,
                    "the pepper is not the one that the keys in '%s' were made with: put the right "
                    "one back, from %s; or, if these keys came from another host, the file '%s'",
                    o->path,
                    o->credential ? "the credential " PEPPER_CREDENTIAL_NAME
                                  : "a backup of '" PEPPER_FILE_NAME "'",
                    pepper_foreign_name(l.id, name));
}

static void seal(const void *in, size_t len, uint8_t out[static RECORD_DIGEST_LEN],
                 void *userdata) {
        keymint_seal(userdata, in, len, out);
}

static void keep_seen(int64_t seq, const uint8_t hash[static RECORD_DIGEST_LEN], void *userdata) {
        /* An older file does no harm. It notices fewer copies. */
        (void) !highwater_write(userdata, seq, hash);
}

/* A copy of the database without its log, or an old one, would bring revoked keys back without a
 * word. Its audit log ends too early, or is another one behind some record. */
static int check_seen(struct opening *o, struct bootstrap *b) {
        struct audit_mark mark = {};
        int64_t seq = 0;
        int r;

        r = look_at(o, HIGHWATER_FILE_NAME);
        /* The first start with this store, or an administrator has accepted it as it is. */
        if (r == 0) {
                r = store_audit_begin(b->writer, clock_now());
                return r == -EROFS || r == -ENOSPC || r == -EDQUOT || r == -EACCES ? 0 : r;
        }
        if (r > 0)
                r = highwater_read(b->seen, &seq);
        if (r < 0 && r != -EUCLEAN)
                return r;
        if (r >= 0) {
                r = store_audit_mark(b->writer, seq, &mark);
                if (r == -EUCLEAN)
                        return r;
        }
        if (r == -ENODATA || (r >= 0 && highwater_is(b->seen, seq, mark.hash)))
                return 0;
        if (r < 0 && r != -ENOENT && r != -EUCLEAN)
                return r;
        return fail(o, -ESTALE,
                    "the key store '%s/" STORE_NAME "' is older than the one that this host had, "
                    "or has another history, so keys that were revoked would be good again: put "
                    "the newest one back, with its -wal file, or accept this one: rm "
                    "'%s/" HIGHWATER_FILE_NAME "'",
                    o->dir, o->dir);
}

/* Before anything is judged by the time. */
static int remember_clock(struct bootstrap *b) {
        int64_t at = 0, newest;
        int r = store_sweep_trusted_at(b->writer, &at);

        clock_remember(at);
        if (r >= 0 && store_key_newest(b->writer, &newest) >= 0)
                clock_know(newest);
        return r;
}

/* A version that is older than the store is told about the copy that it can read. */
static int fail_to_use(struct opening *o, int r) {
        _cleanup_free_ char *copy = NULL;

        if (r == -EPROTONOSUPPORT && store_copy_find(o->path, &copy) >= 0)
                return fail(o, r,
                            "the key store '%s' cannot be used: %s; '%s' is its copy from before "
                            "the upgrade: see UPGRADES in wfapikeyd(8)",
                            o->path, store_error_text(r), copy);
        return fail(o, r, "the key store '%s' cannot be used: %s", o->path, store_error_text(r));
}

static void close_store(struct bootstrap *b) {
        store_freep(&b->reader);
        store_freep(&b->writer);
        b->seen = highwater_free(b->seen);
        b->keymint = keymint_free(b->keymint);
}

/* --- Before anything is written --- */

/* A store that is refused for its age stays as it is: its log is not moved into it, and its schema
 * is not brought up to date. All that is found but that is found again. */
static int judge_age(struct opening *o) {
        struct store_shared shared = {};
        struct bootstrap b = {};
        int r;

        r = look_at(o, HIGHWATER_FILE_NAME);
        if (r <= 0)
                return r;
        r = keymint_new(&b.keymint, o->pepper);
        if (r >= 0)
                r = highwater_new(&b.seen, o->fd, b.keymint);
        if (r >= 0)
                r = store_open(&b.writer, path_of(o, STORE_NAME), STORE_JUDGED, &shared);
        if (r >= 0)
                r = add_peppers(o, &b);
        if (r >= 0) {
                store_set_seal(b.writer, seal, b.keymint);
                r = check_seen(o, &b);
        }
        close_store(&b);
        (void) store_check_was_met();
        return r == -ESTALE || r == -EKEYREJECTED ? r : 0;
}

static int try_store(struct opening *o, struct store_shared *shared, struct bootstrap *b) {
        bool noted = faccessat(o->fd, BOOTSTRAP_DAMAGED_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        int r;

        if (noted)
                notify_slow();
        path_of(o, STORE_NAME);
        r = keymint_new(&b->keymint, o->pepper);
        if (r < 0)
                return fail(o, r, "libsodium does not start");
        r = store_open(&b->writer, o->path, STORE_WRITER, shared);
        if (r >= 0)
                r = b->unchecked = store_check(b->writer, noted);
        if (r < 0)
                return fail_to_use(o, r);
        r = add_peppers(o, b);
        if (r == -EKEYREJECTED)
                return r;
        store_set_seal(b->writer, seal, b->keymint);
        if (r >= 0)
                r = remember_clock(b);
        if (r >= 0)
                r = highwater_new(&b->seen, o->fd, b->keymint);
        if (r >= 0)
                r = check_seen(o, b);
        if (r == -ESTALE || r == -EPERM)
                return r;
        if (r >= 0)
                r = store_open(&b->reader, o->path, STORE_READER, shared);
        if (r < 0)
                return fail(o, r, "the key store '%s' cannot be used: %s", o->path,
                            store_error_text(r));
        store_set_seen(b->writer, keep_seen, b->seen);
        r = store_guard_start(b->writer);
        if (r < 0)
                return fail(o, r, "cannot look at the files of the key store '%s': %s", o->path,
                            strerror(-r));
        store_settle(b->writer);
        return 0;
}

/* --- Damage --- */

static int fail_to_salvage(struct opening *o, int r) {
        return fail(o, r,
                    r == -EUCLEAN
                            ? "the key store '%s' is damaged, and nothing of it can be saved: "
                              "restore it from a backup"
                            : "what can be read of the key store '%s' cannot be saved: %s",
                    path_of(o, STORE_NAME), store_error_text(r));
}

static int make_salvaged(struct opening *o, struct keymint *keymint,
                         const struct store_salvage_for *whom, struct store_salvage *ret) {
        struct store_salvage_for with = *whom;
        _cleanup_close_ int fd = -1;
        char from[PATH_LEN];
        int r;

        with.seal = seal;
        with.seal_userdata = keymint;
        aside_forget(o->fd);
        (void) snprintf(from, sizeof(from), "%s", path_of(o, STORE_NAME));
        fd = openat(o->fd, STORE_SALVAGE_NAME, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
                    0600);
        if (fd < 0)
                return fail(o, -errno, "cannot make '%s': %s", path_of(o, STORE_SALVAGE_NAME),
                            strerror(errno));
        /* An older schema is brought up to date without an index. Where the damaged store stays in
         * use, also because this process is killed, the next start looks thoroughly. */
        bootstrap_note_damage(o->fd);
        r = store_salvage(from, path_of(o, STORE_SALVAGE_NAME), clock_now(), &with, ret);
        if (r >= 0)
                return 0;
        aside_forget(o->fd);
        return fail_to_salvage(o, r);
}

static int use_salvaged(struct opening *o, char aside[static ASIDE_LEN]) {
        int r = aside_put(o->fd, clock_now(), aside);

        if (r < 0)
                return fail(o, r, "cannot put the damaged key store '%s' aside: %s",
                            path_of(o, STORE_NAME), strerror(-r));
        (void) unlinkat(o->fd, BOOTSTRAP_DAMAGED_NAME, 0);
        return 0;
}

/* The start has met damage. Goes on without a person only where all is there that says who may log
 * in. */
static int mend(struct opening *o) {
        const struct store_salvage_for nobody = {};
        char said[ERROR_LEN], aside[ASIDE_LEN];
        struct keymint *keymint = NULL;
        struct store_salvage found;
        int r;

        notify_slow();
        r = keymint_new(&keymint, o->pepper);
        if (r < 0)
                return fail(o, r, "libsodium does not start");
        r = make_salvaged(o, keymint, &nobody, &found);
        (void) keymint_free(keymint);
        if (r < 0)
                return r;
        store_salvage_say(&found, said, sizeof(said));
        if (!store_salvage_is_whole(&found)) {
                aside_forget(o->fd);
                return fail(o, -EUCLEAN,
                            "the key store '%s' is damaged, and needs a decision: restore it from "
                            "a backup, or see what can be saved: wfapikeyctl salvage (%s)",
                            path_of(o, STORE_NAME), said);
        }
        r = use_salvaged(o, aside);
        if (r < 0)
                return r;
        log_message(MESSAGE_STORE_MENDED, LOG_ALERT,
                    "the key store '%s' was damaged, and was made anew with all keys; %s. The "
                    "damaged one is '%s'",
                    path_of(o, STORE_NAME), said, aside);
        return 0;
}

static int try_anew(struct opening *o, struct store_shared *shared, struct bootstrap *b) {
        close_store(b);
        (void) store_check_was_met();
        o->error[0] = '\0';
        return try_store(o, shared, b);
}

static int open_store(struct opening *o, struct store_shared *shared, struct bootstrap *b) {
        int r;

        aside_forget(o->fd);
        r = aside_judge_log(o->dir, o->fd, true, o->error);
        if (r >= 0)
                r = judge_age(o);
        if (r < 0)
                return r;
        r = try_store(o, shared, b);
        /* Mending would lose what cannot be read for a moment only. */
        for (unsigned i = 0;
             (r == -EUCLEAN || r == -EIO) && store_check_may_pass(path_of(o, STORE_NAME), i); i++)
                r = try_anew(o, shared, b);
        if (r == -EUCLEAN) {
                close_store(b);
                r = mend(o);
                if (r >= 0)
                        r = try_anew(o, shared, b);
        }
        /* Somebody has put the right store back. */
        if (r >= 0)
                (void) unlinkat(o->fd, BOOTSTRAP_DAMAGED_NAME, 0);
        return r;
}

static int open_all(struct opening *o, struct store_shared *shared, struct bootstrap *b) {
        int r = open_dir(o);

        if (r < 0)
                return r;
        r = look_at(o, STORE_NAME);
        if (r < 0)
                return r;
        if (r == 0) {
                r = begin(o);
                if (r < 0)
                        return r;
        }
        r = read_pepper(o, true);
        return r < 0 ? r : open_store(o, shared, b);
}

int bootstrap_open(const char *dir, struct store_shared *shared, struct bootstrap *ret,
                   char error[static ERROR_LEN]) {
        struct opening o = { .dir = dir, .fd = -1, .error = error };
        struct bootstrap b = {};
        int r;

        r = open_all(&o, shared, &b);
        explicit_bzero(o.pepper, sizeof(o.pepper));
        if (r < 0) {
                cleanup_close(&o.fd);
                close_store(&b);
                return r;
        }
        b.lock = take_fd(&o.fd);
        *ret = b;
        return 0;
}

void bootstrap_note_damage(int dir) {
        _cleanup_close_ int fd = openat(dir, BOOTSTRAP_DAMAGED_NAME,
                                        O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
}

/* A look changes nothing: not even the log of the store is moved into it. So it is made of a copy,
 * in a directory that goes again. */
static int copy_for_look(struct opening *o, struct scratch *scratch) {
        int r = scratch_make(scratch);

        if (r >= 0)
                r = scratch_copy(scratch, o->fd, STORE_NAME);
        if (r >= 0)
                r = scratch_copy(scratch, o->fd, STORE_NAME "-wal");
        if (r < 0 && r != -ENOENT)
                return fail(o, r, "cannot copy '%s' to '%s' for a look: %s; see TMPDIR",
                            path_of(o, STORE_NAME), scratch->path, strerror(-r));
        return 0;
}

static int look_only(struct opening *o, const struct scratch *scratch, struct keymint *keymint,
                     const struct store_salvage_for *whom, struct store_salvage *ret) {
        struct opening there = { .dir = scratch->path, .fd = scratch->fd, .error = o->error };
        int r = make_salvaged(&there, keymint, whom, ret);

        return r < 0 ? fail_to_salvage(o, r) : 0;
}

static int salvage_all(struct opening *o, bool yes, const struct store_salvage_for *whom,
                       struct store_salvage *ret, char aside[static ASIDE_LEN]) {
        _cleanup_(scratch_done) struct scratch scratch = { .fd = -1 };
        struct keymint *keymint = NULL;
        int r;

        if (access(o->dir, F_OK) < 0)
                return fail(o, -errno, "there is no '%s'", o->dir);
        r = open_dir(o);
        if (r >= 0)
                r = look_at(o, STORE_NAME);
        if (r == 0)
                return fail(o, -ENOENT, "there is no '%s'", path_of(o, STORE_NAME));
        /* before there is a secret in this process, of which the copy's guard is a copy */
        if (r > 0 && !yes)
                r = copy_for_look(o, &scratch);
        if (r >= 0)
                r = read_pepper(o, true);
        if (r >= 0)
                r = aside_judge_log(o->dir, o->fd, yes, o->error);
        /* Of a damaged store, it is the person who knows whose the log is. */
        if (r < 0 && r != -EUCLEAN)
                return r;
        r = keymint_new(&keymint, o->pepper);
        if (r < 0)
                return fail(o, r, "libsodium does not start");
        r = yes ? make_salvaged(o, keymint, whom, ret) : look_only(o, &scratch, keymint, whom, ret);
        (void) keymint_free(keymint);
        if (r < 0 || !yes)
                return r;
        r = use_salvaged(o, aside);
        /* The new audit log does not go on from the old one, and a person has accepted that. */
        if (r >= 0 && ret->unsealed)
                (void) unlinkat(o->fd, HIGHWATER_FILE_NAME, 0);
        return r;
}

int bootstrap_salvage(const char *dir, bool yes, const struct store_salvage_for *whom,
                      struct store_salvage *ret, char aside[static ASIDE_LEN],
                      char error[static ERROR_LEN]) {
        struct opening o = { .dir = dir, .fd = -1, .error = error };
        int r;

        r = salvage_all(&o, yes, whom, ret, aside);
        explicit_bzero(o.pepper, sizeof(o.pepper));
        cleanup_close(&o.fd);
        return r;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* Diagnose: what only the daemon sees of its own state. It looks and changes nothing. What the
 * command line can see by itself is in ctl/doctor*.c. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "accounts/accounts.h"
#include "base/clock.h"
#include "base/conf.h"
#include "cleanup.h"
#include "control/control_conf.h"
#include "control/control_doctor.h"
#include "control/control_state.h"
#include "keys/facts.h"
#include "keys/registered.h"
#include "parse.h"
#include "rules/overdue.h"
#include "secret/keymint.h"
#include "store/store_account.h"
#include "store/store_cert.h"
#include "store/store_check.h"
#include "store/store_fleet.h"
#include "store/store_guard.h"
#include "store/store_key.h"
#include "store/store_look.h"
#include "store/store_mirror.h"
#include "store/store_sweep.h"

#define FINDINGS_MAX 24
#define NAMED_MAX    256 /* services */
#define TEXT_LEN     384
#define SPACE_LEAST  (64 * INT64_C(1048576)) /* about a week of a busy host */
/* four times the size at which checkpoints are made at any cost */
#define LOG_MOST (64 * INT64_C(1048576))

static const char *const severities[] = { [DIAGNOSE_OK] = "ok",
                                          [DIAGNOSE_HINT] = "hint",
                                          [DIAGNOSE_WARNING] = "warning",
                                          [DIAGNOSE_ERROR] = "error" };

struct finding {
        enum control_doctor_severity severity;
        /* Static texts. todo is NULL if there is nothing to do. */
        const char *check, *todo;
        char seen[TEXT_LEN];
};

/* A service that is named, and what names it. */
struct named {
        const char *by; /* static */
        char service[WIRE_SERVICE_MAX + 1];
};

struct diagnose_call {
        struct control_conf_call reading;
        size_t n_named;
        struct named named[NAMED_MAX];
        size_t n;
        struct finding findings[FINDINGS_MAX];
};

void control_doctor_add(struct diagnose_call *d, enum control_doctor_severity severity,
                        const char *check, const char *todo, const char *format, ...) {
        struct finding *f = &d->findings[d->n];
        va_list ap;

        if (d->n == FINDINGS_MAX)
                return;
        d->n++;
        *f = (struct finding){ .severity = severity, .check = check, .todo = todo };
        va_start(ap, format);
        (void) vsnprintf(f->seen, sizeof(f->seen), format, ap);
        va_end(ap);
}

/* A start refuses files that others can read, so they are errors here. */
static void look_at(struct diagnose_call *d, int dir, const char *name, bool required) {
        struct stat st;
        const char *shown = *name ? name : "the state directory";

        if (fstatat(dir, name, &st, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) < 0) {
                if (required || errno != ENOENT)
                        control_doctor_add(
                                d, DIAGNOSE_ERROR, "state",
                                "restore it from a backup before the daemon ends: it cannot start "
                                "without",
                                "%s: %s", shown, strerrordesc_np(errno));
                return;
        }
        if (st.st_uid != geteuid())
                control_doctor_add(
                        d, DIAGNOSE_ERROR, "state",
                        "see who did that, then chown it to the user that runs wfapikeyd",
                        "%s belongs to uid %u; the next start will refuse it", shown, st.st_uid);
        if ((st.st_mode & 077) != 0)
                control_doctor_add(
                        d, DIAGNOSE_ERROR, "state",
                        "see who has read it, then chmod go= it; where keys may be known, reset "
                        "them",
                        "%s is open to others (mode %04o); the next start will refuse it", shown,
                        st.st_mode & 07777);
}

static void check_pepper(struct diagnose_call *d, int dir) {
        const struct keymint *used = d->reading.call.control->fixed.keymint;
        uint8_t pepper[PEPPER_LEN];
        const char *where = "the credential " PEPPER_CREDENTIAL_NAME;
        struct keymint *keymint = NULL;
        int r;

        r = pepper_read_credential(pepper);
        if (r == -ENOENT) {
                where = "the file " PEPPER_FILE_NAME;
                r = pepper_read_file(dir, pepper);
        }
        if (r >= 0)
                r = keymint_new(&keymint, pepper);
        explicit_bzero(pepper, sizeof(pepper));
        if (r < 0)
                control_doctor_add(d, DIAGNOSE_ERROR, "pepper",
                                   "restore it from a backup before the daemon ends; 32 bytes, "
                                   "mode 0600, owned "
                                   "by who runs "
                                   "wfapikeyd",
                                   "%s cannot be read: %s", where,
                                   r == -EUCLEAN ? "it has not 32 bytes" : strerrordesc_np(-r));
        else if (keymint_pepper_id(keymint) != keymint_pepper_id(used))
                control_doctor_add(d, DIAGNOSE_ERROR, "pepper",
                                   "put the right one back: with this one no key is any good after "
                                   "the next start",
                                   "%s is not the pepper that the keys were made with", where);
        else
                control_doctor_add(d, DIAGNOSE_OK, "pepper", NULL,
                                   "%s is the one that the keys were made with", where);
        (void) keymint_free(keymint);
}

static void check_state(struct diagnose_call *d, int dir) {
        struct statvfs vfs;
        struct stat st;
        size_t before = d->n;

        look_at(d, dir, "", true);
        look_at(d, dir, STORE_FILE_NAME, true);
        look_at(d, dir, STORE_FILE_NAME "-wal", false);
        look_at(d, dir, STORE_FILE_NAME "-shm", false);
        if (d->n == before)
                control_doctor_add(d, DIAGNOSE_OK, "state", NULL,
                                   "the state directory and the key store are the daemon's alone");
        if (fstatat(dir, STORE_FILE_NAME "-wal", &st, AT_SYMLINK_NOFOLLOW) == 0 &&
            st.st_size > LOG_MOST)
                control_doctor_add(d, DIAGNOSE_WARNING, "database",
                                   "systemctl restart wfapikeyd; if it grows again, report it",
                                   "the log of the key store has %" PRId64
                                   " MiB: it is not moved into the database",
                                   (int64_t) st.st_size >> 20);
        if (fstatvfs(dir, &vfs) == 0 &&
            (int64_t) vfs.f_bavail * (int64_t) vfs.f_frsize < SPACE_LEAST)
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "disk",
                        "make room: verifications go on with a full disk, changes do not",
                        "%" PRId64 " MiB are free where the key store is",
                        (int64_t) vfs.f_bavail * (int64_t) vfs.f_frsize >> 20);
        if (fstatvfs(dir, &vfs) == 0 && vfs.f_files > 0 && vfs.f_favail == 0)
                control_doctor_add(d, DIAGNOSE_WARNING, "disk",
                                   "remove files: a start needs two inodes to make changes",
                                   "no inodes are free where the key store is");
}

/* What keeps changes from being made. */
static void check_changes(struct diagnose_call *d, struct store *writer) {
        struct store_health health;

        store_guard_health(writer, &health);
        if (health.lost)
                control_doctor_add(
                        d, DIAGNOSE_ERROR, "changes",
                        "move the right file back; or stop wfapikeyd, restore the state directory "
                        "from "
                        "a backup, and start it. Where only keys.db-wal is wrong, a restart is "
                        "enough",
                        "changes are refused: '%s' was removed or replaced while wfapikeyd runs",
                        health.lost);
        if (health.read_only != 0)
                control_doctor_add(d, DIAGNOSE_ERROR, "changes",
                                   "make the state directory writable, and see that there are room "
                                   "and inodes; "
                                   "wfapikeyd tries again with every change, or restart it",
                                   "changes are refused: the key store can only be read: %s",
                                   store_error_text(health.read_only));
        if (health.low)
                control_doctor_add(d, DIAGNOSE_ERROR, "changes",
                                   "make room; the next change fills the reserve again",
                                   "the disk is full: only revocations, removals and enabled=no "
                                   "are made. %" PRId64 " KiB of the reserve are left",
                                   health.reserve / 1024);
        if (health.refused > 0)
                control_doctor_add(
                        d, DIAGNOSE_HINT, "changes", "journalctl -u wfapikeyd has the reasons",
                        "the key store has refused %" PRIu64 " transactions since the start",
                        health.refused);
}

static void check_database(struct diagnose_call *d, struct store *writer) {
        struct store_looked checked = store_look_last(d->reading.call.control->fixed.look);
        int r = checked.damaged ? -EUCLEAN : store_check(writer, false);

        if (r < 0)
                control_doctor_add(d, DIAGNOSE_ERROR, "database",
                                   "systemctl restart wfapikeyd; it mends what it can, and says "
                                   "what it cannot",
                                   "the key store: %s", store_error_text(r));
        else if (r > 0 && checked.at == 0)
                control_doctor_add(d, DIAGNOSE_HINT, "database",
                                   "the daemon does it soon after its start, and every week",
                                   "the key store was not yet looked through for damage");
        else
                control_doctor_add(d, DIAGNOSE_OK, "database", NULL, "the key store is sound");
}

/* Keys that were used before they were made, or that expire too late: a wrong clock causes both. */
static void check_clock(struct diagnose_call *d, struct store *writer) {
        int64_t now = clock_now(), newest, then;
        struct stat st;
        int r = store_key_newest(writer, &newest);

        if (clock_behind() > 0) {
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "clock",
                        "set the clock, and see why it was wrong (timedatectl); if it is right, "
                        "wfapikeyctl clock trust",
                        "the clock is %" PRId64 " s behind the time that wfapikeyd remembers: "
                        "keys are judged by that time, and nothing ends for good",
                        clock_behind());
                return;
        }
        if (clock_ahead() > 0) {
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "clock",
                        "set the clock, and see why it was wrong (timedatectl); if it is right, "
                        "because the host was off for so long, wfapikeyctl clock trust",
                        "the clock is %" PRId64 " days ahead of the time that wfapikeyd remembers: "
                        "nothing ends for good or is purged by it",
                        clock_ahead() / PARSE_DAY_S);
                return;
        }
        /* At the first start nothing is wrong yet. */
        if (!clock_is_trusted() && store_sweep_trusted_at(writer, &then) >= 0 && then > 0)
                control_doctor_add(d, DIAGNOSE_HINT, "clock",
                                   "wait until it has run for an hour without being set",
                                   "the clock is not trusted yet: nothing ends for good by it");
        if (r < 0)
                control_doctor_add(d, DIAGNOSE_ERROR, "database", "journalctl -u wfapikeyd -n 20",
                                   "the key store: %s", store_error_text(r));
        else if (now < newest)
                control_doctor_add(d, DIAGNOSE_ERROR, "clock",
                                   "set the clock, and see why it was wrong (timedatectl): expired "
                                   "keys come back",
                                   "the clock is %" PRId64 " s behind the newest change of a key",
                                   newest - now);
        else if (stat("/proc/self/exe", &st) == 0 && now < st.st_mtime)
                control_doctor_add(d, DIAGNOSE_ERROR, "clock",
                                   "set the clock, and see why it was wrong (timedatectl): expired "
                                   "keys come back",
                                   "the clock stands before the day that this wfapikeyd was built");
        else
                control_doctor_add(d, DIAGNOSE_OK, "clock", NULL,
                                   "the clock is not behind the newest change of a key");
}

#define SOON_S (30 * INT64_C(86400))

/* The first certificate of each kind is named in the finding. */
struct certificates {
        struct store *writer;
        int64_t now;
        size_t good, ended, soon, stale, rootless;
        struct cert_record first_ended, first_soon, first_stale, first_rootless;
};

static void count_certificate(size_t *n, struct cert_record *first,
                              const struct cert_record *cert) {
        if ((*n)++ == 0)
                *first = *cert;
}

static int on_certificate(const struct cert_record *cert, const uint8_t *der, size_t len,
                          void *userdata) {
        struct certificates *c = userdata;
        struct crl_record crl;
        int r = store_crl_get(c->writer, cert->thumbprint, &crl);

        (void) der;
        (void) len;
        if (r < 0 && r != -ENOENT)
                return r;
        if (cert->not_after < c->now)
                count_certificate(&c->ended, &c->first_ended, cert);
        else if (cert->not_after < c->now + SOON_S)
                count_certificate(&c->soon, &c->first_soon, cert);
        if (cert->not_after >= c->now)
                c->good++;
        if (r >= 0 && crl.next_update < c->now)
                count_certificate(&c->stale, &c->first_stale, cert);
        r = cert->kind == CERT_CA ? registered_has_root(c->writer, cert) : 1;
        if (r == 0)
                count_certificate(&c->rootless, &c->first_rootless, cert);
        return r < 0 ? r : 0;
}

static void check_certificates(struct diagnose_call *d, struct store *writer,
                               const struct policy *policy) {
        struct certificates c = { .writer = writer, .now = clock_now() };

        /* check_database() reports it */
        if (store_cert_each(writer, on_certificate, &c) < 0)
                return;
        if (c.stale > 0)
                control_doctor_add(d, DIAGNOSE_ERROR, "certificate",
                                   "wfapikeyctl cert crl FILE, with a new list of that CA",
                                   "%zu revocation lists are out of date ('%s' first): all "
                                   "certificates of their "
                                   "CAs are "
                                   "refused",
                                   c.stale, c.first_stale.name);
        if (c.rootless > 0)
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "certificate",
                        "wfapikeyctl cert add --ca FILE with the CAs above it, up to the root",
                        "%zu registered CAs lead to no registered root ('%s' first, issued by "
                        "'%s'): "
                        "the certificates that they issued are refused",
                        c.rootless, c.first_rootless.name, c.first_rootless.issuer_cn);
        if (c.ended > 0)
                control_doctor_add(d, DIAGNOSE_WARNING, "certificate",
                                   "wfapikeyctl cert add FILE with the successor, cert crl FILE "
                                   "where there was a "
                                   "list, "
                                   "then cert remove CERT",
                                   "%zu certificates have expired, '%s' first", c.ended,
                                   c.first_ended.name);
        if (c.soon > 0)
                control_doctor_add(d, DIAGNOSE_WARNING, "certificate",
                                   "have them renewed, and wfapikeyctl cert add FILE in time",
                                   "%zu certificates expire within 30 days, '%s' first", c.soon,
                                   c.first_soon.name);
        if (policy->require_certificate != CERTIFICATE_NO && c.good == 0)
                control_doctor_add(
                        d, DIAGNOSE_ERROR, "certificate",
                        "wfapikeyctl cert add FILE, or policy set require-certificate=no",
                        "every login needs a client certificate, and none is registered: all are "
                        "refused");
        else if (policy->require_certificate != CERTIFICATE_NO)
                control_doctor_add(
                        d, DIAGNOSE_HINT, "policy",
                        "wfapikeyctl policy set require-certificate=no where that is not meant",
                        "every login with a key needs a client certificate");
}

/* Notes the words of a blank-separated list. The client looks for their PAM files. */
static void note_services(struct diagnose_call *d, const char *by, const char *list) {
        for (size_t len; *list; list += len + strspn(list + len, " ")) {
                struct named *named = &d->named[d->n_named];

                len = strcspn(list, " ");
                if (d->n_named == NAMED_MAX || len > WIRE_SERVICE_MAX)
                        return;
                *named = (struct named){ .by = by };
                memcpy(named->service, list, len);
                d->n_named++;
        }
}

static void check_policy(struct diagnose_call *d, struct store *writer) {
        struct policy policy;

        if (!control_get_policy(&d->reading.call, writer, &policy))
                return;
        for (size_t i = 0; i < policy.n_services; i++)
                note_services(d, "policy", policy.services[i].name);
        if (!policy.enabled)
                control_doctor_add(d, DIAGNOSE_HINT, "policy", "wfapikeyctl policy set enabled=yes",
                                   "API keys are disabled: none is issued or accepted");
        check_certificates(d, writer, &policy);
}

static void check_vanished(struct diagnose_call *d, struct store *writer) {
        uint64_t gone, held;

        /* check_database() reports it */
        if (store_account_count_gone(writer, &gone, &held) < 0)
                return;
        if (held > 0)
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "accounts",
                        "see what is wrong with passwd or the directory. If they were removed on "
                        "purpose: wfapikeyctl account vanished | xargs wfapikeyctl account removed "
                        "--",
                        "%" PRIu64
                        " accounts with keys were gone at one look with others: their keys "
                        "are refused, and do not end by themselves",
                        held);
        if (gone > held)
                control_doctor_add(
                        d, DIAGNOSE_HINT, "accounts",
                        "wfapikeyctl account vanished lists them; wfapikeyctl account removed USER "
                        "ends their keys now",
                        "%" PRIu64 " accounts with keys are gone: their keys are refused, and end "
                        "after the policy's account-grace",
                        gone - held);
}

static void check_passwords(struct diagnose_call *d, struct store *writer) {
        struct policy policy;
        uint64_t held;

        if (facts_policy(writer, &policy) >= 0 && policy.remove_on_password_expiry &&
            store_account_count_held_passwords(writer, &held) >= 0 && held > 0)
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "accounts",
                        "see what has changed shadow. If it is meant: "
                        "wfapikeyctl account held | xargs wfapikeyctl account expired --",
                        "%" PRIu64
                        " accounts with keys have a password that became bad at one look "
                        "with others: their keys are refused, and do not end by themselves",
                        held);
}

/* Metrics have the times. Here they matter when a habit has ended. */
static void check_copies(struct diagnose_call *d, struct store *writer) {
        int64_t now = clock_now();
        struct store_mirror mirror;

        /* check_database() reports it */
        if (store_mirror_get(writer, &mirror) < 0)
                return;
        if (overdue_import(mirror.imported_at, now))
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "import",
                        "see whether the other host still sends a mirror, and systemctl status "
                        "wfapikey-mirror.timer wfapikey-mirror.service",
                        "the last mirror was imported %" PRId64
                        " days ago: what was revoked on the other host since is still good here",
                        (now - mirror.imported_at) / 86400);
        if (overdue_backup(mirror.backed_up_at, now))
                control_doctor_add(d, DIAGNOSE_WARNING, "backup",
                                   "wfapikeyctl backup create FILE, and see why it stopped",
                                   "the last backup was made %" PRId64 " days ago",
                                   (now - mirror.backed_up_at) / 86400);
}

static void check_accounts(struct diagnose_call *d) {
        const char *why = accounts_unread(d->reading.call.control->fixed.accounts);

        if (*why)
                control_doctor_add(
                        d, DIAGNOSE_WARNING, "accounts",
                        "see what writes the file; pwck and grpck find what is wrong in it",
                        "what is known of accounts stays as it was: %s", why);
        else
                control_doctor_add(d, DIAGNOSE_OK, "accounts", NULL,
                                   "the files of accounts are read");
}

/* Reads the file as a start would. The configuration in force does not show that a reload has
 * failed. */
static void check_conf(struct diagnose_call *d) {
        const struct conf *conf = d->reading.conf;

        if (!conf)
                control_doctor_add(
                        d, DIAGNOSE_ERROR, "configuration",
                        "put it right, then systemctl reload wfapikeyd; until then what was read "
                        "before holds",
                        "the next start will fail: %s", d->reading.error);
        else
                control_doctor_add(d, DIAGNOSE_OK, "configuration", NULL,
                                   "the configuration can be read");
        for (size_t i = 0; conf && i < conf->n_peers; i++) {
                note_services(d, "configuration", conf->peers[i].services);
                note_services(d, "configuration", conf->peers[i].certificates);
        }
        for (size_t i = 0; conf && conf->realms && i < conf->realms->n; i++)
                note_services(d, "configuration", conf->realms->of[i].services);
}

static void diagnose_run(struct control_call *call, struct store *writer) {
        struct diagnose_call *d = (struct diagnose_call *) call;
        _cleanup_close_ int dir =
                open(call->control->fixed.state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (dir < 0)
                control_doctor_add(d, DIAGNOSE_ERROR, "state",
                                   "restore it from a backup before the daemon ends",
                                   "the state directory cannot be opened: %s",
                                   strerrordesc_np(errno));
        else {
                check_state(d, dir);
                check_pepper(d, dir);
        }
        check_changes(d, writer);
        check_database(d, writer);
        check_clock(d, writer);
        check_policy(d, writer);
        check_accounts(d);
        check_vanished(d, writer);
        check_passwords(d, writer);
        check_copies(d, writer);
        control_doctor_fleet(d, d->reading.call.control, writer);
        control_doctor_realms(d, call);
        check_conf(d);
        if (call->control->fixed.own_sockets)
                control_doctor_add(
                        d, DIAGNOSE_HINT, "daemon",
                        "under systemd enable wfapikeyd-verify.socket and wfapikeyd-control.socket",
                        "the daemon made its sockets itself: while it is down nobody listens");
}

static int diagnose_reply(struct control_call *call, sd_bus_message *reply) {
        const struct diagnose_call *d = (struct diagnose_call *) call;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "a{sv}");
        for (size_t i = 0; r >= 0 && i < d->n; i++) {
                const struct finding *f = &d->findings[i];

                r = sd_bus_message_append(reply, "a{sv}", 4, "severity", "s",
                                          severities[f->severity], "check", "s", f->check, "seen",
                                          "s", f->seen, "do", "s", f->todo ? f->todo : "");
        }
        if (r >= 0)
                r = sd_bus_message_close_container(reply);
        if (r >= 0)
                r = sd_bus_message_open_container(reply, 'a', "(ss)");
        for (size_t i = 0; r >= 0 && i < d->n_named; i++)
                r = sd_bus_message_append(reply, "(ss)", d->named[i].by, d->named[i].service);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static void diagnose_take(struct control_conf_call *reading) {
        control_resume(&reading->call);
}

static void diagnose_detour(struct control_call *call) {
        control_conf_ask((struct control_conf_call *) call, diagnose_take);
}

static void diagnose_release(struct control_call *call) {
        control_conf_release((struct control_conf_call *) call);
}

const struct control_handlers control_doctor_diagnose = {
        .size = sizeof(struct diagnose_call),
        .detour = diagnose_detour,
        .run = diagnose_run,
        .reply = diagnose_reply,
        .release = diagnose_release,
};

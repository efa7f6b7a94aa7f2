/* SPDX-License-Identifier: BSD-2-Clause */
/* Turns the daemon's counters into families of metrics. Does not know the text format:
 * metrics_text does. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "admin/cmd_metrics.h"
#include "admin/metrics_text.h"
#include "call/call.h"
#include "call/dict.h"
#include "cli/outfile.h"
#include "cli/say.h"

struct facts {
        const char *version;
        int enabled, accounts_read, store_lost, store_read_only, reserve_used, clock_trusted;
        int store_damaged;
        int64_t started, keys_counted, next_expiry, next_certificate_expiry, next_crl_expiry;
        int64_t last_import, last_backup, store_checked;
        uint64_t keys_ending[3], certificates_ending[3], crls_ending[3]; /* within soon[] */
        uint64_t keys_active, keys_expired, keys_revoked, keys_idle, certificates_client,
                certificates_ca;
        int fleet_joined, fleet_connected;
        int64_t fleet_age, fleet_silent;
        uint64_t fleet_keys, fleet_waiting;
        uint64_t fleet_hosts, fleet_hosts_silent, fleet_hosts_wrong;
        uint64_t accounts_vanished, accounts_held, passwords_held, clock_behind, clock_ahead;
        uint64_t latency_sum, log_lines_dropped, changes_refused;
        uint64_t sweeps, sweeps_failed, swept_expired, swept_ended, swept_purged;
};

static const char *const soon[] = { "1d", "7d", "30d" };

/* clang-format off */
#define ENDING(name, member) \
        { name "-ending-1d", FIELD_COUNT, offsetof(struct facts, member[0]), NULL }, \
        { name "-ending-7d", FIELD_COUNT, offsetof(struct facts, member[1]), NULL }, \
        { name "-ending-30d", FIELD_COUNT, offsetof(struct facts, member[2]), NULL }
/* clang-format on */

static const struct field fields[] = {
        { "version", FIELD_TEXT, offsetof(struct facts, version), NULL },
        { "enabled", FIELD_BOOL, offsetof(struct facts, enabled), NULL },
        { "accounts-read", FIELD_BOOL, offsetof(struct facts, accounts_read), NULL },
        { "accounts-vanished", FIELD_COUNT, offsetof(struct facts, accounts_vanished), NULL },
        { "accounts-held", FIELD_COUNT, offsetof(struct facts, accounts_held), NULL },
        { "passwords-held", FIELD_COUNT, offsetof(struct facts, passwords_held), NULL },
        { "store-lost", FIELD_BOOL, offsetof(struct facts, store_lost), NULL },
        { "store-read-only", FIELD_BOOL, offsetof(struct facts, store_read_only), NULL },
        { "reserve-used", FIELD_BOOL, offsetof(struct facts, reserve_used), NULL },
        { "changes-refused", FIELD_COUNT, offsetof(struct facts, changes_refused), NULL },
        { "clock-trusted", FIELD_BOOL, offsetof(struct facts, clock_trusted), NULL },
        { "clock-behind", FIELD_COUNT, offsetof(struct facts, clock_behind), NULL },
        { "clock-ahead", FIELD_COUNT, offsetof(struct facts, clock_ahead), NULL },
        { "fleet-joined", FIELD_BOOL, offsetof(struct facts, fleet_joined), NULL },
        { "fleet-connected", FIELD_BOOL, offsetof(struct facts, fleet_connected), NULL },
        { "fleet-age", FIELD_TIME, offsetof(struct facts, fleet_age), NULL },
        { "fleet-silent", FIELD_TIME, offsetof(struct facts, fleet_silent), NULL },
        { "fleet-keys", FIELD_COUNT, offsetof(struct facts, fleet_keys), NULL },
        { "fleet-waiting", FIELD_COUNT, offsetof(struct facts, fleet_waiting), NULL },
        { "fleet-hosts", FIELD_COUNT, offsetof(struct facts, fleet_hosts), NULL },
        { "fleet-hosts-silent", FIELD_COUNT, offsetof(struct facts, fleet_hosts_silent), NULL },
        { "fleet-hosts-wrong", FIELD_COUNT, offsetof(struct facts, fleet_hosts_wrong), NULL },
        { "last-import", FIELD_TIME, offsetof(struct facts, last_import), NULL },
        { "last-backup", FIELD_TIME, offsetof(struct facts, last_backup), NULL },
        { "store-damaged", FIELD_BOOL, offsetof(struct facts, store_damaged), NULL },
        { "store-checked", FIELD_TIME, offsetof(struct facts, store_checked), NULL },
        { "started", FIELD_TIME, offsetof(struct facts, started), NULL },
        { "keys-active", FIELD_COUNT, offsetof(struct facts, keys_active), NULL },
        { "keys-expired", FIELD_COUNT, offsetof(struct facts, keys_expired), NULL },
        { "keys-revoked", FIELD_COUNT, offsetof(struct facts, keys_revoked), NULL },
        { "keys-idle", FIELD_COUNT, offsetof(struct facts, keys_idle), NULL },
        { "keys-counted", FIELD_TIME, offsetof(struct facts, keys_counted), NULL },
        ENDING("keys", keys_ending),
        ENDING("certificates", certificates_ending),
        ENDING("crls", crls_ending),
        { "next-expiry", FIELD_TIME, offsetof(struct facts, next_expiry), NULL },
        { "certificates-client", FIELD_COUNT, offsetof(struct facts, certificates_client), NULL },
        { "certificates-ca", FIELD_COUNT, offsetof(struct facts, certificates_ca), NULL },
        { "next-certificate-expiry", FIELD_TIME, offsetof(struct facts, next_certificate_expiry),
          NULL },
        { "next-crl-expiry", FIELD_TIME, offsetof(struct facts, next_crl_expiry), NULL },
        { "latency-sum", FIELD_COUNT, offsetof(struct facts, latency_sum), NULL },
        { "log-lines-dropped", FIELD_COUNT, offsetof(struct facts, log_lines_dropped), NULL },
        { "sweeps", FIELD_COUNT, offsetof(struct facts, sweeps), NULL },
        { "sweeps-failed", FIELD_COUNT, offsetof(struct facts, sweeps_failed), NULL },
        { "swept-expired", FIELD_COUNT, offsetof(struct facts, swept_expired), NULL },
        { "swept-ended", FIELD_COUNT, offsetof(struct facts, swept_ended), NULL },
        { "swept-purged", FIELD_COUNT, offsetof(struct facts, swept_purged), NULL },
};

#define NO_LABELS              ((const char *const[]){ NULL })
#define ONE_LABEL(name, value) ((const char *const[]){ name, value, NULL })

/* --- Families of single values --- */

static void gauge(struct metrics_text *t, const char *name, const char *help) {
        metrics_text_family(t, name, "gauge", "", help);
}

/* A time. The family has no sample when there is no such time. */
static void moment(struct metrics_text *t, const char *name, const char *help, int64_t at) {
        metrics_text_family(t, name, "gauge", "seconds", help);
        if (at != INT64_MAX)
                metrics_text_count(t, "", NO_LABELS, at > 0 ? (uint64_t) at : 0);
}

static void write_daemon(struct metrics_text *t, const struct facts *facts) {
        gauge(t, "wfapikey_build_info", "Always 1; the label is the version of the daemon.");
        metrics_text_count(t, "", ONE_LABEL("version", facts->version), 1);
        moment(t, "wfapikey_start_time_seconds",
               "When the daemon started. All counters begin then.", facts->started);
        gauge(t, "wfapikey_enabled",
              "Whether the policy says enabled=yes. Otherwise every key is refused.");
        metrics_text_count(t, "", NO_LABELS, facts->enabled > 0);
        gauge(t, "wfapikey_accounts_read",
              "Whether passwd, shadow and group could be read. Otherwise what is known of accounts "
              "is older.");
        metrics_text_count(t, "", NO_LABELS, facts->accounts_read > 0);
        gauge(t, "wfapikey_accounts_vanished",
              "Accounts that are gone and that active keys depend on. The keys are refused.");
        metrics_text_count(t, "", NO_LABELS, facts->accounts_vanished);
        gauge(t, "wfapikey_accounts_held",
              "Those of them that were gone with many others at one look. Their keys end only when "
              "an administrator says so.");
        metrics_text_count(t, "", NO_LABELS, facts->accounts_held);
        gauge(t, "wfapikey_passwords_held",
              "Accounts whose passwords became bad at one look with many others, where the policy "
              "ends keys with passwords. Their keys end only when an administrator says so.");
        metrics_text_count(t, "", NO_LABELS, facts->passwords_held);
        metrics_text_family(t, "wfapikey_log_lines_dropped", "counter", "",
                            "Log lines that were dropped because the log was too slow.");
        metrics_text_count(t, "_total", NO_LABELS, facts->log_lines_dropped);
}

static void write_clock(struct metrics_text *t, const struct facts *facts) {
        gauge(t, "wfapikey_clock_trusted",
              "Whether the clock may decide what cannot be undone. Otherwise nothing ends for good "
              "by it.");
        metrics_text_count(t, "", NO_LABELS, facts->clock_trusted > 0);
        metrics_text_family(
                t, "wfapikey_clock_behind_seconds", "gauge", "seconds",
                "By how much the clock is behind the remembered time, by which keys are "
                "then judged. 0: the clock counts.");
        metrics_text_count(t, "", NO_LABELS, facts->clock_behind);
        metrics_text_family(
                t, "wfapikey_clock_ahead_seconds", "gauge", "seconds",
                "By how much the clock is ahead of the remembered time, when that is more than 30 "
                "days. Nothing then ends for good by it.");
        metrics_text_count(t, "", NO_LABELS, facts->clock_ahead);
}

static void write_copies(struct metrics_text *t, const struct facts *facts) {
        moment(t, "wfapikey_last_import_timestamp_seconds",
               "When a mirror of another host was imported last.", facts->last_import);
        moment(t, "wfapikey_last_backup_timestamp_seconds",
               "When the daemon last gave out a whole backup.", facts->last_backup);
}

static void write_fleet(struct metrics_text *t, const struct facts *facts) {
        gauge(t, "wfapikey_fleet_joined", "Whether this host is in a fleet.");
        metrics_text_count(t, "", NO_LABELS, facts->fleet_joined > 0);
        if (facts->fleet_joined <= 0)
                return;
        gauge(t, "wfapikey_fleet_connected", "Whether the fleet's database is reached.");
        metrics_text_count(t, "", NO_LABELS, facts->fleet_connected > 0);
        moment(t, "wfapikey_fleet_age_seconds",
               "How long ago the keys of the fleet were last known to be current.",
               facts->fleet_age);
        moment(t, "wfapikey_fleet_issuer_silent_seconds",
               "For how long an issuing host has said nothing, at most.", facts->fleet_silent);
        gauge(t, "wfapikey_fleet_keys", "Keys of the fleet on this host.");
        metrics_text_count(t, "", NO_LABELS, facts->fleet_keys);
        gauge(t, "wfapikey_fleet_revocations_waiting",
              "Revocations that the fleet's database has not heard of.");
        metrics_text_count(t, "", NO_LABELS, facts->fleet_waiting);
        if (facts->fleet_hosts == UINT64_MAX)
                return;
        gauge(t, "wfapikey_fleet_hosts", "Hosts of the fleet.");
        metrics_text_count(t, "", NO_LABELS, facts->fleet_hosts);
        gauge(t, "wfapikey_fleet_hosts_silent", "Hosts that have not reported for an hour.");
        metrics_text_count(t, "", NO_LABELS, facts->fleet_hosts_silent);
        gauge(t, "wfapikey_fleet_hosts_wrong",
              "Hosts whose reports do not go together, until an administrator accepts that.");
        metrics_text_count(t, "", NO_LABELS, facts->fleet_hosts_wrong);
}

static void write_store(struct metrics_text *t, const struct facts *facts) {
        gauge(t, "wfapikey_store_lost",
              "Whether files of the key store were removed or replaced under the daemon. Then "
              "every "
              "change is refused.");
        metrics_text_count(t, "", NO_LABELS, facts->store_lost > 0);
        gauge(t, "wfapikey_store_read_only",
              "Whether the key store can only be read. Then every change is refused.");
        metrics_text_count(t, "", NO_LABELS, facts->store_read_only > 0);
        gauge(t, "wfapikey_reserve_used",
              "Whether the disk is full. Then only changes that end access are made.");
        metrics_text_count(t, "", NO_LABELS, facts->reserve_used > 0);
        metrics_text_family(t, "wfapikey_changes_refused", "counter", "",
                            "Transactions that the key store refused, with those that were tried "
                            "again.");
        metrics_text_count(t, "_total", NO_LABELS, facts->changes_refused);
        gauge(t, "wfapikey_store_damaged",
              "Whether damage of the key store was found since the start. A restart mends it.");
        metrics_text_count(t, "", NO_LABELS, facts->store_damaged > 0);
        moment(t, "wfapikey_store_checked_time_seconds",
               "When the key store was last looked through for damage.", facts->store_checked);
}

static void ending(struct metrics_text *t, const char *name, const char *help,
                   const uint64_t counts[static ARRAY_LEN(soon)]) {
        gauge(t, name, help);
        for (size_t i = 0; i < ARRAY_LEN(soon); i++)
                metrics_text_count(t, "", ONE_LABEL("within", soon[i]), counts[i]);
}

static void write_keys(struct metrics_text *t, const struct facts *facts) {
        gauge(t, "wfapikey_keys", "Keys by status.");
        metrics_text_count(t, "", ONE_LABEL("status", "active"), facts->keys_active);
        metrics_text_count(t, "", ONE_LABEL("status", "expired"), facts->keys_expired);
        metrics_text_count(t, "", ONE_LABEL("status", "revoked"), facts->keys_revoked);
        metrics_text_count(t, "", ONE_LABEL("status", "idle"), facts->keys_idle);
        ending(t, "wfapikey_keys_ending",
               "Active keys that end so soon, by their expiry or the policy lifetime.",
               facts->keys_ending);
        moment(t, "wfapikey_keys_counted_timestamp_seconds",
               "When the keys were counted. More than 20000 keys are not counted for every scrape.",
               facts->keys_counted);
        moment(t, "wfapikey_key_next_expiry_timestamp_seconds", "When the next active key ends.",
               facts->next_expiry);
}

static void write_certificates(struct metrics_text *t, const struct facts *facts) {
        gauge(t, "wfapikey_certificates", "Registered certificates by kind.");
        metrics_text_count(t, "", ONE_LABEL("kind", "client"), facts->certificates_client);
        metrics_text_count(t, "", ONE_LABEL("kind", "ca"), facts->certificates_ca);
        ending(t, "wfapikey_certificates_ending",
               "Registered certificates that end so soon and have not ended yet.",
               facts->certificates_ending);
        ending(t, "wfapikey_crls_ending",
               "Revocation lists that go out of date so soon, with those that are out of date.",
               facts->crls_ending);
        moment(t, "wfapikey_certificate_next_expiry_timestamp_seconds",
               "When the next registered certificate ends.", facts->next_certificate_expiry);
        moment(t, "wfapikey_crl_next_expiry_timestamp_seconds",
               "When the first revocation list goes or went out of date. Then all certificates of "
               "its CA are refused.",
               facts->next_crl_expiry);
}

static void write_sweeps(struct metrics_text *t, const struct facts *facts) {
        metrics_text_family(t, "wfapikey_sweeps", "counter", "",
                            "Runs of the sweeper. A failed run is repeated.");
        metrics_text_count(t, "_total", ONE_LABEL("result", "done"),
                           facts->sweeps - facts->sweeps_failed);
        metrics_text_count(t, "_total", ONE_LABEL("result", "failed"), facts->sweeps_failed);
        metrics_text_family(t, "wfapikey_swept_keys", "counter", "",
                            "Keys that the sweeper found expired, ended with their account or "
                            "password, or purged.");
        metrics_text_count(t, "_total", ONE_LABEL("what", "expired"), facts->swept_expired);
        metrics_text_count(t, "_total", ONE_LABEL("what", "ended"), facts->swept_ended);
        metrics_text_count(t, "_total", ONE_LABEL("what", "purged"), facts->swept_purged);
}

/* --- Families of lists; each function returns 0, or a negative errno --- */

static int write_verifications(struct metrics_text *t, sd_bus_message *m) {
        const char *kind, *verdict, *reason;
        uint64_t n;
        int r;

        metrics_text_family(t, "wfapikey_verifications", "counter", "",
                            "Verifications by their result. The account phase of a login asks for "
                            "a confirmation.");
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(ssst)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "(ssst)", &kind, &verdict, &reason, &n)) > 0) {
                if (!metrics_text_is_word(kind) || !metrics_text_is_word(verdict) ||
                    !metrics_text_is_word(reason))
                        return -EBADMSG;
                metrics_text_count(t, "_total",
                                   (const char *const[]){ "kind", kind, "verdict", verdict,
                                                          "reason", reason, NULL },
                                   n);
        }
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* In OpenMetrics a bucket includes those before it, and the last one counts everything. */
static int write_latencies(struct metrics_text *t, sd_bus_message *m, uint64_t sum_ns) {
        char text[METRICS_TEXT_NUMBER_LEN];
        uint64_t bound = 0, n, all = 0;
        int r;

        metrics_text_family(
                t, "wfapikey_verification_duration_seconds", "histogram", "seconds",
                "From receiving a request to the reply, helpers for certificates included.");
        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(tt)");
        if (r < 0)
                return r;
        while ((r = sd_bus_message_read(m, "(tt)", &bound, &n)) > 0) {
                metrics_text_bound(bound, text);
                metrics_text_count(t, "_bucket", ONE_LABEL("le", text), all += n);
        }
        if (r < 0)
                return r;
        if (bound != UINT64_MAX)
                return -EBADMSG;
        metrics_text_seconds(sum_ns, text);
        metrics_text_sample(t, "_sum", NO_LABELS, text);
        metrics_text_count(t, "_count", NO_LABELS, all);
        return sd_bus_message_exit_container(m);
}

static int write_queues(struct metrics_text *t, sd_bus_message *m) {
        struct queue {
                const char *name;
                uint64_t length, limit;
        } q[16];
        size_t n = 0;
        int r;

        r = sd_bus_message_enter_container(m, SD_BUS_TYPE_ARRAY, "(stt)");
        while (r >= 0 && n < ARRAY_LEN(q) &&
               (r = sd_bus_message_read(m, "(stt)", &q[n].name, &q[n].length, &q[n].limit)) > 0)
                if (!metrics_text_is_word(q[n++].name))
                        return -EBADMSG;
        if (r < 0)
                return r;
        gauge(t, "wfapikey_queue_length",
              "How much waits: changes for the writer, connections for their request, challenges "
              "for their answer, logins for their certificate to be read.");
        for (size_t i = 0; i < n; i++)
                metrics_text_count(t, "", ONE_LABEL("queue", q[i].name), q[i].length);
        gauge(t, "wfapikey_queue_limit", "How much can wait there. More is refused.");
        for (size_t i = 0; i < n; i++)
                metrics_text_count(t, "", ONE_LABEL("queue", q[i].name), q[i].limit);
        return 0;
}

static int write_all(FILE *file, sd_bus_message *m) {
        struct metrics_text t;
        struct facts facts;
        int r;

        fields_init(fields, ARRAY_LEN(fields), &facts);
        r = dict_read(fields, ARRAY_LEN(fields), m, &facts);
        if (r <= 0)
                return r < 0 ? r : -EBADMSG;
        if (!facts.version || !metrics_text_is_word(facts.version) ||
            facts.latency_sum == UINT64_MAX)
                return -EBADMSG;
        metrics_text_begin(&t, file);
        write_daemon(&t, &facts);
        write_clock(&t, &facts);
        write_store(&t, &facts);
        write_copies(&t, &facts);
        write_fleet(&t, &facts);
        write_keys(&t, &facts);
        write_certificates(&t, &facts);
        write_sweeps(&t, &facts);
        r = write_verifications(&t, m);
        if (r >= 0)
                r = write_latencies(&t, m, facts.latency_sum);
        if (r >= 0)
                r = write_queues(&t, m);
        if (r >= 0)
                metrics_text_end(&t);
        return r;
}

/* --- Output --- */

struct buffer {
        FILE *file;
        char *text;
        size_t len;
};

static void buffer_done(struct buffer *b) {
        if (b->file)
                (void) fclose(b->file);
        free(b->text);
}

static int buffer_finish(struct buffer *b) {
        bool failed = ferror(b->file);

        failed |= fclose(b->file) != 0;
        b->file = NULL;
        return failed ? -ENOMEM : 0;
}

/* A collector that runs as another user reads the file. */
static int write_file(const char *path, const struct buffer *b) {
        _cleanup_outfile_ struct outfile file = {};
        int r;

        r = outfile_open(&file, path);
        if (r >= 0)
                r = outfile_write(&file, b->text, b->len);
        if (r >= 0)
                r = outfile_share(&file);
        return r < 0 ? r : outfile_finish(&file);
}

/* Writes nothing before the whole answer was read. */
static enum exit_code write_text(const char *path, sd_bus_message *reply) {
        __attribute__((cleanup(buffer_done))) struct buffer b = {};
        int r;

        b.file = open_memstream(&b.text, &b.len);
        if (!b.file)
                return say_no_memory();
        r = write_all(b.file, reply);
        if (r >= 0)
                r = buffer_finish(&b);
        if (r < 0)
                return call_misread(r);
        if (!path) {
                (void) fwrite(b.text, 1, b.len, stdout);
                return CTL_OK;
        }
        r = write_file(path, &b);
        if (r < 0)
                say_error("cannot write '%s': %s", path, strerror(-r));
        return r < 0 ? CTL_FAILED : CTL_OK;
}

enum exit_code cmd_metrics(const struct args *args) {
        _cleanup_message_ sd_bus_message *reply = NULL;
        const char *path = args_value(args, "output");
        enum exit_code rc;
        int r;

        if (path && args->json) {
                say_error("--output writes the text of OpenMetrics; it does not go with --json");
                return CTL_USAGE;
        }
        rc = call_once(args->control, "GetMetrics", &reply, "");
        if (rc != CTL_OK)
                return rc;
        if (!args->json)
                return write_text(path, reply);
        r = write_all(NULL, reply);
        return r < 0 ? call_misread(r) : CTL_OK;
}

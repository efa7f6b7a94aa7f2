/* SPDX-License-Identifier: BSD-2-Clause */
/* The table of commands with their options, and the one sentence that --help says of each. Knows no
 * command beyond its words. */
#include <stdbool.h>
#include <stdint.h>

#include "admin/cmd_account.h"
#include "admin/cmd_audit.h"
#include "admin/cmd_audit_verify.h"
#include "admin/cmd_clock.h"
#include "admin/cmd_fleet_audit.h"
#include "admin/cmd_metrics.h"
#include "admin/cmd_policy.h"
#include "admin/cmd_salvage.h"
#include "admin/cmd_status.h"
#include "attr.h"
#include "backup/cmd_mirror.h"
#include "backup/cmd_mirror_export.h"
#include "backup/cmd_mirror_import.h"
#include "backup/cmd_mirror_status.h"
#include "commands.h"
#include "doctor/cmd_doctor.h"
#include "fleet/cmd_fleet.h"
#include "fleet/cmd_fleet_init.h"
#include "fleet/cmd_fleet_invite.h"
#include "fleet/cmd_fleet_join.h"
#include "fleet/cmd_fleet_status.h"
#include "key/cmd_key.h"
#include "key/cmd_key_burn.h"
#include "key/cmd_key_draw.h"
#include "key/cmd_key_explain.h"
#include "key/cmd_key_list.h"
#include "key/cmd_key_remove_all.h"
#include "key/cmd_key_revoke.h"
#include "key/cmd_key_show.h"
#include "key/cmd_key_warn.h"
#include "key/cmd_verify.h"
#include "pki/cmd_cert.h"
#include "pki/cmd_sign.h"
#include "scan/cmd_scan.h"

static const struct args_option policy_set_options[] = {
        { "fleet", NULL, "change it on all hosts of the fleet", false },
        { "dry-run", NULL, "only say how many keys the change would touch", false },
        {},
};

static const struct args_option issue_options[] = {
        { "user", "USER", "the same as USER", false },
        { "password", NULL,
          "you are not USER but know the password: it is read from the terminal or standard input",
          false },
        { "name", "TEXT", "a label for the key, 1 to 64 bytes (default: key)", false },
        { "expires", "WHEN",
          "30m, 12h, 90d, 6months, 1y, tomorrow, 2027-01-31, '2027-01-31 18:00', or never "
          "(default: the policy)",
          false },
        { "link", "USER",
          "the user whose password the key depends on (default: USER); for administrators", false },
        { "service", "SERVICES",
          "PAM services that the key works for, as in sshd,nginx; may be repeated (default: all)",
          true },
        { "from", "CIDRS",
          "addresses or networks that the key works from, with commas between them; may be "
          "repeated "
          "(default: all)",
          true },
        { "require-certificate", NULL,
          "a login needs a client certificate as well (default: the policy)", false },
        { "require-proof", NULL,
          "the same, and a login has to prove that it has the private key (default: the policy)",
          false },
        { "certificate", "CERT",
          "the only registered certificate that a login may use (default: the policy)", false },
        { "hosts", "GROUPS",
          "groups of hosts of the fleet, as in web,mail; all means all hosts; may be repeated "
          "(default: this host)",
          true },
        { "unique", NULL, "make no key if USER has an active one with this name", false },
        { "unless-exists", NULL, "the same, but that is no error", false },
        {},
};

#define OWNER_OPTION                                                                               \
        { "owner", "USER", "only keys of this user", false }
#define REALM_OPTION                                                                               \
        { "realm", "REALM", "only keys of users of this realm of wfapikeyd.conf", false }
#define LINKED_OPTION                                                                              \
        { "linked", "USER", "only keys that depend on this user's password", false }
#define SEARCH_OPTION                                                                              \
        { "search", "TEXT", "only keys whose id, name or owner contains TEXT", false }
#define SERVICE_OPTION                                                                             \
        {                                                                                          \
                "service", "SERVICES",                                                             \
                        "only keys that name one of these services, as in sshd,nginx, or with "    \
                        "any, those for all services; may be repeated",                            \
                        true                                                                       \
        }
#define FROM_OPTION                                                                                \
        {                                                                                          \
                "from", "ADDRESS",                                                                 \
                        "only keys with a network that has ADDRESS, or with any, those that work " \
                        "from "                                                                    \
                        "everywhere",                                                              \
                        false                                                                      \
        }
#define BEFORE_OPTION                                                                              \
        {                                                                                          \
                "expires-before", "WHEN",                                                          \
                        "only keys that end before this time, or within so long, as "              \
                        "14d",                                                                     \
                        false                                                                      \
        }
#define UNUSED_OPTION                                                                              \
        {                                                                                          \
                "unused-since", "WHEN",                                                            \
                        "only keys that were not used since this time, or for so long, as 90d",    \
                        false                                                                      \
        }

/* Which keys, in all commands that choose some. */
#define KEY_FILTERS                                                                                \
        OWNER_OPTION, REALM_OPTION, LINKED_OPTION, SERVICE_OPTION, FROM_OPTION, BEFORE_OPTION,     \
                UNUSED_OPTION, SEARCH_OPTION

static const struct args_option list_options[] = {
        KEY_FILTERS,
        { "status", "STATUS",
          "only keys that are active, refused, expired, idle or revoked; several with commas "
          "between",
          false },
        { "sort", "FIELD",
          "id, name, owner, status, created, updated, expires, last-used or uses (default: "
          "created; id with --limit or --after)",
          false },
        { "reverse", NULL, "the other way round", false },
        { "limit", "N", "at most N keys", false },
        { "after", "ID", "only keys that follow this key in the list", false },
        { "columns", "COLUMNS", "the columns to show, as in id,owner,from", false },
        { "wide", NULL, "all columns, with times in full", false },
        {},
};

static const struct args_option expiring_options[] = {
        { "within", "TIME", "the time within which they end, such as 14d", false },
        OWNER_OPTION,
        {},
};

static const struct args_option warn_options[] = {
        { "days", "DAYS", "how many days before an end, with commas between (default: 14,3,1)",
          false },
        { "command", "PATH", "what sends a mail, as sendmail does (default: /usr/sbin/sendmail)",
          false },
        { "sender", "ADDRESS", "who it is from (default: the command's own)", false },
        { "domain", "DOMAIN", "what follows the owner's name in the address (default: nothing)",
          false },
        { "state", "FILE", "where it notes who was warned (default: /var/lib/wfapikey-warn/warned)",
          false },
        { "fleet", NULL, "warn of keys of the fleet, too: on one host of it", false },
        { "dry-run", NULL, "print the mails, and send and note nothing", false },
        {},
};

static const struct args_option rotate_options[] = {
        { "overlap", "TIME", "how long the old key stays valid, such as 12h (default: 24h)",
          false },
        { "until-first-use", NULL, "the old key stays valid until the new one is used", false },
        { "expires", "WHEN",
          "when the new key ends (default: the lifetime of the old key, or the policy)", false },
        {},
};

static const struct args_option remove_all_options[] = {
        { "fleet", NULL, "the keys of the fleet, on all its hosts, and no others", false },
        { "yes", NULL, "do not ask, whatever their number is", false },
        {},
};

static const struct args_option explain_options[] = {
        { "service", "NAME",
          "the PAM service of the login (default: that of the key, if it names one alone)", false },
        { "rhost", "ADDRESS", "the address that the login comes from (default: unknown)", false },
        { "user", "USER", "the user who logs in (default: the owner of the key)", false },
        { "at", "TIME",
          "the time of the login: a date or time, or a duration from now (default: now)", false },
        { "certificate", "CERT", "the registered certificate that the login shows (default: none)",
          false },
        { "proved", NULL, "the login proves that it has the certificate's private key", false },
        {},
};

static const struct args_option revoke_options[] = {
        { "reason", "TEXT", "the reason, which is shown with the key", false },
        { "all-of", "USER", "all keys that USER owns, or that depend on USER's password", false },
        KEY_FILTERS,
        { "yes", NULL, "do not ask, however many there are", false },
        {},
};

static const struct args_option scan_options[] = {
        { "git", NULL, "look through the history of repositories of git, not through files",
          false },
        { "alive", NULL, "leave out keys that have ended", false },
        { "offline", NULL, "do not ask the daemon which keys are active", false },
        { "burn", NULL, "revoke the active keys that were found, on this host's daemon", false },
        { "yes", NULL, "do not ask, however many there are", false },
        {},
};

static const struct args_option verify_options[] = {
        { "service", "NAME", "the PAM service to ask as (default: wfapikeyctl)", false },
        { "rhost", "ADDRESS", "the address that the login comes from (default: unknown)", false },
        { "verify-socket", "PATH",
          "verify socket (else $WFAPIKEY_VERIFY, else /run/wfapikey/verify)", false },
        { "server-uid", "UID", "who wfapikeyd must run as (default: 0)", false },
        { "timeout", "TIME", "how long to wait, such as 2s or 500ms (default: 2s)", false },
        { "certificate", "FILE", "the client certificate to show, PEM or DER (default: none)",
          false },
        {},
};

/* Which events, of this host or of a fleet. */
#define AUDIT_FILTERS                                                                              \
        { "key", "ID", "only events of this key", false },                                         \
                { "user", "USER", "only events of this user's keys, and logins as USER", false },  \
                { "service", "NAME", "only logins to this PAM service", false },                   \
                { "verdict", "VERDICT",                                                            \
                  "only events with this verdict: accepted, refused or done", false },             \
                { "since", "WHEN",                                                                 \
                  "only events since this time: yesterday, '2026-11-28 20:00', 2h", false },       \
        {                                                                                          \
                "until", "WHEN", "only events until this time", false                              \
        }

/* How they are shown. */
#define AUDIT_VIEW                                                                                 \
        { "lines", "N", "only the newest N events (also -n N)", false, 'n' },                      \
                { "reverse", NULL, "the newest first (also -r)", false, 'r' },                     \
                { "columns", "PARTS", "the columns to show, as in time,key,why", false },          \
                { "wide", NULL, "all columns, with times in full", false }, {                      \
                "no-pager", NULL, "do not start a pager on a terminal", false                      \
        }

static const struct args_option audit_options[] = {
        AUDIT_FILTERS,
        { "after", "SEQ", "only events behind this one", false },
        AUDIT_VIEW,
        { "follow", NULL, "go on with new events as they happen (also -f)", false, 'f' },
        {},
};

static const struct args_option fleet_audit_options[] = {
        { "host", "HOST", "only events of this host", false },
        AUDIT_FILTERS,
        AUDIT_VIEW,
        {},
};

static const struct args_option verify_audit_options[] = {
        { "mark", "MARK",
          "also check that the log has the event of this mark, which 'audit mark' has printed",
          false },
        {},
};

static const struct args_option metrics_options[] = {
        { "output", "FILE",
          "write FILE as a whole, readable by all users (default: standard output)", false },
        {},
};

static const struct args_option salvage_options[] = {
        { "yes", NULL, "save what can be read; else only show it", false },
        { "state-dir", "DIR", "where the key store is (default: /var/lib/wfapikey)", false },
        { "daemon", "PATH", "the daemon's program (default: where it was installed)", false },
        {},
};

static const struct args_option doctor_options[] = {
        { "pam-dir", "DIR",
          "look at the PAM services in DIR (default: /etc/pam.d, then /usr/lib/pam.d)", false },
        { "module", "PATH", "the PAM module's file (default: where it was installed)", false },
        { "verify-socket", "PATH",
          "verify socket (else $WFAPIKEY_VERIFY, else /run/wfapikey/verify)", false },
        { "server-uid", "UID", "who wfapikeyd must run as (default: 0)", false },
        {},
};

static const struct args_option keygen_options[] = {
        { "force", NULL,
          "replace the key: files that were sealed for the old one cannot be opened any more",
          false },
        {},
};

static const struct args_option export_options[] = {
        { "to", "PUBLICKEY", "the host that can open the file: what 'mirror keygen' printed there",
          false },
        {},
};

#define UNLOCK_HELP "take over the policy where that of this host forbids more, as enabled=no does"

static const struct args_option import_options[] = {
        { "accept-source", NULL,
          "accept a file of another host than the last one, and of that host from now on", false },
        { "unlock", NULL, UNLOCK_HELP, false },
        {},
};

static const struct args_option restore_options[] = {
        { "yes", NULL, "do not ask", false },
        { "dry-run", NULL, "only show what would change", false },
        { "revive", NULL,
          "bring back what was revoked, changed or removed here since the backup was made", false },
        { "unlock", NULL, UNLOCK_HELP, false },
        { "foreign", NULL, "accept a backup of another host, or of a lost host", false },
        {},
};

static const struct args_option cert_add_options[] = {
        { "ca", NULL,
          "the file has certificates of CAs: the daemon trusts every client that they certify",
          false },
        { "name", "TEXT",
          "the name of the first certificate, 1 to 64 bytes (default: its common name)", false },
        { "fleet", NULL, "register them on all hosts of the fleet", false },
        {},
};

static const struct args_option cert_show_options[] = {
        { "pem", NULL, "print the certificate itself", false },
        {},
};

static const struct args_option sign_options[] = {
        { "key", "KEY",
          "the private key: a file, a URI such as pkcs11:..., or agent:[NAME] for an SSH agent",
          false },
        { "certificate", "FILE",
          "the certificate of the key, for the answer: needed when the daemon does not have it",
          false },
        { "provider", "NAME", "a provider of OpenSSL to load first, such as pkcs11", false },
        {},
};

static const struct args_option fleet_init_options[] = {
        { "database", "CONNINFO",
          "how the fleet reaches PostgreSQL, as in 'host=db.example dbname=wfapikey'", false },
        { "host", "NAME", "the name of this host in the fleet (default: its own, up to a dot)",
          false },
        { "password", NULL,
          "the host's role has a password: it is read from the terminal or standard input", false },
        { "setup", "CONNINFO", "make the tables and roles, as an administrator of the database",
          false },
        { "setup-as", "USER", "the user of this host who does that, such as postgres", false },
        { "print-sql", NULL, "only print the SQL that --setup would run", false },
        { "fleetd", "PATH", "the program wfapikey-fleetd (default: where it was installed)",
          false },
        {},
};

static const struct args_option invite_options[] = {
        { "groups", "GROUPS", "the groups of the host, as in web,mail (default: all alone)",
          false },
        { "database", "CONNINFO", "how it reaches the database (default: as this host)", false },
        { "issuing", NULL, "the host makes keys for the fleet, and is in all groups", false },
        {},
};

static const struct args_option rebase_options[] = {
        { "yes", NULL, "that is right: what this host does not know is gone", false },
        {},
};

static const struct args_option move_options[] = {
        { "groups", "GROUPS", "its groups from now on, as in web,mail (default: all alone)",
          false },
        {},
};

static const struct args_option leave_options[] = {
        { "yes", NULL, "do not ask", false },
        {},
};

/* Rows of the same noun stand together. */
static const struct args_command commands[] = {
        { "policy", "show", cmd_policy_show, "[NAME]", "Shows the policy, or one value of it.", 0,
          1, NULL },
        { "policy", "set", cmd_policy_set, "NAME=VALUE...",
          "Changes the policy: all values or none (names: wfapikeyd(8)).", 1, SIZE_MAX,
          policy_set_options },
        { "key", "issue", cmd_key_issue, "USER", "Makes a key for USER and prints it, once.", 0, 1,
          issue_options },
        { "key", "draw", cmd_key_draw, "", "Prints a random key that no host knows, for tests.", 0,
          0, NULL },
        { "key", "list", cmd_key_list, "[USER]", "Lists keys, the newest last.", 0, 1,
          list_options },
        { "key", "show", cmd_key_show, "ID", "Shows everything about a key, except the key.", 1, 1,
          NULL },
        { "key", "rename", cmd_key_rename, "ID NAME", "Gives a key another name.", 2, 2, NULL },
        { "key", "reset", cmd_key_reset, "ID",
          "Gives a key a new secret and prints it; the old one stops working.", 1, 1, NULL },
        { "key", "rotate", cmd_key_rotate, "ID",
          "Makes a key that replaces another one, and prints it.", 1, 1, rotate_options },
        { "key", "bind", cmd_key_bind, "ID CERT",
          "Binds a key to one certificate: no other works with it.", 2, 2, NULL },
        { "key", "unbind", cmd_key_unbind, "ID", "Unbinds a key from its certificate.", 1, 1,
          NULL },
        { "key", "revoke", cmd_key_revoke, "[ID...]",
          "Ends active keys for good; they stay listed.", 0, SIZE_MAX, revoke_options },
        { "key", "revive", cmd_key_revive, "ID...",
          "Makes keys good again that have ended because they were not used.", 1, SIZE_MAX, NULL },
        { "key", "burn", cmd_key_burn, "", "Revokes the key that it reads, for anybody who has it.",
          0, 0, NULL },
        { "key", "remove", cmd_key_remove, "ID...",
          "Removes keys and all that is known about them, all of them or none.", 1, SIZE_MAX,
          NULL },
        { "key", "remove-all", cmd_key_remove_all, "", "Removes all keys of all users.", 0, 0,
          remove_all_options },
        { "key", "explain", cmd_key_explain, "ID",
          "Says what a login with a key would get, and why.", 1, 1, explain_options },
        { "key", "expiring", cmd_key_list_expiring, "", "Lists the active keys that end soon.", 0,
          0, expiring_options },
        { "key", "warn", cmd_key_warn, "",
          "Mails the owners of keys that end soon, once for each of some days.", 0, 0,
          warn_options },
        { "scan", NULL, cmd_scan, "PATH...",
          "Looks for keys in files and directories, or in histories of git.", 1, SIZE_MAX,
          scan_options },
        { "cert", "add", cmd_cert_add, "FILE", "Registers a client's certificate, or those of CAs.",
          1, 1, cert_add_options },
        { "cert", "list", cmd_cert_list, "", "Lists the registered certificates.", 0, 0, NULL },
        { "cert", "show", cmd_cert_show, "CERT",
          "Shows everything about a certificate, or prints it.", 1, 1, cert_show_options },
        { "cert", "remove", cmd_cert_remove, "CERT",
          "Removes a certificate: keys that are bound to it are refused.", 1, 1, NULL },
        { "cert", "crl", cmd_cert_crl, "FILE", "Loads the revocation list of a registered CA.", 1,
          1, NULL },
        { "cert", "encode", cmd_cert_encode, "FILE",
          "Prints a certificate in the form that follows a key: KEY.CERT.", 1, 1, NULL },
        { "audit", "list", cmd_audit_list, "",
          "Shows the log of changes, logins and refusals, the newest last.", 0, 0, audit_options },
        { "audit", "verify", cmd_audit_verify, "", "Checks that no event was altered or removed.",
          0, 0, verify_audit_options },
        { "audit", "mark", cmd_audit_verify_mark, "",
          "Prints a mark to note elsewhere, for 'audit verify --mark'.", 0, 0, NULL },
        { "mirror", "keygen", cmd_mirror_keygen, "",
          "Makes the key that files for this host are sealed with.", 0, 0, keygen_options },
        { "mirror", "show-key", cmd_mirror_show_key, "", "Prints the public half of that key.", 0,
          0, NULL },
        { "mirror", "status", cmd_mirror_status, "",
          "Shows what was copied from and to this host, and when that is next.", 0, 0, NULL },
        { "mirror", "export", cmd_mirror_export, "FILE",
          "Writes all keys to FILE, for another host.", 1, 1, export_options },
        { "mirror", "import", cmd_mirror_import, "FILE",
          "Replaces all keys by those of another host.", 1, 1, import_options },
        { "backup", "create", cmd_mirror_export_backup, "FILE",
          "Writes all keys to FILE, for this host.", 1, 1, export_options },
        { "backup", "restore", cmd_mirror_import_backup, "FILE",
          "Replaces all keys by those of a backup.", 1, 1, restore_options },
        { "fleet", "init", cmd_fleet_init, "", "Makes a fleet, with this host as its first.", 0, 0,
          fleet_init_options },
        { "fleet", "key", cmd_fleet_key, "", "Prints the key that an invitation is sealed for.", 0,
          0, NULL },
        { "fleet", "invite", cmd_fleet_invite, "HOST KEY",
          "Prints an invitation for the host that printed KEY.", 2, 2, invite_options },
        { "fleet", "join", cmd_fleet_join, "[FILE]",
          "Joins a fleet by an invitation (default: standard input).", 0, 1, NULL },
        { "fleet", "status", cmd_fleet_status, "", "Shows what this host knows of its fleet.", 0, 0,
          NULL },
        { "fleet", "hosts", cmd_fleet_status_hosts, "", "Lists the hosts of the fleet.", 0, 0,
          NULL },
        { "fleet", "groups", cmd_fleet_status_groups, "[add NAME...]",
          "Lists the groups of hosts, or makes groups.", 0, SIZE_MAX, NULL },
        { "fleet", "audit", cmd_fleet_audit, "[verify | accept HOST]",
          "Shows what the hosts of the fleet have reported, and whether it goes together.", 0, 2,
          fleet_audit_options },
        { "fleet", "report", cmd_fleet_report, "",
          "Reports uses and the audit log of this host to its fleet now.", 0, 0, NULL },
        { "fleet", "move", cmd_fleet_move, "HOST", "Puts a host into other groups.", 1, 1,
          move_options },
        { "fleet", "promote", cmd_fleet_promote, "HOST",
          "Has a host of the fleet make keys from now on.", 1, 1, NULL },
        { "fleet", "drop", cmd_fleet_drop, "HOST", "Takes a host out of the fleet.", 1, 1, NULL },
        { "fleet", "snapshot", cmd_fleet_snapshot, "",
          "Puts the state of the fleet into its database, for hosts that lack changes.", 0, 0,
          NULL },
        { "fleet", "rebase", cmd_fleet_rebase, "",
          "Goes on from what this host has, after the database has lost changes.", 0, 0,
          rebase_options },
        { "fleet", "leave", cmd_fleet_leave, "", "Takes this host out of its fleet.", 0, 0,
          leave_options },
        { "account", "removed", cmd_account_removed, "USER...",
          "Tells the daemon that users were removed; userdel's hook runs it.", 1, SIZE_MAX, NULL },
        { "account", "vanished", cmd_account_vanished, "",
          "Lists accounts that are gone and whose keys have not ended.", 0, 0, NULL },
        { "account", "expired", cmd_account_expired, "USER...",
          "Says that expired or locked passwords of users are meant, and ends their keys.", 1,
          SIZE_MAX, NULL },
        { "account", "held", cmd_account_held, "",
          "Lists accounts whose passwords became bad at once with many others.", 0, 0, NULL },
        { "clock", "trust", cmd_clock_trust, "",
          "Says that the clock is right, where the daemon remembers a later time.", 0, 0, NULL },
        { "sign", NULL, cmd_sign, "[CHALLENGE]",
          "Answers the challenge of a login with a private key.", 0, 1, sign_options },
        { "status", NULL, cmd_status, "", "Shows how the daemon is doing.", 0, 0, NULL },
        { "reload", NULL, cmd_status_reload, "",
          "Has the daemon read its configuration again, and says what is wrong.", 0, 0, NULL },
        { "metrics", NULL, cmd_metrics, "",
          "Prints the daemon's counters for monitoring (OpenMetrics).", 0, 0, metrics_options },
        { "doctor", NULL, cmd_doctor, "", "Looks for what is wrong, and says what to do.", 0, 0,
          doctor_options },
        { "salvage", NULL, cmd_salvage, "",
          "Saves what can be read of a damaged key store, while the daemon is stopped.", 0, 0,
          salvage_options },
        { "verify", NULL, cmd_verify, "USER",
          "Reads a key from standard input and asks if it logs USER in.", 1, 1, verify_options },
};

const struct args_command *commands_all(size_t *ret_n) {
        *ret_n = ARRAY_LEN(commands);
        return commands;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods of org.wfapikey1.Manager: one table, one way through it. A call is checked against
 * the caller's role, its arguments are read on the loop, its work is done on the writer thread,
 * and its answer is sent from the loop. CONTROL describes each method; the work itself is in the
 * other control_*.c. */
#pragma once

#include <systemd/sd-bus.h>

#include "accounts/accounts.h"
#include "base/conf.h"
#include "keys/audit.h"
#include "login/verify.h"
#include "rules/loglimit.h"
#include "secret/keymint.h"
#include "store/store_audit.h"
#include "store/worker.h"

#define CONTROL_OBJECT_PATH "/org/wfapikey1"
#define CONTROL_INTERFACE   "org.wfapikey1.Manager"

/* of all others than uid 0, on their way at one time */
#define CONTROL_CALLS_MAX     (WORKER_QUEUE_MAX - 64)
#define CONTROL_CALLS_PER_UID 16 /* of one of them */
/* of these, calls of others than administrators that ask who a user is: less than
 * ACCOUNTS_ASKS_MAX */
#define CONTROL_ASKS_MAX     8
#define CONTROL_ASKS_PER_UID 2 /* of one of them */

/* of one who is no administrator, in a day: each is an event, which stays for the policy
 * retention */
#define CONTROL_CHANGES_MAX 2000
#define CONTROL_CHANGES_S   INT64_C(86400)
#define CONTROL_CHANGERS    1024

/* of the year 9999, the last that is written */
#define CONTROL_TIME_MAX INT64_C(253402300799)

/* What one uid has added to the audit log, where that could go on without end. Two uids that
 * share a slot may do more, never less. */
struct control_changes {
        uid_t uid;
        int64_t since;
        unsigned n;
};

/* How many calls of one uid are on their way. */
struct control_quota {
        uid_t uid;
        unsigned n; /* 0: the place is free */
        unsigned asks;
};

/* How many keys there were when they were last counted; control_metrics.c's. */
struct control_census {
        uint64_t keys[3]; /* by enum key_status */
        int64_t at;
        unsigned pieces;  /* that it took; 0: they never were */
        uint64_t took_ns; /* on the writer thread */
        uint64_t counted; /* clock_ticks() of its end */
};

/* Something that can grow long. */
struct control_queue {
        const char *name;
        uint64_t length, limit;
};
#define CONTROL_QUEUES 4

struct control_password;
struct control_cert_reads;
struct sweep_timer;

/* What all calls share; lives as long as the daemon. */
struct control {
        struct worker *worker;
        struct verify *verify;
        struct accounts *accounts;
        struct audit *audit;
        struct sweep_timer *sweeper;
        const struct keymint *keymint;
        const struct conf *conf;
        void (*set_conf)(struct conf *conf, void *server); /* on the loop; owns it from then on */
        void *server;                                      /* for that alone */
        struct control_password *password;
        struct control_cert_reads *cert;
        const char *state_dir, *conf_path;
        bool conf_required;    /* a start without the file fails */
        struct mirror *mirror; /* the writer thread's */
        /* it may have something that is to be dropped when its connection ends */
        bool mirror_busy;
        uint64_t mirror_begun;  /* how often */
        uint64_t n_connections; /* since the start */
        int64_t started_at;
        bool own_sockets; /* not systemd's */
        /* of the log about them; the writer thread's */
        struct loglimit changes;
        /* of others than uid 0; the sum of load[].n */
        unsigned n_calls;
        unsigned n_asks; /* the sum of load[].asks */
        struct control_quota load[CONTROL_CALLS_MAX];
        struct control_changes changed[CONTROL_CHANGERS]; /* by uid */
        struct control_census census;
        /* what waits now, handed down by those who have it */
        void (*queues)(struct control_queue out[static CONTROL_QUEUES], void *userdata);
        void *queues_userdata;
        const struct store_shared *shared;
        struct control_follower *followers; /* control_follow.c has them */
        /* one of them waits for the writer thread */
        bool following;
};

/* Who calls; lives as long as its connection. */
struct control_caller {
        struct control *control;
        struct peer peer;
        uint64_t connection; /* its number, from 1 */
};

enum control_error {
        CONTROL_OK = 0,
        CONTROL_ACCESS_DENIED,
        CONTROL_NO_SUCH_KEY,
        CONTROL_NO_SUCH_USER,
        CONTROL_NO_SUCH_CERTIFICATE,
        CONTROL_NOT_ACTIVE,
        CONTROL_INVALID_ARGUMENT,
        CONTROL_LIMIT_EXCEEDED,
        CONTROL_DISABLED,
        CONTROL_BUSY,
        CONTROL_STORE,
        CONTROL_REFUSED,
        CONTROL_CONFIGURATION,
        _CONTROL_ERROR_MAX,
};

/* for the log, once what it tells of is committed; control_audit.c has them */
struct control_line;

/* One call on its way. The first member of each method's own struct, which is zeroed at first
 * and wiped at last. */
struct control_call {
        struct worker_job job;
        const struct control_method *method;
        struct control *control;
        sd_bus_message *message;
        uid_t uid;
        pid_t pid;
        uint64_t connection;
        enum role role;
        bool developers;            /* there is a developer group */
        bool counted;               /* in the load of its uid */
        bool asks;                  /* in that, too */
        struct control_line *lines; /* owned */
        /* which key, for the record of a refusal; "": none in particular */
        char about[KEYTEXT_ID_LEN + 1];
        /* and whose; "": there is no such key */
        char about_user[WIRE_USER_MAX + 1];
        uid_t about_uid;
        enum control_error error;
        char error_text[CONF_ERROR_LEN];
};

struct control_method {
        const char *member;
        enum role_verb verb;
        size_t size; /* of the method's own struct */
        /* reads the arguments; a negative errno for a message that sd-bus could not read */
        int (*parse)(struct control_call *call, sd_bus_message *m);
        /* what comes before that on the loop, if anything: owns the call until it calls
         * control_resume() */
        void (*detour)(struct control_call *call);
        void (*run)(struct control_call *call, struct store *writer); /* on the writer thread */
        /* what comes after that on the loop, if anything, when it was done: owns the call until it
         * calls control_answer() */
        void (*settle)(struct control_call *call);
        /* fills the answer; NULL: it is empty */
        int (*reply)(struct control_call *call, sd_bus_message *reply);
        /* frees what the struct owns; may be NULL */
        void (*release)(struct control_call *call);
        bool sensitive; /* the answer carries a secret */
        bool bulk;      /* one of very many: others go first */
        /* changes something, as often as it is called: revoking ends with the keys */
        bool endless;
};

/**
 * control_on_method(m, userdata, error): every method of the object; ${userdata} is the caller.
 * As sd_bus_message_handler_t.
 */
int control_on_method(sd_bus_message *m, void *userdata, sd_bus_error *error);

/**
 * control_vtable_attach(bus, caller): adds the object to a connection; ${caller} must outlive
 * it. 0, or a negative errno.
 */
int control_vtable_attach(sd_bus *bus, struct control_caller *caller) _must_check_;

/**
 * control_resume(call): goes on with a call after its detour; one that has failed is answered.
 * The call is gone then.
 */
void control_resume(struct control_call *call);

/**
 * control_answer(call): sends the answer, after settle(). The call is gone then.
 */
void control_answer(struct control_call *call);

/**
 * control_drop(call): ends a call on its detour without an answer.
 */
void control_drop(struct control_call *call);

/**
 * control_password_new(ret, event): what the calls of IssueKeyWithPassword share. 0, or a
 * negative errno.
 * control_password_free(password): drops those that are on their way.
 */
int control_password_new(struct control_password **ret, sd_event *event) _must_check_;
struct control_password *control_password_free(struct control_password *password);

/**
 * control_cert_read_new(ret, event): what the calls about certificates share. 0, or a negative
 * errno. control_cert_read_free(cert): drops those that are on their way.
 */
int control_cert_read_new(struct control_cert_reads **ret, sd_event *event) _must_check_;
struct control_cert_reads *control_cert_read_free(struct control_cert_reads *cert);

/**
 * control_quota_add(call): counts one more call of this uid; where it is one too many the call
 * has failed.
 * control_quota_ask(call): whether it may ask who a user is, and is counted as one that does.
 * control_quota_remove(call): it is on its way no more, and not counted, as far as it was.
 */
void control_quota_add(struct control_call *call);
bool control_quota_ask(struct control_call *call) _must_check_;
void control_quota_remove(struct control_call *call);

/**
 * control_mirror_tidy(control, connection):
 * Has dropped what belongs to a ${connection} that has ended (0: none), and what was left lying.
 * To be called now and then.
 */
void control_mirror_tidy(struct control *control, uint64_t connection);

/**
 * control_fail(call, error, format, ...): ends the call with an error. The first one counts.
 * Arguments must be printable as they are.
 */
void control_fail(struct control_call *call, enum control_error error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * control_fail_store(call, r): ends the call with what the store said.
 */
void control_fail_store(struct control_call *call, int r);

/**
 * control_get_policy(call, writer, ret): the policy as it is. Returns whether it could be read;
 * if not the call has failed.
 */
bool control_get_policy(struct control_call *call, struct store *writer,
                        struct policy *ret) _must_check_;

/**
 * control_may_touch(call, writer, key): whether the caller may do what it calls to ${key}.
 */
bool control_may_touch(const struct control_call *call, struct store *writer,
                       const struct key_record *key);

/**
 * control_get_key(call, writer, id, ret):
 * Finds a key that the caller may touch, with its uses. Returns whether there is one; if not the
 * call has failed with what this caller may know.
 */
bool control_get_key(struct control_call *call, struct store *writer, const char *id,
                     struct key_record *ret) _must_check_;

/**
 * control_key_is_active(call, writer, key): whether ${key} lives; dead ones are history and do
 * not change any more. If not the call has failed.
 */
bool control_key_is_active(struct control_call *call, struct store *writer,
                           const struct key_record *key) _must_check_;

/**
 * control_check_id(call, id): whether ${id} is the form of an id; if not the call has failed.
 */
bool control_check_id(struct control_call *call, const char *id) _must_check_;

/**
 * control_take_label(call, what, in, out, size):
 * Copies a text that will be shown in lists and logs. Returns whether it may be: if not the call
 * has failed, naming it a ${what}.
 */
bool control_take_label(struct control_call *call, const char *what, const char *in, char *out,
                        size_t size);

/**
 * control_read_options(call, m, take):
 * Reads an a{sv}: calls ${take} inside each of its entries, to read name and value. Returns what
 * sd-bus says of the message, or what ${take} says when that is negative.
 */
int control_read_options(struct control_call *call, sd_bus_message *m,
                         int (*take)(struct control_call *call, sd_bus_message *m)) _must_check_;

/* --- The audit log (control_audit.c) --- */

/**
 * control_audit_add(call, writer, what, key, detail):
 * Inside a transaction: the record that the caller did ${what} ("revoked") to ${key} (NULL: to
 * none in particular), with what else there is to say (a label, or ""). A line for the log
 * follows the commit. Every change has one; without it there must be no commit.
 * Returns 0, or an error of the store.
 */
int control_audit_add(struct control_call *call, struct store *writer, const char *what,
                      const struct key_record *key, const char *detail) _must_check_;

/**
 * control_audit_commit(call, writer): store_commit(), and the lines of all that
 * control_audit_add() was told.
 */
int control_audit_commit(struct control_call *call, struct store *writer) _must_check_;

/**
 * control_audit_fill(call, what, ret), control_audit_say(call, what, key):
 * The record, without key and user, and the line, for work that has a transaction of its own.
 */
void control_audit_fill(const struct control_call *call, const char *what,
                        struct audit_record *ret);
void control_audit_say(const struct control_call *call, const char *what,
                       const struct key_record *key);

/**
 * control_audit_refused(call): notes on the loop that the call has failed, where that is a refusal.
 */
void control_audit_refused(struct control_call *call);

/**
 * control_audit_release(call): frees what the above have left.
 */
void control_audit_release(struct control_call *call);

/* --- Seeing it (control_events.c, control_follow.c) --- */

/* Whose events a caller sees: everybody's, or those of the keys of its name and number. */
struct control_sight {
        bool all;
        uid_t uid;
        char user[WIRE_USER_MAX + 1];
};

/**
 * control_events_sight(call, writer, ret): what the caller sees. Returns whether that could be
 * made out; if not the call has failed.
 */
bool control_events_sight(struct control_call *call, struct store *writer,
                          struct control_sight *ret) _must_check_;

/**
 * control_events_narrow(filter, sight): has ${filter} let pass only what is seen; borrows from
 * ${sight}.
 */
void control_events_narrow(struct audit_filter *filter, const struct control_sight *sight);

/**
 * control_events_append(m, record): one event, as a dictionary. 0, or a negative errno.
 */
int control_events_append(sd_bus_message *m, const struct audit_record *record) _must_check_;

/**
 * control_follow_pump(control): sends what was recorded since to those who follow, as far as
 * they keep up. Whenever something was written, and now and then.
 */
void control_follow_pump(struct control *control);

/**
 * control_follow_stop(control): forgets all who follow; after the end of the worker.
 */
void control_follow_stop(struct control *control);

/* The methods, each in the file of its subject. */
extern const struct control_method control_issue, control_issue_with_password, control_key_rename,
        control_key_reset, control_key_revoke, control_key_remove, control_list_keys,
        control_list_get, control_policy_get, control_policy_set, control_policy_status,
        control_events_list, control_events_verify, control_follow, control_doctor_diagnose,
        control_explain, control_remove_all, control_remove_all_count, control_rotate,
        control_mirror_keygen, control_mirror_show_key, control_mirror_export_begin,
        control_mirror_export_read, control_mirror_import_begin, control_mirror_import_write,
        control_mirror_import_check, control_mirror_import_commit, control_cert_add,
        control_crl_load, control_cert_list, control_cert_get, control_cert_remove, control_bind,
        control_reload, control_metrics_get;

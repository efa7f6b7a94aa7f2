/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods of org.wfapikey1.Manager: one table, one way through it. A call is checked against
 * the caller's role, its arguments are read on the loop, its work is done on the writer thread,
 * and its answer is sent from the loop. CONTROL describes each method; the work itself is in the
 * other control_*.c. */
#pragma once

#include <systemd/sd-bus.h>

#include "base/conf.h"
#include "base/peer.h"
#include "record.h"
#include "store/worker.h"

struct control;
struct policy;

#define CONTROL_OBJECT_PATH "/org/wfapikey1"
#define CONTROL_INTERFACE   "org.wfapikey1.Manager"

/* of the year 9999, the last that is written */
#define CONTROL_TIME_MAX INT64_C(253402300799)

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

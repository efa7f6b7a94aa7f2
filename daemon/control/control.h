/* SPDX-License-Identifier: BSD-2-Clause */
/* The methods of org.wfapikey1.Manager: one table, one way through it. A call is checked against
 * the caller's role, its arguments are read on the loop, its work is done on the writer thread,
 * and its answer is sent from the loop. CONTROL describes each method; the work itself is in the
 * other control_*.c. */
#pragma once

#include <systemd/sd-bus.h>

#include "base/conf.h"
#include "base/error.h"
#include "base/peer.h"
#include "control/control_methods.h"
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

/* Which key a refusal is recorded with. */
struct control_about {
        char id[KEYTEXT_ID_LEN + 1]; /* "": none in particular */
        /* Its owner. "": there is no such key. */
        char user[WIRE_USER_MAX + 1];
        uid_t uid;
};

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
        struct control_about about;
        enum control_error error;
        char error_text[ERROR_LEN];
};

/* What a method is, beside what its handlers do. */
enum control_trait {
        CONTROL_SENSITIVE = 1 << 0, /* the answer carries a secret */
        CONTROL_BULK = 1 << 1,      /* one of very many: others go first */
        /* It changes something however often it is called, so the changes of a day are counted.
         * Revoking is not of these: it ends with the keys. */
        CONTROL_ENDLESS = 1 << 2,
};

/* What a method does; in the file of its subject. */
struct control_handlers {
        size_t size; /* of the method's own struct */
        /* Reads the arguments. A negative errno for a message that sd-bus could not read. NULL:
         * there are none. */
        int (*parse)(struct control_call *call, sd_bus_message *m);
        /* What comes on the loop before run, or NULL. It owns the call until control_resume(). */
        void (*detour)(struct control_call *call);
        void (*run)(struct control_call *call, struct store *writer); /* on the writer thread */
        /* What comes on the loop when run has succeeded, or NULL. It owns the call until
         * control_answer(). */
        void (*settle)(struct control_call *call);
        /* Fills the answer. NULL: it is empty. */
        int (*reply)(struct control_call *call, sd_bus_message *reply);
        /* Frees what the struct owns; may be NULL. */
        void (*release)(struct control_call *call);
};

/* A row of the table in control_methods.h. */
struct control_method {
        const char *member;
        enum role_verb verb;
        unsigned traits; /* of enum control_trait */
        const struct control_handlers *handlers;
};

/**
 * control_methods_find(member): the method of that name, or NULL.
 */
const struct control_method *control_methods_find(const char *member);

/**
 * control_on_method(m, userdata, error): every method of the object; ${userdata} is the caller.
 * As sd_bus_message_handler_t.
 */
int control_on_method(sd_bus_message *m, void *userdata, sd_bus_error *error);

/**
 * control_methods_attach(bus, caller): adds the object to a connection; ${caller} must outlive
 * it. 0, or a negative errno.
 */
int control_methods_attach(sd_bus *bus, struct control_caller *caller) _must_check_;

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
 * control_transact(call, writer, body), control_transact_quietly(call, writer, body):
 * Calls ${body} in a transaction of its own. Commits what it did, audit records included, when it
 * did not return an error of the store and the call has not failed; else nothing is changed, and
 * the call has failed. Returns whether it was committed. Quietly is for what no verification looks
 * at: see store_commit_quietly().
 */
bool control_transact(struct control_call *call, struct store *writer,
                      int (*body)(struct control_call *call, struct store *writer));
bool control_transact_quietly(struct control_call *call, struct store *writer,
                              int (*body)(struct control_call *call, struct store *writer));

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
 * control_open_key(call, writer, id, ret):
 * The call is about the key ${id} from now on: a refusal is recorded with it. Finds the key, with
 * its uses. Returns whether the caller may touch it; if not the call has failed with what this
 * caller may know.
 */
bool control_open_key(struct control_call *call, struct store *writer, const char *id,
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

/**
 * control_open_array(m, name, type), control_close_array(m):
 * Begin and end an entry of an a{sv} whose value is an array of ${type} ("as"). What sd-bus says.
 */
int control_open_array(sd_bus_message *m, const char *name, const char *type) _must_check_;
int control_close_array(sd_bus_message *m) _must_check_;

/* The handlers of each method. */
#define CONTROL_DECLARE(name, arguments, results, verb, traits, handlers)                          \
        extern const struct control_handlers handlers;
CONTROL_METHODS(CONTROL_DECLARE)

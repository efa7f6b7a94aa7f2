/* SPDX-License-Identifier: BSD-2-Clause */
/* One call of the control socket, on its way from the message to the answer. The loop checks the
 * caller's role and reads the arguments, the writer thread does the work, the loop sends the
 * answer. The methods themselves are in the other control_*.c. common/CONTROL describes them. */
#pragma once

#include <systemd/sd-bus.h>

#include "base/conf.h"
#include "base/error.h"
#include "base/peer.h"
#include "control/control_methods.h"
#include "record_policy.h"
#include "store/worker.h"

struct control;
struct policy;

#define CONTROL_BUS_NAME    "org.wfapikey1"
#define CONTROL_OBJECT_PATH "/org/wfapikey1"
#define CONTROL_INTERFACE   "org.wfapikey1.Manager"

/* the last second of the year 9999 */
#define CONTROL_TIME_MAX INT64_C(253402300799)

/* The peer of a connection. Lives as long as the connection. */
struct control_caller {
        struct control *control;
        struct peer peer;
        uint64_t connection; /* counted from 1 */
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
        CONTROL_FLEET,
        _CONTROL_ERROR_MAX,
};

/* Log lines that are written after the commit; see control_audit.c. */
struct control_line;
struct control_fleet_out;
struct store_delta;

/* The key that the record of a refusal names. */
struct control_about {
        char id[KEYTEXT_ID_LEN + 1]; /* "": no key in particular */
        /* Its owner. "": no such key exists. */
        char user[WIRE_USER_MAX + 1];
        uid_t uid;
};

/* One call. It is the first member of each method's own struct, which is zeroed before the call
 * and wiped after it. */
struct control_call {
        struct worker_job job;
        const struct control_method *method;
        struct control *control;
        sd_bus_message *message;
        uid_t uid;
        pid_t pid;
        bool has_login;
        uid_t login_uid;         /* for the record alone */
        char who[PEER_TEXT_LEN]; /* the caller, for log lines */
        uint64_t connection;
        uint64_t conf_serial; /* where the role is from */
        enum role role;
        bool developers;       /* a developer group is configured */
        struct realms *realms; /* as they were when the call came */
        uint64_t issues;       /* conf_issues() of them */
        bool counted;          /* control_quota.c counts it */
        bool asks;             /* counts as asking for a user */
        bool ends;             /* as CONTROL_ENDS */
        bool begun;            /* the writer had a job of it */
        /* the change counts for this uid as well; 0: for none */
        uid_t owner;
        struct control_line *lines; /* owned */
        struct control_about about;
        /* For control_fleet.c: what the call changes is noted; policies and certificates are the
         * fleet's; the change waits for the fleet's database; why that was not there, or that it
         * was there and has refused the change. */
        struct store_delta *delta;
        bool wide;
        struct control_fleet_out *out;
        char away[128];
        bool refused;
        /* What this host is in its fleet could be read again. */
        bool reread;
        enum control_error error;
        char error_text[ERROR_LEN];
};

/* What a method is, beside what its handlers do. */
enum control_trait {
        CONTROL_SENSITIVE = 1 << 0, /* the answer carries a secret */
        CONTROL_BULK = 1 << 1,      /* one of very many: others go first */
        /* The caller can go on with it for ever, so the changes of a day are counted. Revoking
         * is not one of these: there are only so many keys. */
        CONTROL_ENDLESS = 1 << 2,
        /* It ends somebody's access, so it is done on a full disk too: see store_begin_end(). */
        CONTROL_ENDS = 1 << 3,
};

/* What a method does. It stands in the file of the method's subject. */
struct control_handlers {
        size_t size; /* of the method's own struct */
        /* Reads the arguments, on the loop. Returns a negative errno for a message that sd-bus
         * could not read. NULL: the method has no arguments. */
        int (*parse)(struct control_call *call, sd_bus_message *m);
        /* What the loop does before run(), or NULL. It owns the call until control_resume(). */
        void (*detour)(struct control_call *call);
        void (*run)(struct control_call *call, struct store *writer); /* on the writer thread */
        /* Called on the writer thread when what run() changed by control_transact() counts, or
         * NULL. A run() whose change waits for the fleet's database may be called again. */
        void (*committed)(struct control_call *call);
        /* What the loop does when run() has succeeded, or NULL. It owns the call until
         * control_answer(). */
        void (*settle)(struct control_call *call);
        /* Fills the answer, on the loop. NULL: the answer is empty. */
        int (*reply)(struct control_call *call, sd_bus_message *reply);
        /* Frees what the struct owns, or NULL. */
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
 * control_on_method(m, userdata, error): handles every call of a method. ${userdata} is the
 * caller. Its type is sd_bus_message_handler_t.
 */
int control_on_method(sd_bus_message *m, void *userdata, sd_bus_error *error);

/**
 * control_methods_attach(bus, caller): adds the object to a connection. ${caller} must outlive
 * ${bus}. Returns 0, or a negative errno.
 */
int control_methods_attach(sd_bus *bus, struct control_caller *caller) _must_check_;

/**
 * control_resume(call): continues a call after its detour. If the call has failed, it is answered.
 * The caller must not use it any more.
 */
void control_resume(struct control_call *call);

/**
 * control_answer(call): answers a call after settle(). The caller must not use it any more.
 */
void control_answer(struct control_call *call);

/**
 * control_drop(call): frees a call that is on its detour, without an answer.
 */
void control_drop(struct control_call *call);

/**
 * control_fail(call, error, format, ...): the call fails with this error, unless it has failed
 * already. The arguments must be printable. control_fail_store(call, r): the store's error ${r}.
 */
void control_fail(struct control_call *call, enum control_error error, const char *format, ...)
        __attribute__((format(printf, 3, 4)));
void control_fail_store(struct control_call *call, int r);

/**
 * control_transact(call, writer, body), control_transact_quietly(call, writer, body):
 * Call ${body} in a transaction of its own. The transaction is committed, with its audit records,
 * when ${body} returned no error of the store and the call has not failed. In any other case
 * nothing is changed, and the call has failed. On a full disk ${body} of a call that ends access
 * is called again. Return whether it was committed. The quiet one is
 * for what no verification looks at; see store_commit_quietly().
 */
bool control_transact(struct control_call *call, struct store *writer,
                      int (*body)(struct control_call *call, struct store *writer));
bool control_transact_quietly(struct control_call *call, struct store *writer,
                              int (*body)(struct control_call *call, struct store *writer));

/**
 * control_get_policy(call, writer, ret): reads the policy. Returns whether that worked; if not,
 * the call has failed.
 */
bool control_get_policy(struct control_call *call, struct store *writer,
                        struct policy *ret) _must_check_;

/**
 * control_issues(call, realm): whether the caller may do this with the keys of ${realm} as one of
 * its issuers. control_may_touch(call, writer, key), control_may_see(call, writer, key): whether
 * the caller may do to ${key} what it asks for; whether the caller may list it.
 */
bool control_issues(const struct control_call *call, const char *realm);
bool control_may_touch(const struct control_call *call, struct store *writer,
                       const struct key_record *key);
bool control_may_see(const struct control_call *call, struct store *writer,
                     const struct key_record *key);

/**
 * control_open_key(call, writer, id, ret):
 * Finds the key ${id}, with its uses. From now on the call is about this key: a refusal is
 * recorded with it. Returns whether the caller may touch the key. If not, the call has failed, and
 * the error says no more than this caller may know.
 */
bool control_open_key(struct control_call *call, struct store *writer, const char *id,
                      struct key_record *ret) _must_check_;

/**
 * control_check_id(call, id): whether ${id} looks like the id of a key. If not, the call has
 * failed.
 */
bool control_check_id(struct control_call *call, const char *id) _must_check_;

/**
 * control_take_label(call, what, in, out, size):
 * Copies a text that lists and logs will show. Returns whether such a text is allowed. If not, the
 * call has failed, and the error calls the text a ${what}.
 */
bool control_take_label(struct control_call *call, const char *what, const char *in, char *out,
                        size_t size);

/**
 * control_open_array(m, name, type), control_close_array(m):
 * Begin and end an entry of an a{sv} whose value is an array. ${type} is the type of the array,
 * such as "as". Return 0 or more, or the negative errno of sd-bus.
 */
int control_open_array(sd_bus_message *m, const char *name, const char *type) _must_check_;
int control_close_array(sd_bus_message *m) _must_check_;

/* The handlers of every method, declared for the files that define them. */
#define CONTROL_DECLARE(name, arguments, results, verb, traits, handlers)                          \
        extern const struct control_handlers handlers;
CONTROL_METHODS(CONTROL_DECLARE)

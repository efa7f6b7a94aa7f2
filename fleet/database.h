/* SPDX-License-Identifier: BSD-2-Clause */
/* The connection to PostgreSQL. It carries one statement at a time, and the bells. What the
 * statements say is the owner's matter. The loop never waits for the server: a thread connects,
 * because names and TLS take their time, and hands the connection over. */
#pragma once

#include <libpq-fe.h>
#include <stdbool.h>
#include <systemd/sd-event.h>

#include "array.h"
#include "attr.h"

/* for a connection to each address, and for each statement */
#define DATABASE_DEADLINE_S 5
#define DATABASE_BAD_INFO   "the connection string is not valid"

struct database;

struct database_owner {
        /* Statements can be sent. ${silent} is NULL, or says why no bell will be heard. */
        void (*on_up)(const char *silent, void *userdata);
        /* It is lost, or was not made, for the reason ${text}. Another try follows by itself. */
        void (*on_down)(const char *text, void *userdata);
        /* Some group may have a new change. */
        void (*on_bell)(void *userdata);
};

/* ${result} is NULL when the connection was lost or the deadline has passed: then nobody knows what
 * the statement did. Otherwise it may be an error of the server. It is the callee's. */
typedef void database_done(PGresult *result, void *userdata);

/**
 * database_new(ret, event, owner, userdata):
 * Makes an object without a connection. Borrows all that it gets. 0, or a negative errno.
 */
int database_new(struct database **ret, sd_event *event, const struct database_owner *owner,
                 void *userdata) _must_check_;

/**
 * database_free(d): NULL-safe, returns NULL.
 */
struct database *database_free(struct database *d);

/**
 * database_open(d, conninfo, channels):
 * Connects to ${conninfo}, and again whenever the connection is lost, until database_close(). Hears
 * the bells of ${channels}, which ends with a NULL. Copies both. 0, or a negative errno.
 */
int database_open(struct database *d, const char *conninfo,
                  const char *const *channels) _must_check_;

/**
 * database_is_good(d): statements do what they should. Another loss begins with a short pause.
 */
void database_is_good(struct database *d);

/**
 * database_look(d): when no bell is heard, asks whether that is still so: a standby becomes the
 * primary and keeps its connections. Calls on_up anew. Returns false and does nothing while the
 * connection is not free, or while it is too early to listen to bells again.
 */
bool database_look(struct database *d);

/**
 * database_bell_wasted(d): a question that a bell led to has brought nothing. After too many of
 * these no bell is heard for a while (bells.h), and on_up is called anew with the reason.
 */
void database_bell_wasted(struct database *d);

/**
 * database_again(d, text): leaves a connection that is of no use, which is ${text}, and tries again
 * after a pause. Calls on_down. The connection must be free.
 */
void database_again(struct database *d, const char *text);

/**
 * database_close(d): ends the connection. No callback follows.
 */
void database_close(struct database *d);

/**
 * database_is_free(d): whether there is a connection, and no statement on its way.
 */
bool database_is_free(const struct database *d);

/**
 * database_is_connecting(d): whether a thread connects. Nothing ends it, so the process must end
 * without exit(3), which would take from it what it uses.
 */
bool database_is_connecting(const struct database *d);

/**
 * database_ask(d, sql, arrays, n, done, userdata):
 * Sends a statement with ${n} finished arrays as its parameters. The answer is in binary form. The
 * connection must be free. 0, or a negative errno: then ${done} is not called, and the connection
 * ends soon.
 */
int database_ask(struct database *d, const char *sql, const struct array *arrays, int n,
                 database_done *done, void *userdata) _must_check_;

/**
 * database_password(d, password, role): database_verifier() on this connection.
 */
char *database_password(struct database *d, const char *password, const char *role);

/**
 * database_verifier(conn, password, role):
 * What PostgreSQL keeps of a password (SCRAM-SHA-256), to be freed with PQfreemem(). NULL on
 * failure. Does not ask the server.
 */
char *database_verifier(PGconn *conn, const char *password, const char *role);

/**
 * database_connect_now(conninfo):
 * Connects with fleetd's settings, and waits. Returns what PQconnectdbParams() returns, or NULL
 * when ${conninfo} cannot be read. On any thread.
 */
PGconn *database_connect_now(const char *conninfo);

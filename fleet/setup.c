/* SPDX-License-Identifier: BSD-2-Clause */
/* Prepares the database for a fleet, by libpq's calls that wait. It has no part in the loop. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "database.h"
#include "note.h"
#include "schema.h"
#include "setup.h"

static void finish(PGconn **conn) {
        PQfinish(*conn);
}

static void clear(PGresult **result) {
        PQclear(*result);
}

static int complain(const char *what, const char *text) {
        char line[NOTE_TEXT_LEN];

        note_fold(line, text);
        (void) fprintf(stderr, "wfapikey-fleetd: %s: %s\n", what, line);
        return EXIT_FAILURE;
}

/* What the SQL cannot do itself. */
static void tell_notice(void *userdata, const PGresult *result) {
        char line[NOTE_TEXT_LEN];
        const char *text = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);

        (void) userdata;
        note_fold(line, text ? text : "");
        (void) fprintf(stderr, "wfapikey-fleetd: %s\n", line);
}

/* Returns whether there is a password. */
static bool read_password(char *out, size_t size) {
        size_t n = 0;
        ssize_t got;

        while (n < size && (got = read(STDIN_FILENO, out + n, size - n)) > 0)
                n += (size_t) got;
        for (size_t i = 0; i < n; i++)
                if (out[i] == '\n') {
                        out[i] = '\0';
                        return i > 0 && i + 1 == n;
                }
        if (n == size)
                return false;
        out[n] = '\0';
        return n > 0;
}

static int add_host(PGconn *conn, const char *host) {
        __attribute__((cleanup(clear))) PGresult *result = NULL;
        char password[256];
        char *verifier;
        const char *values[2] = { host };

        if (!read_password(password, sizeof(password))) {
                explicit_bzero(password, sizeof(password));
                return complain("the password", "one line on standard input is expected");
        }
        verifier = database_verifier(conn, password, host);
        explicit_bzero(password, sizeof(password));
        if (!verifier)
                return complain("the password", PQerrorMessage(conn));
        values[1] = verifier;
        result = PQexecParams(conn, "SELECT wfapikey.add_host($1, $2, true, '{}')", 2, NULL, values,
                              NULL, NULL, 0);
        PQfreemem(verifier);
        return PQresultStatus(result) == PGRES_TUPLES_OK
                       ? EXIT_SUCCESS
                       : complain("cannot add the host", PQerrorMessage(conn));
}

int setup_run(const char *conninfo, const char *host) {
        __attribute__((cleanup(finish))) PGconn *conn = database_connect_now(conninfo);
        __attribute__((cleanup(clear))) PGresult *result = NULL;

        if (PQstatus(conn) != CONNECTION_OK)
                return complain("cannot connect", conn ? PQerrorMessage(conn) : DATABASE_BAD_INFO);
        (void) PQsetNoticeReceiver(conn, tell_notice, NULL);
        result = PQexec(conn, schema_sql);
        if (PQresultStatus(result) != PGRES_COMMAND_OK)
                return complain("cannot prepare the database", PQerrorMessage(conn));
        return host ? add_host(conn, host) : EXIT_SUCCESS;
}

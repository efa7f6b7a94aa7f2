/* SPDX-License-Identifier: BSD-2-Clause */
/* What the database leaves open to a host that means ill, for administrators of issuing hosts. */
#include <string.h>

#include "answer.h"
#include "carry_state.h"
#include "carry_ways.h"

#define AGAIN_USEC UINT64_C(3600000000)

static void on_ways(PGresult *result, void *userdata) {
        struct carry *c = userdata;
        char ways[NOTE_TEXT_LEN] = "";

        /* A database that an older version has prepared refuses the question. */
        if (PQresultStatus(result) == PGRES_TUPLES_OK) {
                if (!answer_fits(result, "b") || PQntuples(result) != 1) {
                        PQclear(result);
                        database_again(c->database, ANSWER_MALFORMED);
                        return;
                }
                note_fold(ways, PQgetvalue(result, 0, 0));
        }
        PQclear(result);
        if (strcmp(ways, c->ways) != 0) {
                memcpy(c->ways, ways, sizeof(ways));
                carry_link_up(c);
        }
        carry_go(c);
}

bool carry_ways_ask(struct carry *c) {
        if (!c->issuing || carry_now(c) < c->ways_at)
                return false;
        c->ways_at = carry_now(c) + AGAIN_USEC;
        return database_ask(c->database, "SELECT wfapikey.open_ways()", NULL, 0, on_ways, c) >= 0;
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* An issuing host signs the heads of all groups every few seconds. Brings them to the database. */
#include <errno.h>

#include "carry_state.h"

#define HEADS_USEC UINT64_C(5000000)

static int on_heads(sd_bus_message *m, void *userdata, sd_bus_error *error) {
        struct carry *c = userdata;
        const char *text = NULL;

        (void) error;
        switch (local_outcome(c->local, m, &text)) {
        case LOCAL_LOST:
                return 0;
        case LOCAL_REFUSED:
                note(LOG_WARNING, "wfapikeyd signs no heads: %s", text);
                c->signing = false;
                return 0;
        case LOCAL_ANSWERED:
                break;
        }
        c->signing = false;
        sd_bus_message_unref(c->heads);
        c->heads = sd_bus_message_ref(m);
        carry_go(c);
        return 0;
}

void carry_heads_ask(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = NULL;
        int r;

        if (!c->issuing || c->signing || carry_now(c) < c->heads_at)
                return;
        c->heads_at = carry_now(c) + HEADS_USEC;
        c->signing = true;
        r = local_begin(c->local, "FleetSignHeads", &m);
        local_send(c->local, m, r, on_heads, c);
}

int carry_heads_arrays(sd_bus_message *m, struct array arrays[static 3]) {
        int r;

        arrays[0].kind = ARRAY_TEXT;
        arrays[1].kind = ARRAY_NUMBER;
        arrays[2].kind = ARRAY_BYTES;
        r = sd_bus_message_enter_container(m, 'a', "(stay)");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'r', "stay")) > 0) {
                const char *group;
                const void *frame;
                uint64_t number;
                size_t len;

                r = sd_bus_message_read(m, "st", &group, &number);
                if (r >= 0)
                        r = sd_bus_message_read_array(m, 'y', &frame, &len);
                if (r >= 0)
                        r = sd_bus_message_exit_container(m);
                if (r < 0)
                        break;
                array_add_text(&arrays[0], group);
                array_add_number(&arrays[1], number);
                array_add(&arrays[2], frame, len);
        }
        for (unsigned i = 0; r >= 0 && i < 3; i++)
                r = array_finish(&arrays[i]);
        return r;
}

static void on_put(PGresult *result, void *userdata) {
        struct carry *c = userdata;
        char text[NOTE_TEXT_LEN];

        if (result && PQresultStatus(result) != PGRES_TUPLES_OK) {
                note_fold(text, PQresultErrorMessage(result));
                note(LOG_WARNING, "the database takes no heads: %s", text);
        }
        PQclear(result);
        carry_go(c);
}

void carry_heads_put(struct carry *c) {
        _cleanup_message_ sd_bus_message *m = take_ptr(c->heads);
        struct array arrays[3] = {};
        int r = carry_heads_arrays(m, arrays);

        /* What fails here is done anew with the next heads. */
        if (r >= 0)
                r = database_ask(c->database, "SELECT wfapikey.put_heads($1, $2, $3)", arrays, 3,
                                 on_put, c);
        if (r < 0)
                note(LOG_WARNING, "cannot send heads: %s", strerrordesc_np(-r));
        for (unsigned i = 0; i < 3; i++)
                array_done(&arrays[i]);
}

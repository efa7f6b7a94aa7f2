/* SPDX-License-Identifier: BSD-2-Clause */
/* common/PROTOCOL as a text: its tables and its example. For the tests that compare it with the
 * code. */
#pragma once

#include "unit.h"

#include "wire.h"

enum table { REQUEST, VERIFY_CREDENTIAL, CONFIRM_CREDENTIAL, ISSUE_CREDENTIAL, EVIDENCE, REPLY };

static inline int read_text(void **state) {
        const char *top = getenv("top_srcdir");
        char path[UNIT_PATH_LEN], *text = calloc(1, 65536);
        FILE *f;
        size_t n;

        (void) snprintf(path, sizeof(path), "%s/common/PROTOCOL", top ? top : ".");
        f = fopen(path, "re");
        if (!f || !text)
                return -1;
        n = fread(text, 1, 65535, f);
        (void) fclose(f);
        *state = text;
        return n > 0 && n < 65535 ? 0 : -1;
}

static inline int free_text(void **state) {
        free(*state);
        return 0;
}

static inline const char *next_line(const char *line) {
        const char *end = strchr(line, '\n');

        return end ? end + 1 : line + strlen(line);
}

/* The first row of the nth table with this heading. */
static inline const char *table_of(const char *text, const char *heading, unsigned n) {
        const char *at = text;

        for (unsigned i = 0; i <= n; i++) {
                at = strstr(at, heading);
                assert_non_null(at);
                at = next_line(at);
        }
        return at;
}

/* Takes a line of a table, which is indented. Returns false behind the table. */
static inline bool take_line(const char **line, char row[static 160]) {
        size_t len = strcspn(*line, "\n");

        if (strncmp(*line, "        ", 8) != 0)
                return false;
        assert_in_range(len, 8, 159);
        memcpy(row, *line, len);
        row[len] = '\0';
        *line = next_line(*line);
        return true;
}

/* Reads "offset length name" or "offset end". */
static inline bool take_field(const char **line, size_t *ret_at, size_t *ret_len,
                              char name[static 64]) {
        char row[160];

        if (!take_line(line, row))
                return false;
        *ret_len = 0;
        if (sscanf(row, "%zu %zu %63[^\n]", ret_at, ret_len, name) != 3)
                assert_int_equal(sscanf(row, "%zu %63[^\n]", ret_at, name), 2);
        return true;
}

static inline void find_field(const char *text, enum table table, const char *name, size_t *ret_at,
                              size_t *ret_len) {
        const char *line = table_of(text, "offset  length  field\n", table);
        size_t len = strlen(name);
        char row[64] = "";

        while (take_field(&line, ret_at, ret_len, row))
                if (strncmp(row, name, len) == 0 &&
                    (row[len] == '\0' || row[len] == ':' || row[len] == ','))
                        return;
        print_error("PROTOCOL has no field '%s' in table %d\n", name, (int) table);
        fail();
}

static inline struct wire_request example_request(void) {
        struct wire_request req = { .kind = WIRE_VERIFY,
                                    .seq = 0x01020304,
                                    .user = "alice",
                                    .service = "sshd",
                                    .rhost = "192.0.2.7" };

        keytext_format(req.key.text, "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnop");
        return req;
}

static inline struct wire_reply example_reply(void) {
        struct wire_reply reply = { .seq = 0x01020304,
                                    .verdict = VERDICT_ALLOW,
                                    .id = "0123456789",
                                    .name = "backup job" };

        for (unsigned i = 0; i < WIRE_TICKET_LEN; i++)
                reply.ticket[i] = (uint8_t) (0xc0 + i);
        return reply;
}

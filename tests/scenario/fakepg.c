/* SPDX-License-Identifier: BSD-2-Clause */
/* A PostgreSQL that was taken over:
 *
 *     fakepg SOCKET SEEDS
 *
 * It lets wfapikey-fleetd in, answers one question well, and the next ones with what is in the
 * tables below, row by row, then with SEEDS answers that are made up by chance, each the same at
 * each run. Appended frames are refused in the same way. Standard output has a line for each answer
 * and each end of a connection, and "served" when all was sent and a question came once more.
 * Source: PostgreSQL, "Frontend/Backend Protocol". */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define CHECK(x)                                                                                   \
        do {                                                                                       \
                if (!(x)) {                                                                        \
                        fprintf(stderr, "fakepg: line %d: %s\n", __LINE__, #x);                    \
                        exit(1);                                                                   \
                }                                                                                  \
        } while (0)
#define LEN(a) (sizeof(a) / sizeof((a)[0]))

/* --- What is sent ---------------------------------------------------------------------- */

static int fd = -1; /* of the connection */
static uint8_t out[1 << 20];
static size_t n_out, begun;

static void put(const void *bytes, size_t len) {
        CHECK(n_out + len <= sizeof(out));
        if (len > 0)
                memcpy(out + n_out, bytes, len);
        n_out += len;
}

static void put_16(int number) {
        uint16_t be = htons((uint16_t) number);

        put(&be, sizeof(be));
}

static void put_32(int number) {
        uint32_t be = htonl((uint32_t) number);

        put(&be, sizeof(be));
}

static void begin(char type) {
        put(&type, 1);
        begun = n_out;
        put_32(0);
}

static void end(void) {
        uint32_t be = htonl((uint32_t) (n_out - begun));

        memcpy(out + begun, &be, sizeof(be));
}

/* A message of a type and bytes. */
static void say(char type, const void *bytes, size_t len) {
        begin(type);
        put(bytes, len);
        end();
}

static void describe(int n, int format) {
        begin('T');
        put_16(n);
        for (int i = 0; i < n; i++) {
                put("c", 2);
                put_32(0);
                put_16(0);
                put_32(17);
                put_16(-1);
                put_32(-1);
                put_16(format);
        }
        end();
}

static void field(const void *bytes, int len) {
        put_32(len);
        if (len > 0)
                put(bytes, (size_t) len);
}

static void number(int64_t value) {
        uint64_t be = htobe64((uint64_t) value);

        field(&be, sizeof(be));
}

/* Sends it. A client that is gone does not matter. */
static void flush(void) {
        for (size_t at = 0; at < n_out;) {
                ssize_t n = send(fd, out + at, n_out - at, MSG_NOSIGNAL);

                if (n <= 0)
                        break;
                at += (size_t) n;
        }
        n_out = 0;
}

static void ready(void) {
        say('Z', "I", 1);
}

static void complete(void) {
        say('C', "SELECT 1", 9);
        ready();
}

/* The head, body and signature of a frame that says its length. */
static size_t make_frame(uint8_t *frame, size_t body) {
        uint32_t le = htole32((uint32_t) body);

        memset(frame, 'x', 188 + body + 64);
        memcpy(frame + 184, &le, sizeof(le));
        return 188 + body + 64;
}

/* --- Answers --------------------------------------------------------------------------- */

/* Each field of an answer: t a good text, n a good number, b none, B a whole frame; 0 a NULL, - a
 * negative number, 4 a short one, e nothing, z a text with a zero in it, s three bytes, L a frame
 * that is too long for a call. */
static void put_field(char what, const char *text) {
        static uint8_t frame[65536];

        switch (what) {
        case 't':
                field(text, (int) strlen(text));
                return;
        case 'n':
                number(0);
                return;
        case '-':
                number(-1);
                return;
        case 'B':
                field(frame, (int) make_frame(frame, 20));
                return;
        case 'L':
                field(frame, (int) make_frame(frame, 60000));
                return;
        case '4':
                field("\0\0\0", 4);
                return;
        case 'e':
                field("", 0);
                return;
        case 'z':
                field("a\0b", 3);
                return;
        case 's':
                field("abc", 3);
                return;
        }
        put_32(-1);
}

/* Fields, row by row. The kind of a row is the letter in front of it, where the first field is a
 * good text. */
struct answer {
        const char *name;
        int columns, format;
        /* "kFIELDS kFIELDS"; NULL: what ${raw} says */
        const char *rows;
        const char *raw;
};

static void put_row(const char *row, size_t len) {
        char kind[2] = { row[0] };

        begin('D');
        put_16((int) len - 1);
        for (size_t i = 1; i < len; i++)
                put_field(row[i], i == 1 ? kind : "all");
        end();
}

static void put_answer(const struct answer *a, bool extended) {
        const char *row = a->rows;

        if (extended) {
                say('1', "", 0);
                say('2', "", 0);
        }
        if (!row) {
                /* a type of a message each, without content */
                for (const char *type = a->raw; *type; type++)
                        if (strchr("GHW", *type))
                                say(*type, "\0\0", 3);
                        else if (*type == 'Z')
                                ready();
                        else if (*type == 'C')
                                say('C', "SELECT 0", 9);
                        else
                                say(*type, "", *type == 'E');
                return;
        }
        describe(a->columns, a->format);
        while (*row) {
                size_t len = strcspn(row, " ");

                put_row(row, len);
                row += len;
                row += strspn(row, " ");
        }
        complete();
}

static const struct answer good_fetch = { "good", 4, 1, "gttnb ottnb", NULL };
/* The host lacks changes: numbers are put in below. */
static const struct answer no_page = { "no page", 6, 1, "", NULL };

/* To the question for changes. */
static const struct answer fetches[] = {
        { "no columns", 0, 1, "g", NULL },
        { "three columns", 3, 1, "gttn", NULL },
        { "five columns", 5, 1, "gttnbb", NULL },
        { "no kind", 4, 1, "g0tnb", NULL },
        { "no group", 4, 1, "gt0nb", NULL },
        { "no number", 4, 1, "gtt0b", NULL },
        { "a short number", 4, 1, "gtt4b", NULL },
        { "an empty number", 4, 1, "gtteb", NULL },
        { "a negative number", 4, 1, "gtt-b", NULL },
        { "text form", 4, 0, "gttnb", NULL },
        { "an empty kind", 4, 1, "getnb", NULL },
        { "a zero in a name", 4, 1, "gtznb", NULL },
        { "a zero in a kind", 4, 1, "gztnb", NULL },
        { "a long kind", 4, 1, "gstnb", NULL },
        { "a change without a frame", 4, 1, "cttnb", NULL },
        { "a change of three bytes", 4, 1, "cttns", NULL },
        { "a head without a frame", 4, 1, "httn0", NULL },
        { "a head that is too long", 4, 1, "httnL", NULL },
        { "more heads than were counted", 4, 1,
          "httnB cttnB cttnB cttnB cttnB cttnB cttnB cttnB cttnB cttnB cttnB cttnB cttnB cttnB",
          NULL },
        { "changes behind heads", 4, 1, "httnB cttnB httnL cttnL httnB gttnb", NULL },
        { "a page", 4, 1, "pttnB", NULL },
        { "nothing", 0, 1, NULL, "Z" },
        { "no rows at all", 0, 1, NULL, "CZ" },
        { "an empty question", 0, 1, NULL, "IZ" },
        { "a copy out", 0, 1, NULL, "H" },
        { "a copy in", 0, 1, NULL, "G" },
        { "a copy in both directions", 0, 1, NULL, "W" },
        { "an error without a text", 0, 1, NULL, "EZ" },
};

/* To the question for a page of a snapshot. */
static const struct answer pages[] = {
        { "a page without columns", 0, 1, "p", NULL },
        { "a page of four columns", 4, 1, "pttnB", NULL },
        { "a page without an issuer", 6, 1, "pttnBn0", NULL },
        { "a page without a number", 6, 1, "ptt0Bnt", NULL },
        { "a negative number of pages", 6, 1, "pttnB-t", NULL },
        { "a head for a page", 6, 1, "httnBnt", NULL },
        { "two pages", 6, 1, "pttnBnt pttnBnt", NULL },
        { "a page without a frame", 6, 1, "pttn0nt", NULL },
        { "nothing for a page", 0, 1, NULL, "Z" },
};

/* To the question for the version, in text form. */
static const struct answer versions[] = {
        { "no version", 3, 0, "", NULL },
        { "two columns", 2, 0, "1tt", NULL },
        { "NULLs", 3, 0, "1t00", NULL },
        { "a version in binary form", 3, 1, "1ttt", NULL },
        { "no answer", 0, 0, NULL, "Z" },
        { "a copy for a version", 0, 0, NULL, "H" },
        { "a NULL version", 3, 0, "10tt", NULL },
};

/* To what was appended. */
static const struct answer appends[] = {
        { "an append without a row", 1, 1, "", NULL },
        { "an append without a column", 0, 1, "x", NULL },
        { "a NULL for an append", 1, 1, "x0", NULL },
        { "a long flag", 1, 1, "xs", NULL },
        { "nothing for an append", 0, 1, NULL, "Z" },
        { "a copy for an append", 0, 1, NULL, "H" },
};

/* --- The course of things -------------------------------------------------------------- */

static size_t at_fetch, at_page, at_version, at_append;
static unsigned seed, seeds;
static bool first; /* question of this connection */

static unsigned chance(unsigned n) {
        static uint64_t state = 88172645463325252U;

        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        return (unsigned) (state % n);
}

static void made_up(void) {
        static const char kinds[] = "cghospx", fields[] = "tnbB0-4ezsL", good[] = "ttnB";
        char text[16 * 8 + 1] = "";
        struct answer a = { "made up", chance(5) == 0 ? (int) chance(7) : 4, chance(10) > 0, text,
                            NULL };
        unsigned rows = chance(15), n = 0;

        for (unsigned row = 0; row < rows; row++) {
                text[n++] = kinds[chance(LEN(kinds) - 1)];
                for (int i = 0; i < a.columns; i++)
                        text[n++] = chance(8) == 0 || i >= 4 ? fields[chance(LEN(fields) - 1)]
                                                             : good[i];
                text[n++] = ' ';
        }
        text[n] = '\0';
        put_answer(&a, true);
}

/* The next row of a table, and then ${otherwise}. */
static void put_next(const struct answer *table, size_t n, size_t *at,
                     const struct answer *otherwise, bool extended) {
        if (*at < n) {
                printf("%s\n", table[*at].name);
                put_answer(&table[(*at)++], extended);
        } else
                put_answer(otherwise, extended);
}

/* Says that the group has 200 changes. The first 99 are not kept. */
static void put_lacking(void) {
        static const int64_t numbers[] = { 200, 100 };

        say('1', "", 0);
        say('2', "", 0);
        describe(4, 1);
        for (int i = 0; i < 2; i++) {
                begin('D');
                put_16(4);
                field(i == 0 ? "g" : "o", 1);
                field("all", 3);
                number(numbers[i]);
                put_32(-1);
                end();
        }
        complete();
}

static void put_fetch(void) {
        bool was_first = first;

        first = false;
        if (was_first)
                put_answer(&good_fetch, true);
        else if (at_fetch < LEN(fetches))
                put_next(fetches, LEN(fetches), &at_fetch, &good_fetch, true);
        else if (seed < seeds) {
                printf("made up %u\n", seed++);
                made_up();
        } else if (at_page < LEN(pages))
                put_lacking();
        else {
                if (at_version >= LEN(versions))
                        printf("served\n");
                put_answer(&good_fetch, true);
        }
        /* a bell, so that the next question comes soon */
        begin('A');
        put_32(1);
        put("wfapikey_all", 13);
        put("", 1);
        end();
}

/* Every other connection gets beyond this, so that pauses stay short. */
static void put_version(void) {
        static const struct answer right = { "right", 3, 0, "1ttt", NULL };
        static bool odd;

        odd = !odd;
        (void) right;
        if (odd && at_version < LEN(versions)) {
                put_next(versions, LEN(versions), &at_version, &right, false);
                return;
        }
        describe(3, 0);
        begin('D');
        put_16(3);
        field("1", 1);
        field("f", 1);
        field("t", 1);
        end();
        complete();
}

static void put_void(void) {
        static const struct answer nothing = { "void", 1, 1, "xe", NULL };

        put_answer(&nothing, true);
}

static void reply(const char *sql, bool extended) {
        static const struct answer yes = { "yes", 1, 1, "xt", NULL };

        if (strstr(sql, "wfapikey.fleet"))
                put_version();
        else if (!extended)
                complete();
        else if (strstr(sql, "wfapikey.append"))
                put_next(appends, LEN(appends), &at_append, &yes, true);
        else if (strstr(sql, "wfapikey.page"))
                put_next(pages, LEN(pages), &at_page, &no_page, true);
        else if (strstr(sql, "wfapikey.change"))
                put_fetch();
        else
                put_void();
        flush();
}

/* --- What comes ------------------------------------------------------------------------ */

static bool get(void *bytes, size_t len) {
        for (size_t at = 0; at < len;) {
                ssize_t n = recv(fd, (uint8_t *) bytes + at, len - at, 0);

                if (n <= 0)
                        return false;
                at += (size_t) n;
        }
        return true;
}

/* The content of a message, which begins with its length. */
static bool get_content(char *bytes, size_t size) {
        uint32_t be;
        size_t len;

        if (!get(&be, sizeof(be)))
                return false;
        len = ntohl(be) - sizeof(be);
        CHECK(len < size);
        bytes[len] = '\0';
        return get(bytes, len);
}

static void serve(void) {
        static char bytes[1 << 20], sql[1 << 16];
        char type;

        if (!get_content(bytes, sizeof(bytes)))
                return;
        say('R', "\0\0\0", 4);
        say('K', "\0\0\0\1\0\0\0", 8);
        ready();
        flush();
        first = true;
        while (get(&type, 1) && get_content(bytes, sizeof(bytes))) {
                if (type == 'X')
                        return;
                if (type == 'Q')
                        reply(bytes, false);
                if (type == 'P')
                        (void) snprintf(sql, sizeof(sql), "%s", bytes + strlen(bytes) + 1);
                if (type == 'S')
                        reply(sql, true);
        }
}

int main(int argc, char *argv[]) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

        CHECK(argc == 3 && strlen(argv[1]) < sizeof(address.sun_path));
        setlinebuf(stdout);
        seeds = (unsigned) atoi(argv[2]);
        (void) strcpy(address.sun_path, argv[1]);
        CHECK(listener >= 0 && bind(listener, (struct sockaddr *) &address, sizeof(address)) == 0);
        CHECK(listen(listener, 8) == 0);
        printf("ready\n");
        for (;;) {
                fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
                CHECK(fd >= 0);
                serve();
                printf("gone\n");
                (void) close(fd);
        }
}

/* SPDX-License-Identifier: BSD-2-Clause */
/* What wfapikeyctl reads of files and people: invitations, keys in files that are scanned, times.
 * The first byte says which. The scanner finds the keys that simple code finds, wherever its pieces
 * end. */
#include "fuzz.h"

#include <time.h>

#include "cli/moment.h"
#include "fleet/invitation.h"
#include "keytext.h"
#include "parse.h"
#include "scan/scanner.h"

void __wrap_say_error(const char *format, ...);

/* Nobody reads it. */
void __wrap_say_error(const char *format, ...) {
        (void) format;
}

/* --- Invitations --- */

static enum exit_code read_text(const void *text, size_t len, uint8_t **ret, size_t *ret_len) {
        char path[300];

        (void) snprintf(path, sizeof(path), "%s/invitation", fuzz_dir_get());
        fuzz_write("invitation", text, len);
        return invitation_read(path, ret, ret_len);
}

/* Written and read again it is the same, with another text around it, too. */
static void check_invitation(const uint8_t *bytes, size_t len) {
        char *text = NULL, *mail = NULL;
        uint8_t *back = NULL;
        size_t n = 0;

        must(invitation_format(bytes, len, &text) == 0);
        for (const char *p = text; *p; p += strcspn(p, "\n") + 1)
                must(strcspn(p, "\n") <= 64);
        must(asprintf(&mail, "Hello -----\r\n%s\nBye\n", text) > 0);
        must(read_text(mail, strlen(mail), &back, &n) == CTL_OK);
        must(n == len && memcmp(bytes, back, n) == 0);
        free(text);
        free(mail);
        free(back);
}

static void try_invitation(const struct fuzz *f) {
        uint8_t *bytes = NULL;
        size_t n = 0;

        if (read_text(f->at, f->left, &bytes, &n) == CTL_OK) {
                must(n > 0 && n <= INVITATION_MAX);
                check_invitation(bytes, n);
        }
        free(bytes);
        if (f->left > 0)
                check_invitation(f->at, f->left);
}

/* --- The scanner --- */

struct found {
        const char *text; /* without zeroes */
        /* at: the model looks for the next key from here */
        size_t len, at;
        uint64_t line, column;
};

/* Goes on to the next key. Returns whether there is one. */
static bool find_next(struct found *f) {
        for (; f->at + KEYTEXT_LEN <= f->len; f->at++) {
                if (keytext_is_key(f->text + f->at, KEYTEXT_LEN))
                        return true;
                f->column++;
                if (f->text[f->at] == '\n') {
                        f->line++;
                        f->column = 1;
                }
        }
        return false;
}

static int on_key(const char *key, uint64_t line, uint64_t column, void *userdata) {
        struct found *f = userdata;

        must(find_next(f));
        must(memcmp(key, f->text + f->at, KEYTEXT_LEN) == 0);
        must(line == f->line && column == f->column);
        f->at++;
        f->column++;
        return 0;
}

/* F5 and a byte stand for a key, FA for 65500 blanks: chance makes neither. */
static size_t expand(struct fuzz *f, char *out, size_t size) {
        size_t len = 0;

        while (f->left > 0 && len + 65500 + KEYTEXT_LEN + 1 < size) {
                uint8_t byte = fuzz_byte(f);
                char digits[KEYTEXT_ID_LEN + KEYTEXT_SECRET_LEN];

                if (byte == 0xf5) {
                        memset(digits, keytext_alphabet()[fuzz_byte(f) % 62], sizeof(digits));
                        /* an id may end like a key begins */
                        if (digits[0] == 'w')
                                memcpy(digits + 7, "wfk", 3);
                        keytext_format(out + len, digits, digits + KEYTEXT_ID_LEN);
                        len += KEYTEXT_LEN;
                } else if (byte == 0xfa) {
                        memset(out + len, ' ', 65500);
                        len += 65500;
                } else {
                        out[len++] = (char) byte;
                }
        }
        return len;
}

static void try_scanner(struct fuzz f) {
        static char text[300000], plain[300000];
        static struct scanner scanner;
        size_t piece = 1 + fuzz_number(&f, 2), len = expand(&f, text, sizeof(text)), n = 0;
        struct found found = { .text = plain, .line = 1, .column = 1 };

        for (size_t i = 0; i < len; i++)
                if (text[i] != '\0')
                        plain[n++] = text[i];
        found.len = n;
        scanner_begin(&scanner);
        for (size_t at = 0; at < len; at += n) {
                n = len - at < piece ? len - at : piece;
                memcpy(scanner_room(&scanner), text + at, n);
                must(scanner_take(&scanner, n, on_key, &found) == 0);
        }
        must(!find_next(&found));
        scanner_wipe(&scanner);
}

/* --- Times --- */

static void check_moment(int64_t at, int64_t now) {
        char text[PARSE_TIME_LEN];
        int64_t again;

        must(at >= 0 && at <= INT64_C(253402300799));
        parse_time_format(at, text);
        must(moment_read(text, now, MOMENT_AGO, &again) == 0 && again == at);
        (void) snprintf(text, sizeof(text), "@%lld", (long long) at);
        must(moment_read(text, now, MOMENT_AHEAD, &again) == 0 && again == at);
}

static void try_moment(struct fuzz f) {
        int64_t now = (int64_t) (fuzz_number(&f, 4)), at, distance;
        char *text = fuzz_text(&f);

        for (enum moment_side side = MOMENT_AGO; side <= MOMENT_AHEAD; side++) {
                if (moment_read(text, now, side, &at) >= 0)
                        check_moment(at, now);
                if (moment_read_distance(text, side, &distance) >= 0)
                        must(moment_read(text, now, side, &at) < 0 || at == now + distance);
        }
        free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        struct fuzz f = { data, size };

        (void) setenv("TZ", "UTC0", 1);
        switch (fuzz_byte(&f)) {
        case 'i':
                try_invitation(&f);
                break;
        case 's':
                try_scanner(f);
                break;
        default:
                try_moment(f);
        }
        return 0;
}

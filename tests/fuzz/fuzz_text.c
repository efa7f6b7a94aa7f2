/* SPDX-License-Identifier: BSD-2-Clause */
/* What people type: keys, ids, durations, dates, networks, labels. An accepted value has one text,
 * which reads back as the same value. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "keytext.h"
#include "network.h"
#include "parse.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_key(const char *text, size_t size) {
        char again[KEYTEXT_LEN + 1];
        size_t trimmed = keytext_trim(text, size);

        if (trimmed > size || keytext_trim(text, trimmed) != trimmed ||
            (keytext_is_key(text, size) && trimmed != size))
                abort();
        if (!keytext_is_key(text, size))
                return;
        keytext_format(again, keytext_id(text), keytext_secret(text));
        if (memcmp(again, text, KEYTEXT_LEN) != 0)
                abort();
}

static void try_times(const char *text) {
        char out[PARSE_DURATION_LEN];
        int64_t value, again;

        if (parse_duration(text, &value) >= 0) {
                parse_duration_format(value, out);
                if (parse_duration(out, &again) < 0 || again != value)
                        abort();
        }
        if (parse_time(text, &value) >= 0) {
                parse_time_format(value, out);
                if (parse_time(out, &again) < 0 || again != value)
                        abort();
        }
        if (parse_when(text, 1000000, &value) >= 0 && value <= 1000000)
                abort();
        (void) !parse_timeout(text, &value);
}

static void try_network(const char *text) {
        char out[NETWORK_TEXT_LEN];
        struct network net, again;

        if (network_parse(text, &net) < 0)
                return;
        network_format(&net, out);
        if (network_parse(out, &again) < 0 || memcmp(&net, &again, sizeof(net)) != 0)
                abort();
}

static void try_escape(const char *text) {
        char out[64];

        text_escape(out, sizeof(out), text);
        if (!text_is_label(out, sizeof(out)) && out[0])
                abort();
        (void) text_is_service(text);
        (void) text_has_word(text, "sshd");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        char *text = malloc(size + 1);

        if (!text)
                return 0;
        memcpy(text, data, size);
        text[size] = '\0';
        try_key(text, size);
        try_times(text);
        try_network(text);
        try_escape(text);
        free(text);
        return 0;
}

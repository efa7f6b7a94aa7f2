/* SPDX-License-Identifier: BSD-2-Clause */
/* Writes metrics as OpenMetrics text or as JSON. Does not know what they count. */
#include <inttypes.h>
#include <string.h>

#include "admin/metrics_text.h"
#include "draw/json.h"

#define SECOND UINT64_C(1000000000)

void metrics_text_begin(struct metrics_text *t, FILE *file) {
        *t = (struct metrics_text){ .file = file };
        if (file)
                return;
        json_open(&t->json, NULL, '[');
}

void metrics_text_end(struct metrics_text *t) {
        if (t->file) {
                (void) fputs("# EOF\n", t->file);
                return;
        }
        json_close(&t->json, ']');
}

void metrics_text_family(struct metrics_text *t, const char *name, const char *type,
                         const char *unit, const char *help) {
        t->family = name;
        if (!t->file)
                return;
        (void) fprintf(t->file, "# TYPE %s %s\n", name, type);
        if (*unit)
                (void) fprintf(t->file, "# UNIT %s %s\n", name, unit);
        (void) fprintf(t->file, "# HELP %s %s\n", name, help);
}

static void write_text(const struct metrics_text *t, const char *suffix, const char *const *labels,
                       const char *value) {
        const char *before = "{";

        (void) fprintf(t->file, "%s%s", t->family, suffix);
        for (; *labels; labels += 2, before = ",")
                (void) fprintf(t->file, "%s%s=\"%s\"", before, labels[0], labels[1]);
        (void) fprintf(t->file, "%s %s\n", *before == ',' ? "}" : "", value);
}

void metrics_text_sample(struct metrics_text *t, const char *suffix, const char *const *labels,
                         const char *value) {
        char name[128];

        if (t->file) {
                write_text(t, suffix, labels, value);
                return;
        }
        (void) snprintf(name, sizeof(name), "%s%s", t->family, suffix);
        json_open(&t->json, NULL, '{');
        json_text(&t->json, "name", name);
        json_open(&t->json, "labels", '{');
        for (; *labels; labels += 2)
                json_text(&t->json, labels[0], labels[1]);
        json_close(&t->json, '}');
        json_digits(&t->json, "value", value);
        json_close(&t->json, '}');
}

void metrics_text_count(struct metrics_text *t, const char *suffix, const char *const *labels,
                        uint64_t value) {
        char text[METRICS_TEXT_NUMBER_LEN];

        (void) snprintf(text, sizeof(text), "%" PRIu64, value);
        metrics_text_sample(t, suffix, labels, text);
}

bool metrics_text_is_word(const char *text) {
        return text[strspn(
                       text,
                       "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-._~")] ==
               '\0';
}

void metrics_text_bound(uint64_t ns, char out[static METRICS_TEXT_NUMBER_LEN]) {
        if (ns == UINT64_MAX) {
                (void) snprintf(out, METRICS_TEXT_NUMBER_LEN, "+Inf");
                return;
        }
        /* A whole number has a decimal point as well. */
        (void) snprintf(out, METRICS_TEXT_NUMBER_LEN, ns % SECOND == 0 ? "%.1f" : "%.9g",
                        (double) ns / (double) SECOND);
}

void metrics_text_seconds(uint64_t ns, char out[static METRICS_TEXT_NUMBER_LEN]) {
        (void) snprintf(out, METRICS_TEXT_NUMBER_LEN, "%" PRIu64 ".%09" PRIu64, ns / SECOND,
                        ns % SECOND);
}

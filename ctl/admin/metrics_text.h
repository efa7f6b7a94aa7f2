/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics as text (OpenMetrics 1.0) or as JSON: families and their samples. Knows the formats
 * and nothing about the daemon.
 *
 * The only types are "counter", "gauge" and "histogram". Parsers of the older Prometheus format,
 * such as the node exporter's, read the same text and refuse other types. */
#pragma once

#include <stdio.h>

#include "draw/json.h"

struct metrics_text {
        FILE *file; /* NULL for JSON to stdout */
        struct json json;
        const char *family;
};

/**
 * metrics_text_begin(t, file), metrics_text_end(t):
 * Begins and ends the output. ${t} borrows ${file}; NULL means JSON to stdout.
 */
void metrics_text_begin(struct metrics_text *t, FILE *file);
void metrics_text_end(struct metrics_text *t);

/**
 * metrics_text_family(t, name, type, unit, help):
 * Begins a family. The samples up to the next family belong to it. ${unit} is "" for none, and
 * otherwise the end of ${name}.
 */
void metrics_text_family(struct metrics_text *t, const char *name, const char *type,
                         const char *unit, const char *help);

/**
 * metrics_text_sample(t, suffix, labels, value):
 * Writes a sample of the family, called by the family's name and ${suffix}. ${labels} is name,
 * value, name, value, ..., NULL. Each value passes metrics_text_is_word().
 */
void metrics_text_sample(struct metrics_text *t, const char *suffix, const char *const *labels,
                         const char *value);

/**
 * metrics_text_count(t, suffix, labels, value): metrics_text_sample() for an integer.
 */
void metrics_text_count(struct metrics_text *t, const char *suffix, const char *const *labels,
                        uint64_t value);

/**
 * metrics_text_is_word(text): whether ${text} can be the value of a label without escapes.
 */
bool metrics_text_is_word(const char *text);

#define METRICS_TEXT_NUMBER_LEN 40

/**
 * metrics_text_bound(ns, out), metrics_text_seconds(ns, out):
 * Writes nanoseconds as seconds. The first writes the bound of a bucket in its canonical form
 * ("1e-05", "2.0"; "+Inf" for UINT64_MAX), the second writes all digits.
 */
void metrics_text_bound(uint64_t ns, char out[static METRICS_TEXT_NUMBER_LEN]);
void metrics_text_seconds(uint64_t ns, char out[static METRICS_TEXT_NUMBER_LEN]);

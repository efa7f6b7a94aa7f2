/* SPDX-License-Identifier: BSD-2-Clause */
/* Metrics as text (OpenMetrics 1.0) or as JSON: families, and their samples. Knows the formats
 * and nothing of the daemon.
 *
 * Families are "counter", "gauge" and "histogram" and no other: the same text is read by parsers
 * of the older Prometheus format, as that of the node exporter, for which other types are an
 * error. */
#pragma once

#include <stdio.h>

#include "draw/json.h"

struct metrics_text {
        FILE *file; /* NULL: JSON to stdout */
        struct json json;
        const char *family;
};

/**
 * metrics_text_begin(t, file), metrics_text_end(t): all of it, to ${file}, which is borrowed;
 * NULL: as JSON to stdout.
 */
void metrics_text_begin(struct metrics_text *t, FILE *file);
void metrics_text_end(struct metrics_text *t);

/**
 * metrics_text_family(t, name, type, unit, help): what the samples up to the next family are of.
 * ${unit}: "" for none; ${name} ends in it.
 */
void metrics_text_family(struct metrics_text *t, const char *name, const char *type,
                         const char *unit, const char *help);

/**
 * metrics_text_sample(t, suffix, labels, value):
 * One sample of the family whose name is that with ${suffix}. ${labels}: name, value, name,
 * value, ..., NULL; values that metrics_text_is_word().
 */
void metrics_text_sample(struct metrics_text *t, const char *suffix, const char *const *labels,
                         const char *value);

/**
 * metrics_text_count(t, suffix, labels, value): the same for an integer.
 */
void metrics_text_count(struct metrics_text *t, const char *suffix, const char *const *labels,
                        uint64_t value);

/**
 * metrics_text_is_word(text): whether it can be the value of a label as it is.
 */
bool metrics_text_is_word(const char *text);

#define METRICS_TEXT_NUMBER_LEN 40

/**
 * metrics_text_bound(ns, out), metrics_text_seconds(ns, out):
 * Nanoseconds as seconds: the bound of a bucket in its canonical form ("1e-05", "2.0", "+Inf"
 * for UINT64_MAX), and to the last digit.
 */
void metrics_text_bound(uint64_t ns, char out[static METRICS_TEXT_NUMBER_LEN]);
void metrics_text_seconds(uint64_t ns, char out[static METRICS_TEXT_NUMBER_LEN]);

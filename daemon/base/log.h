/* SPDX-License-Identifier: BSD-2-Clause */
/* The daemon's log: structured lines to the journal, or their message to stderr. After log_start()
 * a thread of its own writes them, so that a journal that does not read holds up no login. The
 * queue is bounded; lines that do not fit are counted and reported. Callers pass texts that a peer
 * chose through text_escape(); log_add() does that itself. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <syslog.h>

#include "attr.h"
#include "base/message.h"

#define LOG_TEXT_MAX   2048
#define LOG_FIELDS_MAX 12

struct log_entry {
        int priority;
        size_t n_fields;
        size_t used;
        uint16_t at[LOG_FIELDS_MAX];
        char text[LOG_TEXT_MAX]; /* NAME=value, each with its NUL */
};

/**
 * log_set_debug(on): whether LOG_DEBUG lines are written; call before log_start().
 */
void log_set_debug(bool on);

/**
 * log_start(), log_stop():
 * Start the writing thread; write what is queued and end the thread. Without the thread the caller
 * writes its lines.
 * Return 0, or a negative errno: -ETIMEDOUT from log_stop() where the lines could not be written
 * within a second, because nobody reads the log. Then the thread goes on, and log_stop() may be
 * called again.
 */
int log_start(void) _must_check_;
int log_stop(void);

/**
 * log_begin(entry, priority, format, ...): begins a line with its message. Arguments must be
 * printable as they are.
 */
void log_begin(struct log_entry *entry, int priority, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * log_add(entry, name, value): adds a field; ${value} is escaped. Fields that do not fit are
 * left out.
 */
void log_add(struct log_entry *entry, const char *name, const char *value);

/**
 * log_end(entry): hands the line to the thread. Never blocks once the thread runs.
 */
void log_end(const struct log_entry *entry);

/**
 * log_line(priority, format, ...): a line without fields.
 */
void log_line(int priority, const char *format, ...) __attribute__((format(printf, 2, 3)));

/**
 * log_message(message, priority, format, ...): a line that the catalog explains.
 */
void log_message(enum message message, int priority, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/**
 * log_dropped(): how many lines have found no place in the queue since the start.
 */
uint64_t log_dropped(void);

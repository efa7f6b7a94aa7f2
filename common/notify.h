/* SPDX-License-Identifier: BSD-2-Clause */
/* Tells the service manager what this process does, as sd_notify(3) does. That one waits where the
 * manager does not read, and no login may wait for the manager. */
#pragma once

#include <systemd/sd-event.h>

#include "attr.h"

/**
 * notify_once(text): sends ${text} if the socket of $NOTIFY_SOCKET has room for it. Never waits.
 * 0 also where nobody wants to know, -EAGAIN where there is no room, or another negative errno.
 */
int notify_once(const char *text);

/**
 * notify_slow(): the start needs longer than it mostly does. The service manager waits for half an
 * hour more, which is enough for a large store. Never waits.
 */
void notify_slow(void);

/**
 * notify_state(pending, event, text): sends ${text}, a literal. Where there is no room now, or no
 * memory, ${event} sends it later, and ${pending} is the source that does so. It takes the place of
 * a text that is still pending.
 */
void notify_state(sd_event_source **pending, sd_event *event, const char *text);

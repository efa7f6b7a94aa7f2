/* SPDX-License-Identifier: BSD-2-Clause */
/* What an administrator of the database does once. Waits for the server. */
#pragma once

/**
 * setup_run(conninfo, host):
 * Runs schema.sql at ${conninfo}. Where ${host} is not NULL, also makes the login role of this
 * first issuing host, with the password on stdin. Says on stderr what went wrong. An exit status.
 */
int setup_run(const char *conninfo, const char *host);

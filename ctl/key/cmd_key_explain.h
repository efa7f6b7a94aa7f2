/* SPDX-License-Identifier: BSD-2-Clause */
/* `key explain`: what a login with a key would get. Changes nothing and needs no secret. */
#pragma once

#include "cli/args.h"

/**
 * cmd_key_explain(args):
 * Prints rule by rule what a login with the key args->words[0] would get; options service,
 * rhost, user, at, certificate, proved. Returns CTL_OK when it would be accepted, CTL_REFUSED
 * when not.
 */
enum exit_code cmd_key_explain(const struct args *args);

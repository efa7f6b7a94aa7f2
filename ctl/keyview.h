/* The verbs that look at keys: all of them as a table, one of them in full. Changes nothing. */
#pragma once

#include "args.h"

/**
 * keyview_list(args):
 * Lists the keys that the options owner, status and search select, in the order of the option sort (default: id). The
 * daemon is asked page after page: what changes in between may be seen or not.
 */
enum exit_code keyview_list(const struct args *args);

/**
 * keyview_show(args): everything that the daemon tells about the key args->words[0], which is never its secret.
 */
enum exit_code keyview_show(const struct args *args);

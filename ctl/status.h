/* The verb `status`: how the daemon is doing. */
#pragma once

#include "args.h"

/**
 * status_show(args): what the daemon tells of itself; more to administrators than to others.
 */
enum exit_code status_show(const struct args *args);

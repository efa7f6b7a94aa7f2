/* SPDX-License-Identifier: BSD-2-Clause */
/* The text of schema.sql. The build makes schema.c from it. */
#pragma once

extern const char schema_sql[];

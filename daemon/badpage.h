/* SPDX-License-Identifier: BSD-2-Clause */
/* The database is read from memory that the kernel fills from the file. Where it cannot, because
 * the file was cut short or the disk has an error, it sends SIGBUS to the thread that reads. */
#pragma once

/**
 * badpage_watch(dir):
 * From now on SIGBUS ends the process: it leaves a note in the state directory ${dir} (see
 * bootstrap_note_damage()), says why on stderr, and exits with EXIT_FAILURE. So no login is decided
 * by what was not read, and the next start looks for the damage. ${dir} must stay open.
 */
void badpage_watch(int dir);

/* SPDX-License-Identifier: BSD-2-Clause */
/* Looks at the form of answers, before anything reads them. Knows no statement. */
#include <endian.h>
#include <string.h>

#include "answer.h"

static bool is_text(const PGresult *result, int row, int column) {
        const char *text = PQgetvalue(result, row, column);

        return text && strlen(text) == (size_t) PQgetlength(result, row, column);
}

static bool fits(const PGresult *result, int row, int column, char type) {
        int len = PQgetlength(result, row, column);

        if (PQgetisnull(result, row, column))
                return type == 'b';
        switch (type) {
        case 't':
                return is_text(result, row, column);
        case 'n':
                return len == (int) sizeof(uint64_t) &&
                       answer_number(result, row, column) <= INT64_MAX;
        case 'f':
                return len == 1;
        case 'b':
                return true;
        }
        return false;
}

bool answer_fits(const PGresult *result, const char *columns) {
        int n = (int) strlen(columns);

        if (PQresultStatus(result) != PGRES_TUPLES_OK || PQnfields(result) != n)
                return false;
        for (int column = 0; column < n; column++)
                if (PQfformat(result, column) != 1)
                        return false;
        for (int row = 0; row < PQntuples(result); row++)
                for (int column = 0; column < n; column++)
                        if (!fits(result, row, column, columns[column]))
                                return false;
        return true;
}

bool answer_fits_text(const PGresult *result, int n) {
        if (PQresultStatus(result) != PGRES_TUPLES_OK || PQnfields(result) != n)
                return false;
        for (int row = 0; row < PQntuples(result); row++)
                for (int column = 0; column < n; column++)
                        if (PQfformat(result, column) != 0 || PQgetisnull(result, row, column) ||
                            !is_text(result, row, column))
                                return false;
        return true;
}

uint64_t answer_number(const PGresult *result, int row, int column) {
        uint64_t be;

        memcpy(&be, PQgetvalue(result, row, column), sizeof(be));
        return be64toh(be);
}

bool answer_flag(const PGresult *result) {
        return *PQgetvalue(result, 0, 0) != 0;
}

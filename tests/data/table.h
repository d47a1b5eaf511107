/* Reading trainax.txt and exponax.txt, the tables that scripts/generate_data_tables.py and generate_condition_tables.py write:
 * fields divided by '|'. */
#pragma once

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suite.h"
#include "trainax/random.h"

enum { TABLE_FIELDS = 8, TABLE_LINE = 1 << 14 };

/* Calls run with the fields of every line whose first field is `kind`; returns how many there were. */
static inline int table_each_of(const char *path, const char *kind, void (*run)(char **fields))
{
    static char line[TABLE_LINE];
    FILE *file = fopen(path, "r");
    int count = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    while (fgets(line, sizeof line, file)) {
        char *fields[TABLE_FIELDS] = {line}, *bar;
        line[strcspn(line, "\n")] = '\0';
        for (int k = 1; k < TABLE_FIELDS && (bar = strchr(fields[k - 1], '|')); k++) {
            *bar = '\0';
            fields[k] = bar + 1;
        }
        if (!strcmp(fields[0], kind)) {
            run(fields);
            count++;
        }
    }
    fclose(file);
    return count;
}

static inline int table_each(const char *kind, void (*run)(char **fields))
{
    return table_each_of(TESTS_DIR "/data/trainax.txt", kind, run);
}

/* Compares `values` with the field "index value index value …"; says which line (fields 1 to 3) has one that is further off than
 * `allowed`. */
static inline void table_compare(char **fields, char *answers, tx_random random, const void *values, double allowed)
{
    for (char *word = strtok(answers, " "); word; word = strtok(NULL, " ")) {
        const long long index = atoll(word);
        const double expected = strtod(strtok(NULL, " "), NULL);
        const double got =
            random.precision == TX_FLOAT32 ? (double)((const float *)values)[index] : ((const double *)values)[index];
        if (!(fabs(got - expected) <= allowed)) {
            fprintf(stderr, "%s %s %s: [%lld] is %.17g, not %.17g\n", fields[1], fields[2], fields[3], index, got, expected);
            CU_FAIL("a value differs from the original's");
        }
    }
}

static inline tx_random table_random(const char *precision, const char *stream)
{
    return (tx_random){strcmp(stream, "jax_legacy") ? TX_STREAM_PARTITIONABLE : TX_STREAM_LEGACY,
                       strcmp(precision, "float64") ? TX_FLOAT32 : TX_FLOAT64};
}

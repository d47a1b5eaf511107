/* Sections of data sources and initial conditions for tests, from their YAML text. */
#pragma once

#include <stdlib.h>
#include <string.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/data.h"

extern const tx_component *const tx_data_components[], *const tx_physics_components[];

typedef struct data_section {
    tx_registry *registry;
    tx_config *config;
    const tx_section *section;
} data_section;

static inline tx_status kind_section_open(tx_kind kind, const char *text, tx_error *error, data_section *out)
{
    const tx_component *const *const rooms[] = {tx_data_components, tx_physics_components};
    *out = (data_section){0};
    TX_TRY(tx_registry_create(error, &out->registry));
    tx_registry_describe(out->registry, TX_KIND_INITIAL_CONDITION, tx_initial_describe, tx_initial_form);
    for (int k = 0; k < 2; k++) {
        for (const tx_component *const *component = rooms[k]; *component; component++) {
            TX_TRY(tx_registry_add(out->registry, *component, error));
        }
    }
    TX_TRY(tx_section_read(out->registry, kind, "data", text, error, &out->config));
    out->section = tx_config_root(out->config);
    return TX_OK;
}

static inline tx_status data_section_open(const char *text, tx_error *error, data_section *out)
{
    return kind_section_open(TX_KIND_DATA, text, error, out);
}

static inline void data_section_close(data_section *section)
{
    tx_config_destroy(section->config);
    tx_registry_destroy(section->registry);
}

/* `count` levels, each time of a range: what is read must not depend on where that begins and ends, on what was read before, on
 * threads; and what is taken for it must be what the source has said. */
static inline void any_range_is_the_same(const char *text, tx_data_setup setup, int threads, int64_t count)
{
    data_section section;
    tx_data_source *alone, *source;
    CU_ASSERT_EQUAL_FATAL(data_section_open(text, NULL, &section), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_data_source_create(section.section, setup, NULL, &alone), TX_OK);
    setup.threads = threads;
    CU_ASSERT_EQUAL_FATAL(tx_data_source_create(section.section, setup, NULL, &source), TX_OK);
    CU_ASSERT_EQUAL(alone->shape.num_trajectories * alone->shape.num_levels, count);
    const size_t bytes = (size_t)tx_data_level_size(&source->shape) * tx_real_bytes(setup.random.precision);
    char *all = malloc((size_t)count * bytes), *part = malloc((size_t)count * bytes);
    CU_ASSERT_EQUAL(tx_data_source_read(alone, 0, count, all, NULL), TX_OK);
    const size_t before = tx_memory_live();
    CU_ASSERT_EQUAL(tx_data_source_read(source, 0, count, part, NULL), TX_OK);
    const size_t taken = tx_memory_live() - before;
    CU_ASSERT(taken <= source->working + 4096 && taken >= source->working / 2);
    for (int64_t first = 0; first < count; first++) {
        for (int64_t levels = 0; first + levels <= count; levels++) {
            CU_ASSERT_EQUAL(tx_data_source_read(source, first, levels, part, NULL), TX_OK);
            CU_ASSERT_EQUAL(memcmp(part, all + (size_t)first * bytes, (size_t)levels * bytes), 0);
        }
    }
    for (int64_t step = 1; step < 8; step++) { /* in order, as a file is written */
        for (int64_t first = 0; first < count; first += step) {
            const int64_t levels = first + step < count ? step : count - first;
            CU_ASSERT_EQUAL(tx_data_source_read(source, first, levels, part, NULL), TX_OK);
            CU_ASSERT_EQUAL(memcmp(part, all + (size_t)first * bytes, (size_t)levels * bytes), 0);
        }
    }
    free(all);
    free(part);
    tx_data_source_destroy(alone);
    tx_data_source_destroy(source);
    data_section_close(&section);
}

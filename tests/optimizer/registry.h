/* A registry of optimizers and schedules alone, and what the tests make with it. */
#pragma once

#include "suite.h"
#include "trainax/optimizer.h"

extern const tx_component *const tx_optimizer_components[];

static inline tx_registry *make_registry(void)
{
    tx_registry *registry = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create(NULL, &registry), TX_OK);
    tx_registry_share(registry, TX_KIND_OPTIMIZER, tx_optimizer_options);
    for (int k = 0; tx_optimizer_components[k]; k++) {
        CU_ASSERT_EQUAL_FATAL(tx_registry_add(registry, tx_optimizer_components[k], NULL), TX_OK);
    }
    return registry;
}

typedef struct made {
    tx_config *config;
    tx_optimizer *optimizer;
} made;

enum { MOST_LEAVES = 8 };

/* Vectors of these sizes, one behind the other. */
static inline void make_leaves(int num_leaves, const int64_t *sizes, tx_leaf *leaves)
{
    CU_ASSERT_FATAL(num_leaves <= MOST_LEAVES);
    for (int k = 0; k < num_leaves; k++) {
        const int64_t offset = k ? leaves[k - 1].offset + leaves[k - 1].size : 0;
        leaves[k] = (tx_leaf){.rank = 1, .shape = {sizes[k]}, .offset = offset, .size = sizes[k]};
        snprintf(leaves[k].name, sizeof leaves[k].name, "leaf%d", k);
    }
}

static inline tx_status try_to_make_shaped(const tx_registry *registry, tx_precision precision, int num_leaves,
                                           const tx_leaf *leaves, const char *text, tx_error *error, made *out)
{
    TX_TRY(tx_section_read(registry, TX_KIND_OPTIMIZER, "x.yaml", text, error, &out->config));
    const tx_status status =
        tx_optimizer_create(tx_config_root(out->config), precision, num_leaves, leaves, error, &out->optimizer);
    if (status != TX_OK) {
        tx_config_destroy(out->config);
    }
    return status;
}

static inline tx_status try_to_make(const tx_registry *registry, tx_precision precision, int num_leaves, const int64_t *sizes,
                                    const char *text, tx_error *error, made *out)
{
    tx_leaf leaves[MOST_LEAVES];
    make_leaves(num_leaves, sizes, leaves);
    return try_to_make_shaped(registry, precision, num_leaves, leaves, text, error, out);
}

static inline made make_shaped(const tx_registry *registry, tx_precision precision, int num_leaves, const tx_leaf *leaves,
                               const char *text)
{
    made out = {0};
    tx_error error = {0};
    const tx_status status = try_to_make_shaped(registry, precision, num_leaves, leaves, text, &error, &out);
    if (status != TX_OK) {
        fprintf(stderr, "\n  %s\n", error.message);
    }
    CU_ASSERT_EQUAL_FATAL(status, TX_OK);
    return out;
}

static inline made make(const tx_registry *registry, tx_precision precision, int num_leaves, const int64_t *sizes, const char *text)
{
    tx_leaf leaves[MOST_LEAVES];
    make_leaves(num_leaves, sizes, leaves);
    return make_shaped(registry, precision, num_leaves, leaves, text);
}

static inline void unmake(made *what)
{
    tx_optimizer_destroy(what->optimizer);
    tx_config_destroy(what->config);
}

/* A registry of optimizers and schedules alone, and what the tests make with it. */
#pragma once

#include <string.h>

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
    tx_task task;
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

/* A task that knows nothing but what it comes with. */
static inline tx_task silent_task(tx_precision precision, int num_leaves, const tx_leaf *leaves)
{
    static const tx_task_class nothing = {0};
    const tx_leaf *last = &leaves[num_leaves - 1];
    return (tx_task){.class_ = &nothing,
                     .precision = precision,
                     .num_parameters = last->offset + last->size,
                     .num_leaves = num_leaves,
                     .leaves = leaves};
}

static inline tx_status try_to_make_shaped(const tx_registry *registry, tx_precision precision, int num_leaves,
                                           const tx_leaf *leaves, const char *text, tx_error *error, made *out)
{
    out->task = silent_task(precision, num_leaves, leaves);
    TX_TRY(tx_section_read(registry, TX_KIND_OPTIMIZER, "x.yaml", text, error, &out->config));
    const tx_status status = tx_optimizer_create(tx_config_root(out->config), &out->task, error, &out->optimizer);
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

/* Whether it could be made. */
static inline bool take_step(made *what, const void *gradient, const void *parameters, void *next)
{
    tx_error error = {0};
    what->task.gradient = gradient;
    what->task.parameters = parameters;
    const tx_status status = tx_optimizer_step(what->optimizer, &what->task, next, &error);
    CU_ASSERT(status == TX_OK || (status == TX_DIVERGED && !strcmp(error.message, "its update would make a parameter non-finite")));
    return status == TX_OK;
}

static inline void unmake(made *what)
{
    tx_optimizer_destroy(what->optimizer);
    tx_config_destroy(what->config);
}

/* Variants of a configuration: some of its values changed, its keys made of a seed, its run in a directory of its own. Whoever
 * trains a list of them (an ensemble, a study) makes a variant of each.
 *
 *     tx_change change = {.path = "trainer.optimizer.learning_rate", .place = …, .value = a node of YAML};
 *     tx_variant variant = {.tree = tree, .name = "quickstart.yaml", .changes = &change, .num_changes = 1, .seed = &seed,
 *                           .directory = "runs/study/runs/slow/0"};
 *     tx_variant_create(registry, &variant, error, &config);
 *
 * makes the configuration that the single run with these values has, to the bytes of its config.yaml. The tree is that of a
 * configuration (tx_config->tree), or a mapping in any other file (tx_yaml_read), changed before by tx_yaml_override, say. */
#pragma once

#include "component/section.h"

/* A value at the path of a key, as --set has it. The node keeps its place, so that a wrong value is told where it stands. */
typedef struct tx_change {
    const char *path;
    tx_place place; /* of keys that are missing on the way: tx_change_place */
    const tx_yaml *value;
} tx_change;

/* What messages call the place of a change that is written under this key. */
tx_status tx_change_place(tx_pool *pool, const tx_yaml *key, tx_error *error, tx_place *out);

typedef struct tx_variant {
    const tx_yaml *tree;          /* outlives the variant, as the nodes of changes do; is not changed */
    const char *name;             /* of the file that it stands in: paths start in that one's folder */
    const char *const *overrides; /* texts of --set, heard first; may be NULL */
    int num_overrides;
    const tx_change *changes;
    int num_changes;
    const tx_yaml *callback; /* behind all others; NULL: none */
    const int64_t *seed;     /* sets the keys of network and trainer, behind the changes; NULL: they stay as they are */
    const char *directory;   /* output.directory; NULL: it stays */
} tx_variant;

/* Complete, for training; a section `ensemble` of the tree is left out. TX_INVALID with the place of what is wrong. */
tx_status tx_variant_create(const tx_registry *registry, const tx_variant *variant, tx_error *error, tx_config **out);
/* Its tree alone, in the pool of a configuration that is being made. */
tx_status tx_variant_change(tx_config *config, const tx_variant *variant, tx_yaml **out);

/* The keys that a seed s sets: of the innermost network {seed: s, split: 2, index: 0}, of the trainer likewise with index 1, as
 * APEBench's. */
enum { TX_SEEDED_KEYS = 2, TX_SEEDED_PATH = 256 };
typedef struct tx_seeded_keys {
    char path[TX_SEEDED_KEYS][TX_SEEDED_PATH]; /* "network.key" or "network_key", "trainer.key"; "": no such section */
} tx_seeded_keys;
tx_seeded_keys tx_seeded_keys_of(const tx_registry *registry, const tx_yaml *tree);
/* `missing`: those that are not there alone. */
tx_status tx_seed_set(tx_config *config, int64_t seed, tx_place place, bool missing, tx_yaml **root);

bool tx_seed_range(const char *text, int64_t *start, int64_t *stop); /* "0:10", "7" */
/* Seeds as an option of texts has them: "START:STOP", or a list of numbers and of such. *out: tx_free. TX_INVALID at their place,
 * naming the option: no number, none at all. */
tx_status tx_seeds_read(const tx_section *section, const char *name, tx_error *error, int *count, int64_t **out);

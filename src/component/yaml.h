/* YAML text as a tree that remembers where everything stood. The only place that knows libfyaml, which is used as a
 * stream of events: anchors, merge keys (<<), duplicate keys and the limits against hostile files are dealt with here.
 *
 * An alias shares the node of its anchor, so the tree is a graph without cycles: its memory is bounded by the text. */
#pragma once

#include <stdint.h>

#include "component/pool.h"

void tx_yaml_library(char *text, size_t size); /* the version of libfyaml */

typedef struct tx_place {
    const char *origin; /* "file.yaml", or "--set a.b" */
    int line, column;   /* 1-based, columns in characters; line 0: the origin says it all */
} tx_place;

typedef enum tx_yaml_shape { TX_YAML_SCALAR, TX_YAML_LIST, TX_YAML_MAPPING } tx_yaml_shape;

typedef struct tx_yaml tx_yaml;
struct tx_yaml {
    tx_yaml_shape shape;
    bool quoted;  /* scalar in quotes, or a block: a text whatever it looks like */
    bool literal; /* no part of it means another: paths are not expanded */
    bool open;    /* while it is being read: an alias to it would be a cycle */
    bool implied; /* not written, but what another section stands for */
    tx_place place;
    const char *text; /* scalar */
    uint32_t hash;    /* key of a mapping: of its name, so that it is found soon */
    size_t count, capacity;
    tx_yaml **items; /* of a list; the values of a mapping */
    tx_yaml **keys;  /* of a mapping: scalars, all different */
};

/* *out is NULL where the text holds nothing. positioned: places have line and column. TX_INVALID with the place. */
tx_status tx_yaml_read(tx_pool *pool, const char *origin, bool positioned, const char *text, tx_error *error, tx_yaml **out);
/* A plain scalar that stands nowhere in a file. */
tx_status tx_yaml_scalar(tx_pool *pool, tx_place place, const char *text, tx_error *error, tx_yaml **out);
/* Appends to a list (key NULL) or a mapping. */
tx_status tx_yaml_append(tx_pool *pool, tx_yaml *node, tx_yaml *key, tx_yaml *item, tx_error *error);
/* A node of its own with the same items. */
tx_status tx_yaml_copy(tx_pool *pool, const tx_yaml *node, tx_error *error, tx_yaml **out);

/* What was not read where it stands: all of it is at `place`. */
void tx_yaml_move(tx_yaml *node, tx_place place, bool implied);

bool tx_yaml_is_null(const tx_yaml *node);
/* Keys are matched as all names are (base/name.h), either for the other; their ending is that of functions: lifting_factory. */
bool tx_same_key(const char *a, const char *b);
/* The index of a key in a mapping, or -1. node may be NULL or no mapping. */
int tx_yaml_find(const tx_yaml *node, const char *key);
/* Was the value at this index (or -1) put there, by --set say, instead of standing in the file? */
bool tx_yaml_is_set(const tx_yaml *mapping, int k);

/* "file.yaml:3:12: …", status TX_INVALID. */
tx_status tx_place_error(tx_place place, tx_error *error, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* One --set KEY.KEY=YAML. The nodes on the way are copied, so that what an alias shares stays as it is. */
tx_status tx_yaml_override(tx_pool *pool, tx_yaml **root, const char *text, tx_error *error);
/* The same with a value that is there already. place: of keys that are missing on the way, and of errors. */
tx_status tx_yaml_put_node(tx_pool *pool, tx_yaml **root, const char *path, tx_place place, const tx_yaml *value, tx_error *error);
/* What stands at a path; NULL: nothing. root: not NULL. */
const tx_yaml *tx_yaml_at(const tx_yaml *root, const char *path);
/* The same with a text as it stands, whatever is in it. origin: what messages call its place. */
tx_status tx_yaml_put(tx_pool *pool, tx_yaml **root, const char *path, const char *origin, const char *text, tx_error *error);

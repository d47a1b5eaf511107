/* Options and components in words: for help, lists and manual pages. */
#pragma once

#include "component/buffer.h"
#include "trainax/component.h"

/* What a table says about one option. */
typedef struct tx_option_words {
    char type[200];    /* "integer or list or same|valid" */
    char initial[200]; /* its default: "required", "required, or parameters", "-", "0.9" */
} tx_option_words;
tx_option_words tx_option_describe(const tx_option *option);

bool tx_options_have(const tx_option *options, const char *name); /* options may be NULL */

/* Words of configurations that no table has: form: the word. Ends with a form that is NULL. */
extern const tx_short_form tx_explained_words[];

/* Rows of a table of options, one below the other. */
typedef struct tx_option_rows {
    struct tx_option_row {
        const tx_option *option;
        const char *name; /* "batch_size", "trainer.batch_size" */
        tx_option_words words;
        char where[400]; /* components that have it, "network/conv, network/mlp"; "": not said */
        int places;      /* how many they are */
        bool one_kind;   /* all of the first one's */
    } * rows;
    size_t count, capacity;
} tx_option_rows;
/* `name` must outlive the rows. Options that read alike are one row if it is said where they are. */
tx_status tx_option_rows_add(tx_option_rows *rows, const tx_option *option, const char *name, const char *where, tx_error *error);
/* A component's own options and then those that its kind shares. */
tx_status tx_option_rows_add_component(tx_option_rows *rows, const tx_registry *registry, const tx_component *component,
                                       tx_error *error);
tx_status tx_option_rows_print(const tx_option_rows *rows, int width, tx_buffer *text);
/* The options at a path: from the top of the file ("trainer.optimizer") or from a component ("adam.b1"), through everything that
 * may stand on the way; if `anywhere`, a name without dots is looked for in all components. rows: none at first, and none found
 * is no error; cleared by the caller in any case. */
tx_status tx_options_find(const tx_registry *registry, const char *path, bool anywhere, tx_error *error, tx_option_rows *rows);
/* The options of all components that have `name` among their words; likewise. */
tx_status tx_options_find_word(const tx_registry *registry, const char *name, tx_error *error, tx_option_rows *rows);
void tx_option_rows_clear(tx_option_rows *rows);

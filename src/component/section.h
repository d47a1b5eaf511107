/* A resolved section from the inside. */
#pragma once

#include "component/yaml.h"
#include "trainax/component.h"

typedef enum tx_form {
    TX_FORM_NULL,
    TX_FORM_OWN,     /* the option's own type: see the union */
    TX_FORM_WORD,    /* one of option->words beside the type's own values: text */
    TX_FORM_SECTION, /* SECTION, INLINE, and a component where a number could stand */
} tx_form;

typedef struct tx_value {
    const tx_option *option;
    const tx_yaml *key, *node; /* where it is written; key NULL: nowhere, a default */
    bool given;
    tx_form form;
    int tuple; /* of a list of lists: numbers in each; else 0 */
    int count; /* of the lists and maps */
    union {
        int64_t integer;
        double real;
        bool boolean;
        uint64_t bytes;
        const char *text; /* STRING, PATH, OUTPUT_PATH, WORD, and TX_FORM_WORD */
        tx_key_spec key_spec;
        const int64_t *integers;
        const double *reals;
        const char *const *strings;
        struct {
            const int64_t *keys;
            const double *values;
        } map;
        struct {
            const int64_t *steps, *values; /* a number alone is one from step 0 on */
        } stages;
        tx_section *section;
        const tx_section *const *sections;
    };
} tx_value;

struct tx_section {
    const tx_component *component;
    const char *path; /* "trainer.optimizer", "callbacks.0"; "" for the whole file */
    tx_place place;   /* of its key, or of itself in a list */
    bool fixed;       /* no `type` key: its place says what it is */
    int count;
    tx_value *values; /* in the order of the component's table, then what is shared or added by its list */
};

struct tx_config {
    tx_pool pool;
    const tx_registry *registry;
    const char *name;    /* of the file, for messages */
    const char *folder;  /* absolute; where paths start */
    const char *here;    /* absolute; where output paths start: the working directory */
    tx_error *error;     /* while it is being made */
    const tx_yaml *tree; /* of a run: what was resolved */
    tx_error dropped;    /* what was missing in a section that was dropped */
    tx_section *root;
    const tx_config *like; /* while it is being made: whose libraries are opened; NULL: its own … */
    const char *within;    /* … and what paths begin with that there have nothing before them; NULL: likewise */
};

const tx_yaml *tx_get_mapping(const tx_section *section, const char *name); /* NULL: the value is null */
bool tx_option_takes_function(const tx_option *option);                     /* a component or a word: its key may be NAME_fn, too */
bool tx_option_is_input(const tx_option *option);                           /* names files that are read */
bool tx_option_is(const tx_option *option, const char *key);                /* as keys are matched, by name or alias */
tx_value *tx_section_find(const tx_section *section, const char *name);     /* by name or alias; NULL: none */
/* What is told of a section: as it is where it has a place in it already, else as tx_section_error. */
tx_status tx_section_blame(const tx_section *section, tx_status status, const char *told, tx_error *error);
tx_place tx_value_place(const tx_section *section, const tx_value *value);
/* The absolute folder of a file that paths stand in. */
tx_status tx_config_folder(tx_config *config, const char *name, const char **out);
/* A section of fixed shape that is a file of its own. name: of the file. */
tx_status tx_fixed_section_read(const tx_registry *registry, const char *fixed, const char *name, const char *text, tx_error *error,
                                tx_config **out);

/* Everything that has a name in a configuration: its descriptor, the registry of descriptors, and a configuration
 * resolved against them.
 *
 * A component (data source, network, stepper, residuum, loss, configuration, optimizer, schedule, callback, …) is ONE
 * constant descriptor: name, summary, table of options, and what its room needs to build it (`implementation`, whose type
 * the room's header says). From the table follow parsing, defaults, every message about an unknown key or a wrong value,
 * `trainax help`, `trainax list` and the resolved config.yaml. The top level of the file is a component too (kind RUN).
 *
 * Parsing needs no MPI and touches no file but the configuration's text. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "trainax/random.h"
#include "trainax/status.h"
#include "trainax/version.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum tx_kind {
    TX_KIND_RUN,     /* the whole file; exactly one component, "run" */
    TX_KIND_SECTION, /* sections with one fixed shape: random, trainer, output, parallel, evaluation */
    TX_KIND_DATA,
    TX_KIND_NETWORK,
    TX_KIND_BLOCK, /* what sequential and hierarchical networks are made of */
    TX_KIND_STEPPER,
    TX_KIND_RESIDUUM, /* a stepper P may stand in for one: next - P(prev) */
    TX_KIND_CONFIGURATION,
    TX_KIND_LOSS,
    TX_KIND_OPTIMIZER,
    TX_KIND_TRANSFORM, /* what a chain of an optimizer is made of; an optimizer may stand in for one */
    TX_KIND_SCHEDULE,
    TX_KIND_CALLBACK,
    TX_KIND_WEIGHTS, /* rules for level weights: exponential, last_only */
    TX_KIND_INITIAL_CONDITION,
    TX_KIND_METRIC, /* named in texts (evaluation.metrics), never a section */
    TX_KIND_BASELINE,
    TX_KIND_AUGMENTATION, /* of windows, by a symmetry of the grid */
    TX_KIND_SCENARIO,     /* stands for sections of the run */
    TX_KIND_COUNT,
} tx_kind;

typedef enum tx_type {
    TX_TYPE_INTEGER,
    TX_TYPE_REAL,
    TX_TYPE_BOOLEAN,
    TX_TYPE_STRING,
    TX_TYPE_PATH,        /* made absolute against the folder of the configuration file; of --set: as an output path */
    TX_TYPE_OUTPUT_PATH, /* relative to where the command runs; made absolute in config.yaml. In both, `~`, `~USER`, `$NAME` and
                          * `${NAME}` are expanded (unset: an error); `$$` is a dollar */
    TX_TYPE_PATHS,       /* a path, as TX_TYPE_PATH, or a list of paths */
    TX_TYPE_WORD,        /* one of `words`; stored as the table spells it */
    TX_TYPE_KEY,         /* 73 or {seed: 0, split: 2, index: 1} */
    TX_TYPE_INTEGERS,    /* a number or a list of numbers */
    TX_TYPE_REALS,
    TX_TYPE_STRINGS,  /* a text or a list of texts */
    TX_TYPE_MAP,      /* a mapping of integers to numbers: {500: 0.1, 800: 0.5} */
    TX_TYPE_MAPPING,  /* of any keys to any values, which its component takes apart: what it says is not looked at before */
    TX_TYPE_BYTES,    /* 512 MiB */
    TX_TYPE_SECTION,  /* a component of `kind`: a name, or a mapping with `type` */
    TX_TYPE_SECTIONS, /* a list of those */
    TX_TYPE_INLINE,   /* a component of `kind` whose `type` and options stand in this same mapping. The option's name is
                       * "type": tx_get_section(trainer, "type") is the trainer's configuration. A key that both tables
                       * have (time_level_loss) is read by both. */
    TX_TYPE_STAGES,   /* an integer, or a mapping of steps, which rise from 0 on, to integers: {0: 1, 2000: 3} */
} tx_type;

/* One option. `initial` is YAML text, read as the user's text would be; NULL means required; "null" means absent unless
 * given. `words` (separated by spaces) are accepted beside the type's own values ("auto", "same"); REAL or REALS with a
 * `kind` also accepts a component of that kind (learning rates, weights).
 *
 * How scalars are read: by the option's type, so 1e-3 is a number and 2.5 no integer. A number or a boolean in quotes is
 * a text, hence an error. Booleans are true and false. Numbers are finite.
 *
 * How names are matched: components, words and keys are accepted without regard to case, underscores and the ending that
 * their kind has in Python (SupervisedTrainer, MSELoss, lifting_factory); components and words also with the module before
 * them (jax.nn.relu). Resolved sections have the names of the tables. */
typedef struct tx_option {
    const char *name;
    tx_type type;
    const char *initial;
    const char *unit; /* "" where there is none */
    const char *text; /* one line for `help` */
    const char *words;
    tx_kind kind;      /* for SECTION, SECTIONS, INLINE; for REAL and REALS 0 = none; STRING, STRINGS: names of a kind that has
                        * a rule for texts (metrics), separated by commas, which must be good */
    const char *fixed; /* SECTION, SECTIONS: the one component of `kind` (no `type` key), e.g. "output" */
    /* Numbers, and each element of a list or value of a map: inclusive bounds. Both 0: none. maximum < minimum, or 0 with
     * above_minimum: no upper bound ({.minimum = 1}); for "at least 0" write .maximum = INFINITY, for an upper one .minimum =
     * -INFINITY. */
    double minimum, maximum;
    bool above_minimum;           /* the lower bound itself is excluded */
    bool or_null;                 /* null may be written too, where that is not the default: nothing */
    bool may_differ;              /* may change on --resume; for a section: all of it */
    const char *alias;            /* another name accepted for the key; for INLINE: a key under which all of it may stand */
    const char *unless;           /* required, unless this other option of the same section is given (network: key, parameters) */
    const struct tx_option *each; /* SECTIONS: options that every item has beside its component's own (weight) */
    bool or_one;                  /* SECTIONS: also one component without the list around it */
    bool or_text;                 /* MAPPING: also a text */
    int tuple;                    /* INTEGERS, REALS: also a list of lists of so many, [[low, high], …]; see tx_tuple_size */
    bool may_be_incomplete;       /* of run: dropped, not refused, when something required is missing in it and the command
                                   * requires none of the sections with this mark */
} tx_option;

enum { TX_ANY_TUPLE = -1 }; /* lists of as many as the first has: a matrix */

/* Of a component of which a part of the options stands elsewhere (a shared object): what stands in for it in a section that has
 * its own options, the others not looked at yet. The pool is that of the section's configuration. */
struct tx_pool;
typedef struct tx_section tx_section;
struct tx_component;
typedef tx_status tx_component_opener(const tx_section *section, struct tx_pool *pool, tx_error *error,
                                      const struct tx_component **out);

typedef struct tx_component {
    tx_kind kind;
    const char *name;         /* in snake case, as written in the file */
    const char *summary;      /* one line */
    const tx_option *options; /* ends with an option whose name is NULL; may be NULL */
    const void *implementation;
    bool may_differ;            /* in a list: may be there, be absent or have other options on --resume */
    bool takes_no_shared;       /* an optimizer: none of the options that its kind shares */
    tx_component_opener *opens; /* NULL: it is what it is */
} tx_component;

/* The descriptors known to this program, and per kind the options that all its components share. Filled at start-up,
 * constant afterwards. A new registry has no component, not even `run`; it has the shared options of callbacks (every,
 * name) and of data sources (dt). */
typedef struct tx_registry tx_registry;
tx_status tx_registry_create(tx_error *error, tx_registry **out);
void tx_registry_destroy(tx_registry *registry);
/* TX_INVALID when the kind has a name already that matches, or when there are more than 100 options, or when the caller was
 * compiled with headers of another ABI than this library's. The descriptor must outlive the registry. */
tx_status tx_registry_add_for(tx_registry *registry, const tx_component *component, int abi, tx_error *error);
static inline tx_status tx_registry_add(tx_registry *registry, const tx_component *component, tx_error *error)
{
    return tx_registry_add_for(registry, component, TX_ABI, error);
}
void tx_registry_share(tx_registry *registry, tx_kind kind, const tx_option *options);             /* replaces what was shared */
const tx_component *tx_registry_find(const tx_registry *registry, tx_kind kind, const char *name); /* NULL: none */
int tx_registry_count(const tx_registry *registry, tx_kind kind);
const tx_component *tx_registry_at(const tx_registry *registry, tx_kind kind, int index); /* in order of addition */
const tx_option *tx_registry_shared(const tx_registry *registry, tx_kind kind);           /* may be NULL */
/* Those that this component has of them: all or, NULL, none. */
const tx_option *tx_registry_shared_by(const tx_registry *registry, const tx_component *component);
/* Components of a kind may be written as short texts with semicolons, "Conv;34;10;relu", if a rule is given that turns one
 * into the flow mapping it stands for (written to `section`, at most `size` bytes with the zero). Its `key` then stands
 * beside it in the run, under NAME_key. */
enum { TX_DESCRIBED_SIZE = 512 };
typedef tx_status tx_descriptor_rule(const char *descriptor, size_t size, char *section, tx_error *error);
/* The forms that such a text can have and what each is, for help; behind the last one whose form is NULL. */
typedef struct tx_short_form {
    const char *form, *text; /* "Conv;HIDDEN;DEPTH;ACTIVATION", "conv_net" */
} tx_short_form;
typedef tx_short_form tx_short_form_rule(int index);
void tx_registry_describe(tx_registry *registry, tx_kind kind, tx_descriptor_rule *rule, tx_short_form_rule *forms);
/* A section of the run of this kind is no part of the configuration, but stands for other sections of it: the rule writes them,
 * a mapping in YAML (malloc'ed through tx_allocate). What the user writes beside is laid over them key by key: a section with
 * another `type`, and whatever is no section, replaces. coarse: see tx_config_source. */
typedef tx_status tx_expansion_rule(const tx_section *section, bool coarse, tx_error *error, char **out);
void tx_registry_expand(tx_registry *registry, tx_kind kind, tx_expansion_rule *rule);
const char *tx_kind_name(tx_kind kind);   /* "network" */
const char *tx_kind_plural(tx_kind kind); /* "networks" */

/* A mapping of the configuration, resolved: every option of its component has a value. Sections are owned by their
 * tx_config. The getters take a name that stands in the component's table (or its kind's shared one) with that type:
 * anything else is a bug, where a Debug build ends. Of that, and of a value that is null, or a word, or a section where a
 * number was asked for, they return 0 or NULL. */
const tx_component *tx_section_component(const tx_section *section);
const char *tx_section_name(const tx_section *section); /* its component's name */

bool tx_knows(const tx_section *section, const char *name);           /* its component or its kind has such an option */
bool tx_has(const tx_section *section, const char *name);             /* a value that is not null */
bool tx_given(const tx_section *section, const char *name);           /* written by the user (file or --set), not a default */
const char *tx_get_word(const tx_section *section, const char *name); /* the value if it is one of the words, else NULL */
int64_t tx_get_integer(const tx_section *section, const char *name);
double tx_get_real(const tx_section *section, const char *name);
bool tx_get_boolean(const tx_section *section, const char *name);
const char *tx_get_string(const tx_section *section, const char *name); /* STRING and the paths */
tx_key_spec tx_get_key(const tx_section *section, const char *name);
int tx_get_integers(const tx_section *section, const char *name, const int64_t **out); /* returns how many */
/* How many numbers each list has of what is written [[low, high], …], whose numbers come flattened; 0: it is no list of lists. */
int tx_tuple_size(const tx_section *section, const char *name);
int tx_get_reals(const tx_section *section, const char *name, const double **out);
int tx_get_strings(const tx_section *section, const char *name, const char *const **out); /* STRINGS and PATHS */
/* In the order of rising keys, all different; returns how many. */
int tx_get_map(const tx_section *section, const char *name, const int64_t **keys, const double **values);
/* Each holds from a step on, the first from step 0; returns how many: 1 where there is a number alone. */
int tx_get_stages(const tx_section *section, const char *name, const int64_t **steps, const int64_t **values);
uint64_t tx_get_bytes(const tx_section *section, const char *name);
const tx_section *tx_get_section(const tx_section *section, const char *name); /* NULL where the value is no section */
int tx_get_sections(const tx_section *section, const char *name, const tx_section *const **out);

/* An error about the value of one option (name NULL: about the section), at its place in the file:
 * "file.yaml:3:12: network.in_channels: …" (`--set network.in_channels: …` where it came from there). A value that is a
 * default has the place of its section. */
tx_status tx_section_error(const tx_section *section, const char *name, tx_error *error, tx_status status, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
#ifdef __clang_analyzer__ /* as tx_error_set */
#define tx_section_error(section, name, error, status, ...) (tx_section_error(section, name, error, status, __VA_ARGS__), (status))
#endif

/* A configuration: the resolved `run` section with all below it. */
typedef struct tx_config tx_config;

/* Which sections must be there: a command names those that it needs, missing ones are an error, others are resolved when
 * present. Names of options of `run` ("data", "network", "trainer"), NULL-terminated; NULL: none.
 *
 * An override's left side is the path of a key; items of a list are counted from 0 (callbacks.0.every). Mappings on the
 * way are made where they are missing, and a component given by its name becomes the mapping {type: NAME}. Overrides of a scenario
 * come before all others, which change what it stands for. */
typedef struct tx_config_source {
    const char *name;             /* for messages; the folder of this path resolves relative paths; its name without
                                   * extension gives the default output.directory, runs/<name> */
    const char *text;             /* YAML */
    const char *const *overrides; /* "KEY.KEY=YAML" texts of --set, may be NULL */
    int num_overrides;
    const char *const *required;
    const char *output; /* output.directory as it stands; NULL: the text's */
    bool coarse;        /* of a scenario, which must be there: its coarse stepper makes the data */
} tx_config_source;

/* TX_INVALID with the place for everything that is wrong in the text. */
tx_status tx_config_create(const tx_registry *registry, const tx_config_source *source, tx_error *error, tx_config **out);
/* The text of a configuration file; freed with tx_free. TX_INVALID where it cannot be read or is no text. */
tx_status tx_config_load(const char *path, tx_error *error, char **out);
/* Both. */
tx_status tx_config_read(const tx_registry *registry, const char *path, const char *const *overrides, int num_overrides,
                         const char *const *required, tx_error *error, tx_config **out);
void tx_config_destroy(tx_config *config);
const tx_section *tx_config_root(const tx_config *config);
/* What is missing in a section that was dropped for it, because the command does not need that section; NULL: none was. */
const char *tx_config_dropped(const tx_config *config);
const tx_registry *tx_config_registry(const tx_config *config);
/* The paths that it reads: its own and all values of type PATH, NULL behind the last; behind that, room for some more and
 * another NULL. *out: one allocation (tx_free); the texts are the configuration's. */
tx_status tx_config_inputs(const tx_config *config, size_t room, tx_error *error, size_t *count, const char ***out);

/* The shared objects that it names, and where; *out: one tx_allocate, the texts are the configuration's. */
typedef struct tx_named_library {
    const char *section, *path; /* "trainer.ref_stepper" */
} tx_named_library;
tx_status tx_config_libraries(const tx_config *config, tx_error *error, size_t *count, tx_named_library **out);

/* The resolved YAML of one section (all options, defaults included, absolute paths), which reads back to the same
 * configuration. Malloc'ed through tx_allocate; the caller frees it with tx_free. A section of a kind with several
 * components starts with its `type`. */
tx_status tx_section_write(const tx_section *section, tx_error *error, char **out);
/* A section from its own YAML text (the `network` attribute of a network file), which tx_config_root(*out) then is. `name`
 * stands for the file in messages; for the kinds RUN and SECTION it is the component's name. Owned by *out. */
tx_status tx_section_read(const tx_registry *registry, tx_kind kind, const char *name, const char *text, tx_error *error,
                          tx_config **out);
/* The same, but where a section of `like`, a configuration of that kind, names a shared object, that is opened instead of the one
 * which the text names in the same place: libraries move. */
tx_status tx_section_read_like(const tx_registry *registry, tx_kind kind, const char *name, const char *text, const tx_config *like,
                               tx_error *error, tx_config **out);
/* Whether a run of `old` may be resumed as `now`: TX_INVALID naming the first key that differs and must not
 * ("trainer.batch_size is 16 but the run was started with 32"). Paths of files may always differ, the content of files is the
 * caller's to compare. */
tx_status tx_section_same_run(const tx_section *now, const tx_section *old, tx_error *error);

/* The text of `trainax help NAME` and `trainax list [KINDS]` (plural NULL: all), in lines of at most `width` columns (0: as long
 * as they are); freed with tx_free. NAME is a component, also as KIND/NAME; a key of the file ("precision"), also at some depth
 * or in a component ("trainer.optimizer", "adam.b1"); a kind, which gives its list; a short form ("Conv;34;10;relu"); or any
 * option, which gives all places that have it. TX_INVALID names the nearest, or the kinds among which NAME is ambiguous. */
tx_status tx_registry_help(const tx_registry *registry, const char *name, int width, tx_error *error, char **out);
tx_status tx_registry_list(const tx_registry *registry, const char *plural, int width, tx_error *error, char **out);
/* A JSON Schema (draft 7) of configuration files, for editors; freed with tx_free. TX_INVALID without `run`. */
tx_status tx_registry_schema(const tx_registry *registry, tx_error *error, char **out);

#ifdef __cplusplus
}
#endif

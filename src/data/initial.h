/* Initial conditions: what a component of that kind is, and Exponax's way of giving keys to samples. Draws are of the run's
 * precision; what follows from them is computed in double and rounded once. */
#pragma once

#include "data/fourier.h"
#include "data/options.h"
#include "trainax/random.h"
#include "trainax/shape.h"

/* ---- Conditions ---- */

typedef struct tx_condition tx_condition;
typedef struct tx_draw { /* which state */
    int64_t sample;
    tx_key key;
} tx_draw;
typedef struct tx_condition_class { /* an initial condition component's `implementation` */
    /* Checks the options and fills in what is asked below; TX_INVALID when they do not fit condition->state. */
    tx_status (*create)(tx_condition *condition, tx_error *error);
    tx_status (*prepare)(tx_condition *condition, tx_error *error); /* makes condition->work, what a draw needs; may be NULL */
    /* One channel or, of a whole condition, all: tx_condition_size numbers. Only those that read files fail. */
    tx_status (*draw)(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error);
    void (*destroy)(void *work); /* NULL: work is one tx_allocate */
} tx_condition_class;
struct tx_condition {
    const tx_condition_class *class_;
    const tx_section *section;
    tx_random random;
    tx_shape state;
    bool whole;           /* set by create: draws all channels at once, not one of them */
    bool keyless;         /* set by create: takes no key */
    int64_t samples;      /* set by create: how many there are; 0: as many as one likes */
    size_t bytes;         /* set by create: what preparing it takes */
    tx_condition **inner; /* those that it changes or puts together: tx_condition_add */
    int num_inner;
    void *work; /* the class's own */
};
int64_t tx_condition_size(const tx_condition *condition); /* numbers of a draw */
/* For create: makes the conditions of these sections the inner ones. */
tx_status tx_condition_add(tx_condition *condition, const tx_section *const *sections, int count, tx_error *error);
tx_status tx_condition_draw(const tx_condition *condition, const tx_draw *which, double *out, tx_error *error);

/* ---- For the classes ---- */

/* TX_INVALID: the states have no axes (or more than `most`); an option is no range [low, high]; both std_one and max_one. */
tx_status tx_condition_check_axes(const tx_condition *condition, int most, tx_error *error);
tx_status tx_condition_check_range(const tx_condition *condition, const char *name, tx_error *error);
tx_status tx_condition_check_unit(const tx_condition *condition, tx_error *error);
/* What zero_mean, std_one and max_one (those that it has) do to a channel, in this order. */
void tx_condition_settle(const tx_condition *condition, double *channel);
/* Draws as doubles: normal numbers; uniform ones; those in the range that an option says, times `unit`. */
void tx_condition_normal(const tx_condition *condition, tx_key key, int64_t count, double *out);
void tx_condition_between(const tx_condition *condition, tx_key key, double low, double high, int64_t count, double *out);
void tx_condition_uniform(const tx_condition *condition, tx_key key, const char *range, double unit, int64_t count, double *out);
/* prepare and destroy of those whose work is a tx_fourier of a channel; it takes tx_fourier_bytes. */
tx_status tx_condition_prepare_fourier(tx_condition *condition, tx_error *error);
void tx_condition_destroy_fourier(void *work);
/* The channel whose modes are there, settled. */
void tx_condition_backward(const tx_condition *condition, double *out);
/* Coordinates of a point: Exponax's L (j / N). */
void tx_condition_place(const tx_condition *condition, int64_t point, double extent, double x[TX_MAX_AXES]);
/* A list of the section with as many numbers as the states have axes, or one for all of them. */
tx_status tx_condition_vector(const tx_condition *condition, const tx_section *section, const char *name, tx_error *error,
                              double out[TX_MAX_AXES]);

/* clang-format off */
#define TX_OPTION_RANGE(NAME, VALUE, UNIT, TEXT)                                                                                   \
    {.name = NAME, .type = TX_TYPE_REALS, .initial = VALUE, .unit = UNIT, .text = TEXT}
#define TX_OPTION_SWITCH(NAME, VALUE, TEXT)                                                                                        \
    {.name = NAME, .type = TX_TYPE_BOOLEAN, .initial = VALUE, .unit = "", .text = TEXT}
#define TX_OPTION_EXTENT(VALUE)                                                                                                    \
    {.name = "domain_extent", .type = TX_TYPE_REAL, .initial = VALUE, .unit = "length", .above_minimum = true,                     \
     .text = "length of the domain along each axis, whatever the stepper's"}
#define TX_OPTION_ZERO_MEAN(VALUE) TX_OPTION_SWITCH("zero_mean", VALUE, "take the mean away")
#define TX_OPTIONS_UNIT                                                                                                            \
    TX_OPTION_SWITCH("std_one", "false", "divide by the standard deviation"),                                                      \
    TX_OPTION_SWITCH("max_one", "false", "divide by the largest absolute value")
#define TX_CONDITION(NAME, SUMMARY, OPTIONS, CLASS)                                                                                \
    {.kind = TX_KIND_INITIAL_CONDITION, .name = NAME, .summary = SUMMARY, .options = OPTIONS, .implementation = CLASS}
/* clang-format on */

/* ---- States of samples ---- */

typedef struct tx_initial tx_initial;
/* key: of the chain k, s = split(k). TX_INVALID: what is wrong with the section. */
tx_status tx_initial_create(const tx_section *section, tx_random random, tx_key key, tx_shape state, tx_error *error,
                            tx_initial **out);
tx_status tx_initial_prepare(tx_initial *initial, tx_error *error); /* before the first draw */
size_t tx_initial_bytes(const tx_initial *initial);                 /* that this takes */
int64_t tx_initial_channels(const tx_section *section);             /* that a state of it has; -1: any number */
bool tx_initial_keyless(const tx_initial *initial);
int64_t tx_initial_samples(const tx_initial *initial); /* 0: as many as one likes */
void tx_initial_destroy(tx_initial *initial);
/* The state of one sample, in any order of samples (rising is cheap), in the run's precision: of the chain the sample's s, of which
 * channel c takes split(s, channels)[c], unless the condition draws whole states. */
tx_status tx_initial_draw(tx_initial *initial, int64_t sample, void *out, tx_error *error);

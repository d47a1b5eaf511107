/* Augmentations: symmetries of the grid, drawn anew for each window and step. One file each: how many numbers it draws an axis, and
 * what symmetry it makes of them. */
#pragma once

#include "data/symmetry.h"
#include "trainax/component.h"
#include "trainax/random.h"

typedef struct tx_augmentation {
    const tx_section *section;
    tx_tensors tensors;
    unsigned axes; /* that it is about, a bit each; all where it has no such option */
} tx_augmentation;

typedef struct tx_augmentation_class { /* an augmentation component's `implementation` */
    int draws;                         /* uniform numbers in [0, 1) for each axis of the state */
    int least_axes;
    bool permutes; /* axes, which need equal numbers of points */
    /* u: `draws` numbers an axis, of which those of the first draw come first. */
    void (*draw)(const tx_augmentation *augmentation, const double *u, tx_symmetry *symmetry);
} tx_augmentation_class;

/* TX_INVALID, with the place in the file: channels or axes that there are not, …. */
tx_status tx_augmentation_create(const tx_section *section, tx_shape state, tx_error *error, tx_augmentation *out);
/* Puts what the key draws behind the symmetry. */
void tx_augmentation_draw(const tx_augmentation *augmentation, tx_random random, tx_key key, tx_symmetry *symmetry);

/* For the classes: the order of u's numbers, as a stable argsort. */
void tx_augmentation_order(const double *u, int count, int *out);

#define TX_OPTIONS_TENSORS                                                                                                         \
    {.name = "vectors",                                                                                                            \
     .type = TX_TYPE_INTEGERS,                                                                                                     \
     .initial = "null",                                                                                                            \
     .unit = "channels",                                                                                                           \
     .maximum = INFINITY,                                                                                                          \
     .tuple = TX_ANY_TUPLE,                                                                                                        \
     .text = "lists of a channel an axis, which hold a vector's components along them"},                                           \
    {                                                                                                                              \
        .name = "pseudoscalars", .type = TX_TYPE_INTEGERS, .initial = "null", .unit = "channels", .maximum = INFINITY,             \
        .text = "channels that change their sign where the axes change their handedness"                                           \
    }
#define TX_OPTION_AXES                                                                                                             \
    {                                                                                                                              \
        .name = "axes", .type = TX_TYPE_INTEGERS, .initial = "all", .words = "all", .unit = "axes", .maximum = INFINITY,           \
        .text = "which ones, counted from 0"                                                                                       \
    }
#define TX_AUGMENTATION(identifier, description, table, class_)                                                                    \
    {                                                                                                                              \
        .kind = TX_KIND_AUGMENTATION, .name = identifier, .summary = description, .options = table, .implementation = class_       \
    }

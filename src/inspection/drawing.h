/* The unrolled training graph of a configuration as a drawing: the states that its graph hands on, on a grid, and how they come of
 * each other. */
#pragma once

#include "base/text.h"
#include "trainax/configuration.h"

typedef enum tx_origin { TX_BY_DATA, TX_BY_NETWORK, TX_BY_STEPPER, TX_BY_RESIDUUM, TX_ORIGINS } tx_origin;

/* From a state; cut: no gradient goes back. */
typedef struct tx_arrow {
    int from; /* TX_NONE: there is none */
    bool cut;
} tx_arrow;

typedef struct tx_drawn_state {
    tx_origin origin;
    tx_node node;
    int level;        /* steps from the initial state: its column */
    int row;          /* 0: the main chain; above it, where references come first, -1, -2, … */
    tx_arrow from[2]; /* of a residuum: the later state first */
} tx_drawn_state;

/* weight * loss(prediction, target), or of the prediction alone. */
typedef struct tx_drawn_term {
    double weight;
    tx_arrow of[2];
} tx_drawn_term;

typedef struct tx_drawing {
    tx_drawn_state *states;
    tx_drawn_term *terms;
    int num_states, num_terms;
    size_t capacity[2]; /* of states, of terms */
    int levels, first_row, last_row;
} tx_drawing;

/* Builds the configuration, with network, stepper and residuum as single nodes. TX_INVALID: more states than a drawing can show. */
tx_status tx_drawing_create(const tx_section *configuration, tx_shape state, tx_error *error, tx_drawing *out);
void tx_drawing_destroy(tx_drawing *drawing); /* takes a zeroed one */

tx_status tx_drawing_add_svg(const tx_drawing *drawing, tx_text *text, tx_error *error);
tx_status tx_drawing_add_dot(const tx_drawing *drawing, tx_text *text, tx_error *error);

/* In both: how a state is called, by what made it and its level; what has made it, for the legend. */
extern const char *const tx_origin_letter[TX_ORIGINS], *const tx_origin_name[TX_ORIGINS];

/* A scenario as a table: which stepper it has, and what the stepper's arguments are made of. */
#pragma once

#include "component/buffer.h"
#include "physics/options.h"
#include "trainax/scenario.h"

enum { TX_MOST_ORDERS = 5, TX_AS_CHANNELS = -1, TX_AS_SQUARE = -2 };

/* An argument of the stepper. Without more than `of[0]` it is that argument of the scenario. */
typedef struct tx_row {
    const char *argument, *constant; /* constant: what it always is */
    const char *of[TX_MOST_ORDERS];  /* arguments of the scenario, */
    bool orders;                     /* of which each is the coefficient of one order of derivative; lacking ones are 0 */
    const char *at;                  /* of[0] is that of the order that this argument says */
    const double *by_word;           /* the number of the word that of[0] is, in the order of its words */
    bool negative;                   /* of the other sign */
    bool scaled;                     /* what substeps and the coarse stepper make smaller */
    int length;                      /* of a list: 0: any; TX_AS_CHANNELS: as many as axes; TX_AS_SQUARE: their square */
} tx_row;

/* A scenario component's `implementation`. */
typedef struct tx_scenario_class {
    const char *column; /* its name behind "1d_" in APEBench's tables, */
    const char *suffix; /* then this argument of it, or, "*", the orders that rows[0] has */
    const char *stepper;
    const tx_row *rows;
    int dims[2];          /* fewest and most axes; 0: any */
    int channels;         /* TX_AS_CHANNELS: as many as axes; 0: num_channels */
    const char *initial;  /* what ic_config has no effect on; NULL: it has */
    const char *fixed[4]; /* arguments that must have their defaults */
} tx_scenario_class;

const tx_scenario_class *tx_scenario_class_of(const tx_section *scenario);

/* `stepper`: the scenario's, as a mapping. TX_INVALID where an argument does not fit. */
tx_status tx_scenario_stepper(const tx_section *scenario, bool coarse, tx_buffer *text);
/* The numbers of a row; *count at most TX_MOST_ROW. */
enum { TX_MOST_ROW = 128 };
tx_status tx_row_numbers(const tx_section *scenario, const tx_row *row, tx_error *error, double *out, int *count);

/* The words of a run, as keys of the sections: "type: supervised, num_rollout_steps: 1". */
tx_status tx_words_train(const tx_section *scenario, tx_buffer *text);
/* "num_training_steps: 10000, optimizer: {…}" */
tx_status tx_words_optimizer(const tx_section *scenario, tx_buffer *text);
tx_status tx_words_callbacks(const tx_section *scenario, tx_buffer *text); /* "[{…}, …]" */
/* Nothing where the task is to predict, else "{type: corrected_stepper, mode: …". */
tx_status tx_words_task(const tx_section *scenario, tx_buffer *text);

/* ---- Tables ---- */

/* clang-format off */
#define TX_SCENARIO(NAME, SUMMARY, OPTIONS, ...)                                                                                   \
    {.kind = TX_KIND_SCENARIO, .name = NAME, .summary = SUMMARY, .options = OPTIONS,                                               \
     .implementation = &(const tx_scenario_class){__VA_ARGS__}}
#define TX_ROWS(...) .rows = (const tx_row[]){__VA_ARGS__, {0}}
#define TX_ROW(NAME) {.argument = NAME, .of = {NAME}}
#define TX_ROWS_ETDRK TX_ROW("order"), TX_ROW("dealiasing_fraction"), TX_ROW("num_circle_points"), TX_ROW("circle_radius")
#define TX_ROW_TIME TX_ROW("domain_extent"), {.argument = "dt", .of = {"dt"}, .scaled = true}

#define TX_OF_ORDERS "of the derivatives of order 0, 1, …"
#define TX_OF_TERMS "of u^2, of the sum of derivatives of u^2 / 2, of |grad u|^2 / 2"
#define TX_OF_ONE "coefficient of the one derivative"
#define TX_OPTION_ONE                                                                                                              \
    {.name = "linear_term_order", .type = TX_TYPE_INTEGER, .initial = "1", .minimum = 0, .maximum = 100, .text = "its order"}
#define TX_NO_EFFECT(NAME) TX_OPTION_NUMBERS(NAME, "null", "of no effect: the scenario makes it of its other arguments")
#define TX_OPTION_SUBSTEPS(VALUE)                                                                                                  \
    {.name = "num_substeps", .type = TX_TYPE_INTEGER, .initial = VALUE, .unit = "steps", .minimum = 1, .maximum = 100000,          \
     .text = "of the stepper that are one time step"}
#define TX_OPTIONS_NONLINEAR TX_OPTION_SUBSTEPS("1"), TX_OPTIONS_ETDRK(TX_TWO_THIRDS)
#define TX_OPTIONS_CONVECTION                                                                                                      \
    TX_OPTION_FLAG("conservative", "true", "the convection as a divergence"), TX_OPTIONS_NONLINEAR
#define TX_OPTION_TIME(EXTENT, DT)                                                                                                 \
    {.name = "domain_extent", .type = TX_TYPE_REAL, .initial = EXTENT, .unit = "length", .above_minimum = true,                    \
     .text = "length of the domain along each axis"},                                                                              \
    {.name = "dt", .type = TX_TYPE_REAL, .initial = DT, .unit = "time", .text = "time step"}
#define TX_OPTION_WARMUP(VALUE)                                                                                                    \
    {.name = "num_warmup_steps", .type = TX_TYPE_INTEGER, .initial = VALUE, .unit = "steps", .minimum = 0, .maximum = 1e9,         \
     .text = "from the random initial state to the first level"}
#define TX_OPTION_VLIM(VALUE) TX_OPTION_NUMBERS("vlim", VALUE, "limits of pictures")
#define TX_OPTION_METRICS(VALUE)                                                                                                   \
    {.name = "report_metrics", .type = TX_TYPE_STRING, .initial = VALUE, .kind = TX_KIND_METRIC, .text = "at commas"}
#define TX_OPTIONS_CHAOTIC(LIMITS)                                                                                                 \
    TX_OPTION_WARMUP("500"), TX_OPTION_VLIM(LIMITS), TX_OPTION_METRICS("\"mean_nRMSE,mean_correlation\"")
#define TX_OPTION_STARTS(VALUE)                                                                                                    \
    {.name = "ic_config", .type = TX_TYPE_STRING, .initial = VALUE, .kind = TX_KIND_INITIAL_CONDITION,                             \
     .text = "initial states, on a domain of extent 1"}
#define TX_OPTION_STARTS_CLAMPED TX_OPTION_STARTS("\"clamp;0.0;1.0;fourier;5;false;false\"")
/* clang-format on */

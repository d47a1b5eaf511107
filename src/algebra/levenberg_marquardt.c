/* Levenberg-Marquardt, with Nielsen's damping (1999, IMM-REP-1999-05) and the geodesic acceleration of Transtrum and Sethna (2012,
 * arXiv:1201.5885); and gauss_newton, its step with a damping that is no state. Ranks decide alike, as all see the same numbers. */
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "algebra/normal.h"
#include "base/memory.h"
#include "base/real.h"
#include "base/text.h"
#include "optimizer/options.h"

typedef struct second_order {
    const tx_section *section;
    double damping_parameter, threshold, ftol; /* the latter two of levenberg_marquardt */
    bool geodesic;
    tx_task planned; /* what is known of the task before there are numbers */
    tx_normal normal;
    double *g, *v, *bent; /* J'r; the step; what bends it */
    double square, mu;    /* of the step that is prepared: |r|^2, damping */
} second_order;

enum { DAMPING, INCREASE_FACTOR, GAIN_RATIO };

static double state_of(const tx_stage *stage, int array)
{
    return *(const double *)stage->arrays[array].values;
}

static double dot(const double *a, const double *b, int64_t count)
{
    double sum = 0;
    for (int64_t k = 0; k < count; k++) {
        sum += a[k] * b[k];
    }
    return sum;
}

/* ---- What it takes, and what there is to be known of it ---- */

static size_t bytes(const tx_stage *stage, int num_ranks)
{
    const second_order *own = stage->state;
    enum { ROUNDING = 512 };
    return tx_normal_bytes(&own->planned, false, num_ranks) + 3 * (size_t)own->planned.num_parameters * sizeof(double) + ROUNDING;
}

/* Of a sum of rows and a factor. */
static double count_flops(const tx_task *task)
{
    const double rows = (double)task->most_rows, parameters = (double)task->num_parameters;
    const double n = tx_normal_is_dual(task) ? rows : parameters;
    return rows * parameters * n + n * n * n / 3;
}

static tx_status describe(const tx_stage *stage, int num_ranks, tx_error *error, char **out)
{
    const tx_task *task = &((const second_order *)stage->state)->planned;
    const tx_symmetric_setup setup = tx_normal_setup(task, false);
    const tx_grid grid = tx_symmetric_grid(&setup, num_ranks);
    tx_text text = {0};
    const tx_status status = tx_text_add(
        &text, error, "residuals: %" PRId64 "\nsystem: %s %" PRId64 " x %" PRId64 "\nprocess grid: %d x %d\nflops per step: %.4g\n",
        task->most_rows, tx_normal_is_dual(task) ? "dual" : "primal", setup.size, setup.size, grid.rows, grid.columns,
        count_flops(task));
    *out = text.data;
    return status;
}

static void tell(const tx_stage *stage, const tx_task *task)
{
    if (!task->log || tx_parallel_rank(task->parallel)) {
        return;
    }
    const char *name = tx_section_name(((const second_order *)stage->state)->section);
    tx_log_write(task->log, TX_LOG_NOTE, "%s: on other numbers of ranks results agree to rounding, not to the bit", name);
    if (!task->full_batch && task->most_rows < 4 * task->num_parameters) {
        tx_log_write(task->log, TX_LOG_WARNING,
                     "%s: a minibatch has %" PRId64 " residuals for %" PRId64
                     " parameters; with fewer than 4 for each the damping fits single minibatches",
                     name, task->most_rows, task->num_parameters);
    }
}

/* ---- Creation ---- */

static tx_status allocate_numbers(second_order *own, size_t count, tx_error *error)
{
    TX_TRY(tx_allocate_array(count, sizeof *own->g, error, &own->g));
    TX_TRY(tx_allocate_array(count, sizeof *own->v, error, &own->v));
    return tx_allocate_array(count, sizeof *own->bent, error, &own->bent);
}

static tx_status allocate(tx_stage *stage, const tx_task *task, tx_error *error)
{
    second_order *own = stage->state;
    TX_TRY(tx_parallel_agree(task->parallel, allocate_numbers(own, (size_t)task->num_parameters, error), error));
    tell(stage, task);
    return tx_normal_create(&own->normal, task, false, error);
}

static void destroy(tx_stage *stage)
{
    second_order *own = stage->state;
    tx_normal_destroy(&own->normal);
    tx_free(own->g);
    tx_free(own->v);
    tx_free(own->bent);
}

/* What is asked of a task depends on the form, and that on how many residuals there are. */
static tx_status ask(const tx_optimizer *optimizer, const tx_section *section, bool geodesic, tx_error *error)
{
    TX_TRY(tx_optimizer_ask(optimizer, section, TX_ASKS_RESIDUALS, error));
    return tx_optimizer_ask(optimizer, section, tx_normal_asks(optimizer->task, geodesic), error);
}

static tx_status add(tx_optimizer *optimizer, const tx_section *section, tx_stage_update *update, tx_error *error, tx_stage **out)
{
    tx_stage *stage;
    TX_TRY(tx_symmetric_known(error));
    TX_TRY(tx_stage_add(optimizer, update, sizeof(second_order), error, &stage));
    if (stage->number >= 0) {
        return tx_section_error(section, NULL, error, TX_INVALID, "%s cannot be one of a chain", tx_section_name(section));
    }
    second_order *own = stage->state;
    own->section = section;
    own->damping_parameter = tx_get_real(section, "damping_parameter");
    own->geodesic = tx_option_flag(section, "geodesic", false);
    stage->bytes = bytes;
    stage->describe = describe;
    stage->allocate = allocate;
    stage->destroy = destroy;
    TX_TRY(ask(optimizer, section, own->geodesic, error));
    own->planned = *optimizer->task;
    *out = stage;
    return TX_OK;
}

/* ---- What both do ---- */

static tx_status build(second_order *own, const tx_task *task, tx_error *error)
{
    for (int64_t k = 0; k < task->num_parameters; k++) {
        own->g[k] = tx_real_get(task->precision, task->gradient, k) / 2;
    }
    TX_TRY(tx_normal_look(&own->normal, error, &own->square));
    return tx_normal_build(&own->normal, error);
}

static tx_status first_damping(second_order *own, tx_error *error)
{
    double largest;
    TX_TRY(tx_normal_largest(&own->normal, error, &largest));
    own->mu = own->damping_parameter * largest;
    return TX_OK;
}

/* Of a system, and what it has cost so far: this rank's seconds, flops of a step. */
static bool tell_system(const tx_stage *stage, const char *name, double *out)
{
    const second_order *own = stage->state;
    const tx_normal_times *times = &own->normal.times;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"damping", own->mu},
                   {"jacobian_seconds", times->jacobian},
                   {"gram_seconds", times->gram},
                   {"factor_seconds", times->factor},
                   {"flops_per_step", count_flops(&own->planned)}};
    bool known = false;
    for (size_t k = 0; k < sizeof numbers / sizeof *numbers; k++) {
        if (strcmp(name, numbers[k].name) == 0) {
            *out = numbers[k].value;
            known = true;
        }
    }
    return known;
}

/* next = parameters + scale * direction. Whether all are finite. */
static bool go(const tx_update *update, double scale, const double *direction)
{
    const tx_task *task = update->task;
    bool finite = true;
    for (int64_t k = 0; k < task->num_parameters; k++) {
        const double next = tx_real_get(task->precision, update->parameters, k) + scale * direction[k];
        tx_real_put(task->precision, update->next_parameters, k, next);
        finite &= isfinite(tx_real_round(task->precision, next));
    }
    return finite;
}

/* ---- levenberg_marquardt ---- */

static tx_status prepare(tx_stage *stage, const tx_task *task, tx_error *error)
{
    second_order *own = stage->state;
    TX_TRY(build(own, task, error));
    own->mu = state_of(stage, DAMPING);
    return tx_optimizer_count(stage->optimizer) ? TX_OK : first_damping(own, error);
}

static bool tell_number(const tx_stage *stage, const char *name, double *out)
{
    const bool any = stage->arrays[GAIN_RATIO].values && tx_optimizer_count(stage->optimizer) > 0;
    if (strcmp(name, "gain_ratio") == 0) {
        *out = any ? state_of(stage, GAIN_RATIO) : (double)NAN;
        return true;
    }
    return tell_system(stage, name, out);
}

/* A step that is tried. */
typedef struct trial {
    double predicted, ratio; /* decrease of |r|^2, to first order; what came of it, in such decreases */
    bool solved;
} trial;

/* v becomes the step. */
static tx_status bend(second_order *own, const tx_update *update, tx_error *error)
{
    const int64_t count = update->task->num_parameters;
    bool finite;
    TX_TRY(tx_normal_bend(&own->normal, own->g, own->v, own->mu, update->next_parameters, error, own->bent, &finite));
    const double bent = sqrt(dot(own->bent, own->bent, count)), straight = sqrt(dot(own->v, own->v, count));
    for (int64_t k = 0; finite && bent <= own->threshold * straight && k < count; k++) {
        own->v[k] += own->bent[k] / 2;
    }
    return TX_OK;
}

/* Leaves the parameters that it leads to in the update. */
static tx_status attempt(second_order *own, const tx_update *update, tx_error *error, trial *out)
{
    const int64_t count = update->task->num_parameters;
    double pivot, decrease;
    *out = (trial){.ratio = -1};
    TX_TRY(tx_normal_factor(&own->normal, own->mu, error, &pivot));
    if (pivot <= 0) {
        return TX_OK;
    }
    TX_TRY(tx_normal_descend(&own->normal, own->g, error, own->v));
    out->solved = true;
    out->predicted = own->mu * dot(own->v, own->v, count) - dot(own->v, own->g, count);
    TX_TRY(own->geodesic ? bend(own, update, error) : TX_OK);
    if (go(update, 1, own->v)) {
        TX_TRY(tx_normal_compare(&own->normal, update->next_parameters, error, &decrease));
        const double ratio = decrease / out->predicted;
        out->ratio = isfinite(ratio) ? ratio : -1;
    }
    return TX_OK;
}

static bool is_last(const second_order *own, const tx_task *task, const trial *trial)
{
    const bool flat = dot(own->g, own->g, task->num_parameters) == 0;
    return flat || (task->full_batch && trial->solved && trial->predicted <= own->ftol * own->square);
}

static void put(const tx_update *update, int array, double value)
{
    *(double *)update->arrays[array].next = value;
}

static tx_status update_levenberg_marquardt(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    second_order *own = stage->state;
    const double factor = state_of(stage, INCREASE_FACTOR);
    trial trial;
    TX_TRY(attempt(own, update, error, &trial));
    const bool taken = trial.ratio > 0;
    const double away = 2 * trial.ratio - 1, less = 1 - away * away * away;
    if (!taken) {
        memcpy(update->next_parameters, update->parameters,
               (size_t)update->task->num_parameters * tx_real_bytes(update->task->precision));
    }
    put(update, DAMPING, own->mu * (!taken ? factor : less > 1. / 3 ? less : 1. / 3));
    put(update, INCREASE_FACTOR, taken ? 2 : 2 * factor);
    put(update, GAIN_RATIO, trial.ratio);
    *update->ends |= is_last(own, update->task, &trial);
    return TX_OK;
}

static tx_status keep(tx_stage *stage, const char *name, double initial, tx_error *error)
{
    tx_state_array array = {.number = TX_NUMBER_DOUBLE, .initial = initial};
    snprintf(array.name, sizeof array.name, "%s", name);
    return tx_stage_keep_array(stage, &array, error);
}

static tx_status create_levenberg_marquardt(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, section, update_levenberg_marquardt, error, &stage));
    second_order *own = stage->state;
    own->threshold = tx_get_real(section, "contribution_ratio_threshold");
    own->ftol = tx_option_real(section, "ftol", optimizer->precision == TX_FLOAT32 ? 1e-7 : 1e-14);
    stage->prepare = prepare;
    stage->tell = tell_number;
    stage->descends = true;
    TX_TRY(keep(stage, "damping", 0, error));
    TX_TRY(keep(stage, "increase_factor", 2, error));
    return keep(stage, "gain_ratio", 0, error);
}

/* ---- gauss_newton ---- */

static tx_status prepare_gauss_newton(tx_stage *stage, const tx_task *task, tx_error *error)
{
    TX_TRY(build(stage->state, task, error));
    return first_damping(stage->state, error);
}

/* What is left of a pivot where nothing should be is rounding. */
static tx_status update_gauss_newton(const tx_stage *stage, const tx_update *update, tx_error *error)
{
    second_order *own = stage->state;
    const tx_symmetric_setup setup = tx_normal_setup(update->task, false);
    double pivot;
    TX_TRY(tx_normal_factor(&own->normal, own->mu, error, &pivot));
    if (pivot <= DBL_EPSILON * (double)setup.size) {
        return tx_error_set(error, TX_FAILURE,
                            "gauss_newton: the system of %" PRId64
                            " unknowns is singular; a larger damping_parameter makes it regular",
                            setup.size);
    }
    TX_TRY(tx_normal_descend(&own->normal, own->g, error, own->v));
    return tx_stage_status(go(update, -update->scale, own->v), error);
}

static tx_status create_gauss_newton(tx_optimizer *optimizer, const tx_section *section, tx_error *error)
{
    tx_stage *stage;
    TX_TRY(add(optimizer, section, update_gauss_newton, error, &stage));
    stage->prepare = prepare_gauss_newton;
    stage->tell = tell_system;
    tx_optimizer_descend(optimizer, section);
    return TX_OK;
}

/* ---- Components ---- */

/* clang-format off */
static const tx_option levenberg_marquardt_options[] = {
    {.name = "damping_parameter", .type = TX_TYPE_REAL, .initial = "1e-3", .above_minimum = true,
     .text = "the first damping, in parts of the largest element of the diagonal of J'J"},
    TX_OPTION_BOOLEAN("geodesic", "true", "bends the step along the curvature of the residuals"),
    {.name = "contribution_ratio_threshold", .type = TX_TYPE_REAL, .initial = "0.75", .maximum = INFINITY,
     .text = "what bends a step is left out where it is larger than so many times the step"},
    {.name = "ftol", .type = TX_TYPE_REAL, .initial = "null", .maximum = INFINITY,
     .text = "of a full batch, the run ends where less than this part of the loss could be gained; null: 1e-14, in float32 1e-7"},
    {0},
};
static const tx_option gauss_newton_options[] = {
    {.name = "learning_rate", .type = TX_TYPE_REAL, .initial = "1.0", .kind = TX_KIND_SCHEDULE,
     .text = "a number, or a schedule of the count of updates"},
    {.name = "damping_parameter", .type = TX_TYPE_REAL, .initial = "1e-6", .maximum = INFINITY,
     .text = "the damping, in parts of the largest element of the diagonal of J'J"},
    {0},
};
/* clang-format on */

static const tx_optimizer_class levenberg_marquardts = {create_levenberg_marquardt}, gauss_newtons = {create_gauss_newton};
const tx_component tx_optimizer_levenberg_marquardt = {.kind = TX_KIND_OPTIMIZER,
                                                       .name = "levenberg_marquardt",
                                                       .summary = "least squares, by the normal equations of all residuals, damped",
                                                       .options = levenberg_marquardt_options,
                                                       .implementation = &levenberg_marquardts,
                                                       .takes_no_shared = true};
const tx_component tx_optimizer_gauss_newton = {.kind = TX_KIND_OPTIMIZER,
                                                .name = "gauss_newton",
                                                .summary = "the step of levenberg_marquardt with a constant damping, at a rate",
                                                .options = gauss_newton_options,
                                                .implementation = &gauss_newtons,
                                                .takes_no_shared = true};

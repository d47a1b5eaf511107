/* The normal equations of a task: rows of J, chunk by chunk, become J'J, or, turned into slices of columns, J J'. */
#include "algebra/normal.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/real.h"

/* ---- What they take ---- */

bool tx_normal_is_dual(const tx_task *task)
{
    return task->most_rows < task->num_parameters;
}

static bool is_by_columns(const tx_task *task)
{
    return task->num_parameters < task->sample_rows; /* thus primal */
}

unsigned tx_normal_asks(const tx_task *task, bool bends)
{
    return (is_by_columns(task) ? TX_ASKS_PRODUCT : TX_ASKS_ROWS) |
           (bends && !tx_normal_is_dual(task) ? TX_ASKS_ADJOINT_PRODUCT : 0);
}

tx_symmetric_setup tx_normal_setup(const tx_task *task, bool eigen)
{
    return (tx_symmetric_setup){
        .size = tx_normal_is_dual(task) ? task->most_rows : task->num_parameters, .solutions = !eigen, .eigen = eigen};
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Many, for they are computed together; of columns whole samples. */
static int64_t chunk_of(const tx_task *task)
{
    enum { MOST = 512, LEAST = 16, NUMBERS = 1 << 22, COLUMN_NUMBERS = 1 << 19 };
    const int64_t rows = smaller(NUMBERS / task->num_parameters, MOST), fitting = COLUMN_NUMBERS / task->num_parameters + 1,
                  samples = fitting / task->sample_rows * task->sample_rows;
    return smaller(!is_by_columns(task) ? rows < LEAST ? LEAST : rows : samples ? samples : fitting, task->most_rows);
}

/* In numbers. */
typedef struct sizes {
    size_t rows, at, direction, r, slice, whole, samples;
} sizes;

static sizes sizes_of(const tx_task *task, int num_ranks)
{
    const bool dual = tx_normal_is_dual(task);
    const size_t most = (size_t)task->most_rows;
    return (sizes){.rows = (size_t)(chunk_of(task) * task->num_parameters),
                   .at = (size_t)task->num_parameters,
                   .direction = is_by_columns(task) ? (size_t)task->num_parameters : 0,
                   .r = most,
                   .slice = dual ? most * (size_t)tx_slices_most_columns(task->num_parameters, num_ranks) : 0,
                   .whole = dual ? most : 0,
                   .samples = dual && task->full_batch ? most : 0};
}

size_t tx_normal_bytes(const tx_task *task, bool eigen, int num_ranks)
{
    enum { ROUNDING = 1024 };
    const tx_symmetric_setup setup = tx_normal_setup(task, eigen);
    const sizes s = sizes_of(task, num_ranks);
    const size_t slices = tx_normal_is_dual(task) ? tx_slices_bytes(task->num_parameters, chunk_of(task), num_ranks) : 0;
    return tx_symmetric_bytes(&setup, num_ranks) + slices +
           8 * (s.rows + s.at + s.direction + 2 * s.r + s.slice + 3 * s.whole + s.samples) + ROUNDING;
}

static tx_status allocate(tx_normal *normal, tx_error *error)
{
    const tx_task *task = normal->task;
    const sizes s = sizes_of(task, tx_parallel_size(normal->parallel));
    TX_TRY(tx_allocate_array(s.rows, sizeof *normal->rows, error, &normal->rows));
    TX_TRY(tx_allocate_array(s.at, tx_real_bytes(task->precision), error, &normal->at));
    TX_TRY(tx_allocate_array(s.direction, tx_real_bytes(task->precision), error, &normal->direction));
    TX_TRY(tx_allocate_array(s.r, sizeof *normal->r, error, &normal->r));
    TX_TRY(tx_allocate_array(s.r, sizeof *normal->other, error, &normal->other));
    TX_TRY(tx_allocate_array(s.slice, sizeof *normal->slice, error, &normal->slice));
    TX_TRY(tx_allocate_array(s.whole, sizeof *normal->whole, error, &normal->whole));
    TX_TRY(tx_allocate_array(s.whole, sizeof *normal->multiplier, error, &normal->multiplier));
    TX_TRY(tx_allocate_array(s.whole, sizeof *normal->bent, error, &normal->bent));
    TX_TRY(s.samples ? tx_allocate_array(s.samples, sizeof *normal->samples, error, &normal->samples) : TX_OK);
    return tx_normal_is_dual(task) ? tx_slices_create(&normal->slices, normal->parallel, task->num_parameters, normal->chunk, error)
                                   : TX_OK;
}

tx_status tx_normal_create(tx_normal *normal, const tx_task *task, bool eigen, tx_error *error)
{
    const tx_symmetric_setup setup = tx_normal_setup(task, eigen);
    *normal = (tx_normal){.task = task, .parallel = task->parallel, .chunk = chunk_of(task), .by_columns = is_by_columns(task)};
    TX_TRY(tx_parallel_agree(normal->parallel, allocate(normal, error), error));
    return tx_symmetric_create(normal->parallel, &setup, error, &normal->matrix);
}

void tx_normal_destroy(tx_normal *normal)
{
    tx_symmetric_destroy(normal->matrix);
    tx_slices_destroy(&normal->slices);
    tx_free(normal->rows);
    tx_free(normal->at);
    tx_free(normal->direction);
    tx_free(normal->r);
    tx_free(normal->other);
    tx_free(normal->slice);
    tx_free(normal->whole);
    tx_free(normal->multiplier);
    tx_free(normal->bent);
    tx_free(normal->samples);
}

/* ---- Residuals ---- */

/* Reals of the run's precision, which are doubles from now on, in their place; and back. */
static void widen(tx_precision precision, void *numbers, int64_t count)
{
    for (int64_t k = precision == TX_FLOAT32 ? count : 0; k-- > 0;) {
        const double value = tx_real_get(TX_FLOAT32, numbers, k);
        memcpy((char *)numbers + 8 * k, &value, sizeof value);
    }
}

static void narrow(tx_precision precision, void *numbers, int64_t count)
{
    for (int64_t k = 0; precision == TX_FLOAT32 && k < count; k++) {
        double value;
        memcpy(&value, (char *)numbers + 8 * k, sizeof value);
        tx_real_put(TX_FLOAT32, numbers, k, value);
    }
}

static tx_status own_residuals(const tx_normal *normal, const void *parameters, double *out, tx_error *error)
{
    const tx_task *task = normal->task;
    const int64_t count = task->num_own_rows;
    const tx_status status = task->class_->rows(task->object, parameters, task->first_row, count, error, out, NULL);
    TX_TRY(tx_parallel_agree(normal->parallel, status, error));
    widen(task->precision, out, count);
    return TX_OK;
}

/* Where an own sample stands in the system: minibatches of a full batch differ in their order alone. */
static int64_t place_of(const tx_normal *normal, int64_t sample)
{
    const tx_task *task = normal->task;
    int64_t place = 0;
    if (!normal->samples) {
        return task->first_row / task->sample_rows + sample;
    }
    while (normal->samples[place] != task->own_samples[sample]) {
        place++;
    }
    return place;
}

/* All ranks' numbers, one a row, in the order of the system. */
static tx_status gather(const tx_normal *normal, const double *own, double *whole, tx_error *error)
{
    const tx_task *task = normal->task;
    const size_t bytes = (size_t)task->sample_rows * sizeof *own;
    memset(whole, 0, (size_t)task->num_rows * sizeof *whole);
    for (int64_t k = 0; k * task->sample_rows < task->num_own_rows; k++) {
        memcpy(whole + place_of(normal, k) * task->sample_rows, own + k * task->sample_rows, bytes);
    }
    return tx_parallel_add(normal->parallel, whole, (size_t)task->num_rows, error);
}

tx_status tx_normal_look(tx_normal *normal, tx_error *error, double *square)
{
    TX_TRY(own_residuals(normal, normal->task->parameters, normal->r, error));
    *square = 0;
    for (int64_t k = 0; k < normal->task->num_own_rows; k++) {
        *square += normal->r[k] * normal->r[k];
    }
    return tx_parallel_add(normal->parallel, square, 1, error);
}

tx_status tx_normal_compare(tx_normal *normal, const void *parameters, tx_error *error, double *decrease)
{
    const double *r = normal->r, *other = normal->other;
    TX_TRY(own_residuals(normal, parameters, normal->other, error));
    *decrease = 0;
    for (int64_t k = 0; k < normal->task->num_own_rows; k++) {
        *decrease += (r[k] - other[k]) * (r[k] + other[k]);
    }
    return tx_parallel_add(normal->parallel, decrease, 1, error);
}

/* ---- The system ---- */

static tx_status take_columns(const tx_normal *normal, int64_t first, int64_t count, tx_error *error)
{
    const tx_task *task = normal->task;
    const int64_t bytes = count * (int64_t)tx_real_bytes(task->precision);
    for (int64_t k = 0; k < task->num_parameters; k++) {
        tx_real_put(task->precision, normal->direction, k, 1);
        const tx_status status = task->class_->product(task->object, task->parameters, normal->direction, task->first_row + first,
                                                       count, error, (char *)normal->rows + k * bytes);
        tx_real_put(task->precision, normal->direction, k, 0);
        TX_TRY(status);
    }
    return TX_OK;
}

/* Own rows of J, or these of its columns. */
static tx_status take_rows(const tx_normal *normal, int64_t first, int64_t count, tx_error *error)
{
    const tx_task *task = normal->task;
    const tx_status status = count == 0           ? TX_OK
                             : normal->by_columns ? take_columns(normal, first, count, error)
                                                  : task->class_->rows(task->object, task->parameters, task->first_row + first,
                                                                       count, error, NULL, normal->rows);
    TX_TRY(tx_parallel_agree(normal->parallel, status, error));
    widen(task->precision, normal->rows, count * task->num_parameters);
    return TX_OK;
}

/* What has gone by since `begin` also counts there. */
static void note(double *seconds, double begin)
{
    *seconds += tx_clock() - begin;
}

static tx_status take(tx_normal *normal, int64_t first, int64_t count, tx_error *error)
{
    const double begin = tx_clock();
    const tx_status status = take_rows(normal, first, count, error);
    note(&normal->times.jacobian, begin);
    return status;
}

static tx_status build_primal(tx_normal *normal, tx_error *error)
{
    const tx_task *task = normal->task;
    int64_t most = task->num_own_rows;
    TX_TRY(tx_parallel_max(normal->parallel, &most, 1, error));
    tx_symmetric_begin(normal->matrix, task->num_parameters);
    for (int64_t first = 0; first < most; first += normal->chunk) {
        const int64_t left = task->num_own_rows - first, count = left > 0 ? smaller(left, normal->chunk) : 0,
                      chunk = smaller(most - first, normal->chunk);
        TX_TRY(take(normal, first, count, error));
        if (normal->by_columns) {
            tx_symmetric_add_columns(normal->matrix, count, chunk, normal->rows);
        } else {
            tx_symmetric_add_rows(normal->matrix, count, chunk, normal->rows);
        }
    }
    return tx_symmetric_sum(normal->matrix, 1, error);
}

/* Which samples this system's rows are of. */
static tx_status note_samples(tx_normal *normal, tx_error *error)
{
    const tx_task *task = normal->task;
    const int64_t first = task->first_row / task->sample_rows, count = task->num_rows / task->sample_rows;
    memset(normal->samples, 0, (size_t)count * sizeof *normal->samples);
    for (int64_t k = 0; k * task->sample_rows < task->num_own_rows; k++) {
        normal->samples[first + k] = task->own_samples[k];
    }
    return tx_parallel_sum(normal->parallel, normal->samples, (size_t)count, error);
}

static tx_status build_dual(tx_normal *normal, tx_error *error)
{
    const tx_task *task = normal->task;
    tx_slices *slices = &normal->slices;
    const int rank = tx_parallel_rank(normal->parallel), num_ranks = tx_parallel_size(normal->parallel);
    TX_TRY(normal->samples ? note_samples(normal, error) : TX_OK);
    TX_TRY(tx_slices_begin(slices, task->num_own_rows, error));
    const int64_t rounds = tx_slices_rounds(slices);
    for (int64_t round = 0; round < rounds; round++) {
        TX_TRY(take(normal, round * normal->chunk, tx_slices_count(slices, round, rank), error));
        TX_TRY(tx_slices_turn(slices, round, normal->rows, normal->slice, error));
    }
    tx_symmetric_begin(normal->matrix, task->num_rows);
    tx_symmetric_add_columns(normal->matrix, tx_slices_columns(slices), tx_slices_most_columns(task->num_parameters, num_ranks),
                             normal->slice);
    return tx_symmetric_sum(normal->matrix, 1, error);
}

static size_t parameter_bytes(const tx_task *task)
{
    return (size_t)task->num_parameters * tx_real_bytes(task->precision);
}

tx_status tx_normal_build(tx_normal *normal, tx_error *error)
{
    const tx_task *task = normal->task;
    if (normal->built && task->full_batch && !memcmp(normal->at, task->parameters, parameter_bytes(task))) {
        return TX_OK;
    }
    const double begin = tx_clock(), before = normal->times.jacobian;
    normal->built = false;
    TX_TRY(tx_normal_is_dual(task) ? build_dual(normal, error) : build_primal(normal, error));
    memcpy(normal->at, task->parameters, parameter_bytes(task));
    normal->built = true;
    note(&normal->times.gram, begin + normal->times.jacobian - before);
    return TX_OK;
}

/* Of the columns of J that are here. */
static double largest_column(const tx_normal *normal)
{
    const int64_t columns = tx_slices_columns(&normal->slices);
    double largest = 0;
    for (int64_t k = 0; k < columns; k++) {
        double square = 0;
        for (int64_t row = 0; row < normal->task->num_rows; row++) {
            square += normal->slice[row * columns + k] * normal->slice[row * columns + k];
        }
        largest = square > largest ? square : largest;
    }
    return largest;
}

tx_status tx_normal_largest(tx_normal *normal, tx_error *error, double *out)
{
    if (!tx_normal_is_dual(normal->task)) {
        return tx_symmetric_largest(normal->matrix, error, out);
    }
    *out = largest_column(normal);
    return tx_parallel_largest(normal->parallel, out, error);
}

/* ---- Solutions ---- */

tx_status tx_normal_factor(tx_normal *normal, double mu, tx_error *error, double *pivot)
{
    const double begin = tx_clock();
    const tx_status status = tx_symmetric_factor(normal->matrix, mu, error, pivot);
    note(&normal->times.factor, begin);
    return status;
}

static tx_status solve(tx_normal *normal, double *x, tx_error *error)
{
    const double begin = tx_clock();
    const tx_status status = tx_symmetric_solve(normal->matrix, 1, x, error);
    note(&normal->times.factor, begin);
    return status;
}

/* out = -J'x */
static tx_status descend_along(const tx_normal *normal, const double *x, double *out, tx_error *error)
{
    const tx_slices *slices = &normal->slices;
    const int64_t columns = tx_slices_columns(slices), parameters = normal->task->num_parameters;
    double *own = out + tx_slices_first_column(slices, tx_parallel_rank(normal->parallel));
    memset(out, 0, (size_t)parameters * sizeof *out);
    for (int64_t row = 0; row < normal->task->num_rows; row++) {
        for (int64_t k = 0; k < columns; k++) {
            own[k] -= x[row] * normal->slice[row * columns + k];
        }
    }
    return tx_parallel_add(normal->parallel, out, (size_t)parameters, error);
}

tx_status tx_normal_descend(tx_normal *normal, const double *g, tx_error *error, double *v)
{
    const tx_task *task = normal->task;
    if (tx_normal_is_dual(task)) {
        TX_TRY(gather(normal, normal->r, normal->whole, error));
        memcpy(normal->multiplier, normal->whole, (size_t)task->num_rows * sizeof *normal->whole);
        TX_TRY(solve(normal, normal->multiplier, error));
        return descend_along(normal, normal->multiplier, v, error);
    }
    for (int64_t k = 0; k < task->num_parameters; k++) {
        v[k] = -g[k];
    }
    return solve(normal, v, error);
}

/* ---- Along a curve ---- */

static const double e = 0.1;

static bool all_finite(const double *values, int64_t count)
{
    bool finite = true;
    for (int64_t k = 0; k < count; k++) {
        finite &= isfinite(values[k]);
    }
    return finite;
}

/* J v is -g - mu v once J' is before it. */
static tx_status bend_primal(tx_normal *normal, const double *g, const double *v, double mu, double *out, bool *finite,
                             tx_error *error)
{
    const tx_task *task = normal->task;
    for (int64_t k = 0; k < task->num_own_rows; k++) {
        normal->other[k] = (normal->other[k] - normal->r[k]) / e;
    }
    narrow(task->precision, normal->other, task->num_own_rows);
    TX_TRY(task->class_->adjoint_product(task->object, task->parameters, normal->other, error, out));
    widen(task->precision, out, task->num_parameters);
    for (int64_t k = 0; k < task->num_parameters; k++) {
        out[k] = -2 / e * (out[k] + g[k] + mu * v[k]);
    }
    *finite = all_finite(out, task->num_parameters);
    return *finite ? solve(normal, out, error) : TX_OK;
}

/* J v = mu x - r, where v = -J'x. */
static tx_status bend_dual(tx_normal *normal, double mu, double *out, bool *finite, tx_error *error)
{
    const double *r = normal->whole, *x = normal->multiplier;
    double *f = normal->bent;
    TX_TRY(gather(normal, normal->other, f, error));
    for (int64_t k = 0; k < normal->task->num_rows; k++) {
        f[k] = 2 / e * ((f[k] - r[k]) / e - (mu * x[k] - r[k]));
    }
    *finite = all_finite(f, normal->task->num_rows);
    TX_TRY(*finite ? solve(normal, f, error) : TX_OK);
    return *finite ? descend_along(normal, f, out, error) : TX_OK;
}

tx_status tx_normal_bend(tx_normal *normal, const double *g, const double *v, double mu, void *there, tx_error *error, double *out,
                         bool *finite)
{
    const tx_task *task = normal->task;
    for (int64_t k = 0; k < task->num_parameters; k++) {
        tx_real_put(task->precision, there, k, tx_real_get(task->precision, task->parameters, k) + e * v[k]);
    }
    TX_TRY(own_residuals(normal, there, normal->other, error));
    return tx_normal_is_dual(task) ? bend_dual(normal, mu, out, finite, error) : bend_primal(normal, g, v, mu, out, finite, error);
}

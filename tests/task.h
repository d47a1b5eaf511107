/* What every task must pass, whatever it is of: what it says of itself fits together. In double; all ranks call it. */
#pragma once

#include <math.h>
#include <string.h>

#include "suite.h"
#include "trainax/task.h"

enum { TASK_PARAMETERS = 128, TASK_ROWS = 2048 };

static inline double task_value(const tx_task *task, const double *parameters)
{
    double value = NAN;
    CU_ASSERT_EQUAL_FATAL(task->class_->value(task->object, parameters, NULL, &value), TX_OK);
    return value;
}

/* df/dp_k by differences of the value, whose error is of the fourth order in the step. */
static inline double task_slope(const tx_task *task, const double *parameters, int k)
{
    static const double at[] = {-2, -1, 1, 2}, weights[] = {1. / 12, -2. / 3, 2. / 3, -1. / 12};
    const double step = 1e-3;
    double moved[TASK_PARAMETERS], slope = 0;
    for (int i = 0; i < 4; i++) {
        memcpy(moved, parameters, (size_t)task->num_parameters * sizeof *moved);
        moved[k] += at[i] * step;
        slope += weights[i] * task_value(task, moved) / step;
    }
    return slope;
}

static inline void check_task_gradient(const tx_task *task, const double *parameters)
{
    double value = NAN, gradient[TASK_PARAMETERS], size = 0;
    const void *found = NULL;
    CU_ASSERT_EQUAL_FATAL(task->class_->gradient(task->object, parameters, NULL, &value, &found), TX_OK);
    memcpy(gradient, found, (size_t)task->num_parameters * sizeof *gradient);
    CU_ASSERT_EQUAL(value, task_value(task, parameters));
    for (int k = 0; k < task->num_parameters; k++) {
        size = fmax(size, fabs(gradient[k]));
    }
    CU_ASSERT(size > 0);
    for (int k = 0; k < task->num_parameters; k++) {
        CU_ASSERT_DOUBLE_EQUAL(gradient[k], task_slope(task, parameters, k), 1e-8 * size);
    }
}

/* A row's derivatives by the same differences, of residuals that no cut keeps from the parameters. */
static inline void task_differences(const tx_task *task, const double *parameters, int k, double *out)
{
    static const double at[] = {-2, -1, 1, 2}, weights[] = {1. / 12, -2. / 3, 2. / 3, -1. / 12};
    const double step = 2e-4; /* where a target is almost zero, normalized residuals bend sharply */
    double moved[TASK_PARAMETERS], r[TASK_ROWS];
    memset(out, 0, (size_t)task->num_own_rows * sizeof *out);
    for (int i = 0; i < 4; i++) {
        memcpy(moved, parameters, (size_t)task->num_parameters * sizeof *moved);
        moved[k] += at[i] * step;
        CU_ASSERT_EQUAL_FATAL(task->class_->rows(task->object, moved, task->first_row, task->num_own_rows, NULL, r, NULL), TX_OK);
        for (int64_t row = 0; row < task->num_own_rows; row++) {
            out[row] += weights[i] * r[row] / step;
        }
    }
}

static inline void check_task_jacobian(const tx_task *task, const double *parameters)
{
    static double rows[TASK_ROWS * TASK_PARAMETERS];
    const int64_t count = task->num_parameters, own = task->num_own_rows;
    double slopes[TASK_ROWS], size = 0;
    CU_ASSERT_EQUAL_FATAL(task->class_->rows(task->object, parameters, task->first_row, own, NULL, NULL, rows), TX_OK);
    for (int64_t i = 0; i < own * count; i++) {
        size = fmax(size, fabs(rows[i]));
    }
    CU_ASSERT(size > 0);
    for (int k = 0; k < count; k++) {
        task_differences(task, parameters, k, slopes);
        for (int64_t i = 0; i < own; i++) {
            CU_ASSERT_DOUBLE_EQUAL(rows[i * count + k], slopes[i], 1e-8 * size);
        }
    }
}

/* On one rank: |r|^2 is the value, and J, taken in pieces, what products and gradient are made of. */
static inline void check_task_rows(const tx_task *task, const double *parameters)
{
    static double rows[TASK_ROWS * TASK_PARAMETERS];
    const int64_t count = task->num_parameters, own = task->num_own_rows, most = own < 37 ? 3 : 37;
    CU_ASSERT_FATAL(own > 0 && own <= TASK_ROWS && count <= TASK_PARAMETERS);
    double r[TASK_ROWS], v[TASK_PARAMETERS], product[TASK_ROWS], adjoint[TASK_PARAMETERS], sum = 0, value;
    const void *gradient;
    for (int64_t k = 0; k < count; k++) {
        v[k] = sin(1.0 + (double)k);
    }
    for (int64_t first = 0; first < own; first += most) {
        const int64_t piece = own - first < most ? own - first : most;
        CU_ASSERT_EQUAL_FATAL(
            task->class_->rows(task->object, parameters, task->first_row + first, piece, NULL, r + first, rows + first * count),
            TX_OK);
        CU_ASSERT_EQUAL_FATAL(
            task->class_->product(task->object, parameters, v, task->first_row + first, piece, NULL, product + first), TX_OK);
    }
    CU_ASSERT_EQUAL_FATAL(task->class_->adjoint_product(task->object, parameters, r, NULL, adjoint), TX_OK);
    CU_ASSERT_EQUAL_FATAL(task->class_->gradient(task->object, parameters, NULL, &value, &gradient), TX_OK);
    for (int64_t i = 0; i < own; i++) {
        double expected = 0;
        for (int64_t k = 0; k < count; k++) {
            expected += rows[i * count + k] * v[k];
        }
        CU_ASSERT_DOUBLE_EQUAL(product[i], expected, 1e-12 * fmax(1, fabs(expected)));
        sum += r[i] * r[i];
    }
    CU_ASSERT_DOUBLE_EQUAL(value, sum, 1e-12 * sum);
    for (int64_t k = 0; k < count; k++) {
        double expected = 0;
        for (int64_t i = 0; i < own; i++) {
            expected += rows[i * count + k] * r[i];
        }
        CU_ASSERT_DOUBLE_EQUAL(adjoint[k], expected, 1e-12 * fmax(1, fabs(expected)));
        CU_ASSERT_DOUBLE_EQUAL(((const double *)gradient)[k], 2 * expected, 1e-12 * fmax(1, fabs(expected)));
    }
}

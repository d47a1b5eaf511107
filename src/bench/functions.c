/* Cases of users' functions, of two channels of three points. */
#include <string.h>

#include "bench/operations.h"

enum { CALLED = 6 };

/* y[k] = x[k]^2 x[0]; x[0] comes from the tape. */

static int forward(const tx_function_call *call, const double *x, double *y)
{
    double *first = call->tape;
    for (int64_t k = 0; k < call->num_samples * CALLED; k++) {
        first[k / CALLED] = x[k / CALLED * CALLED];
        y[k] = x[k] * x[k] * first[k / CALLED];
    }
    return 0;
}
static int backward(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    const double *first = call->tape;
    memset(dx, 0, (size_t)(call->num_samples * CALLED) * sizeof *dx);
    for (int64_t k = 0; k < call->num_samples * CALLED; k++) {
        dx[k] += 2 * x[k] * first[k / CALLED] * dy[k];
        dx[k / CALLED * CALLED] += x[k] * x[k] * dy[k];
    }
    return 0;
}
static int tangent(const tx_function_call *call, const double *x, const double *dx, double *dy)
{
    const double *first = call->tape;
    for (int64_t k = 0; k < call->num_samples * CALLED; k++) {
        dy[k] = 2 * x[k] * first[k / CALLED] * dx[k] + x[k] * x[k] * dx[k / CALLED * CALLED];
    }
    return 0;
}

tx_node tx_case_call(const tx_operation_case *self, tx_case_graph *g, tx_node x)
{
    static const tx_function function = {
        .name = "x^2 x[0]", .forward = forward, .vjp = backward, .jvp = tangent, .tape_bytes = sizeof(double)};
    (void)self;
    return tx_call(g->graph, x, tx_node_shape(g->graph, x), &function);
}

/* In both precisions, a sample at a time, with a cotangent that goes on where another's has begun: x^3 / 3 + x. */
#define DEFINE_ADDING(REAL, SUFFIX)                                                                                                \
    static int cube##SUFFIX(const tx_function_call *call, const REAL *x, REAL *y)                                                  \
    {                                                                                                                              \
        for (int64_t k = 0; k < call->num_samples * CALLED; k++) {                                                                 \
            y[k] = x[k] * x[k] * x[k] / 3;                                                                                         \
        }                                                                                                                          \
        return call->num_samples != 1;                                                                                             \
    }                                                                                                                              \
    static int cube_vjp##SUFFIX(const tx_function_call *call, const REAL *x, const REAL *dy, REAL *dx)                             \
    {                                                                                                                              \
        for (int64_t k = 0; k < call->num_samples * CALLED; k++) {                                                                 \
            dx[k] += x[k] * x[k] * dy[k];                                                                                          \
        }                                                                                                                          \
        return call->num_samples != 1;                                                                                             \
    }                                                                                                                              \
    static int cube_jvp##SUFFIX(const tx_function_call *call, const REAL *x, const REAL *dx, REAL *dy)                             \
    {                                                                                                                              \
        for (int64_t k = 0; k < call->num_samples * CALLED; k++) {                                                                 \
            dy[k] = x[k] * x[k] * dx[k];                                                                                           \
        }                                                                                                                          \
        return call->num_samples != 1;                                                                                             \
    }
DEFINE_ADDING(double, )
DEFINE_ADDING(float, _single)

tx_node tx_case_call_adding(const tx_operation_case *self, tx_case_graph *g, tx_node x)
{
    static const tx_function function = {.name = "x^3 / 3",
                                         .forward = cube,
                                         .vjp = cube_vjp,
                                         .jvp = cube_jvp,
                                         .forward_single = cube_single,
                                         .vjp_single = cube_vjp_single,
                                         .jvp_single = cube_jvp_single,
                                         .vjp_adds = true,
                                         .one_by_one = true,
                                         .exclusive = true};
    (void)self;
    return tx_add(g->graph, tx_call(g->graph, x, tx_node_shape(g->graph, x), &function), x);
}

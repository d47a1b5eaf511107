/* Advection and diffusion between walls where the state is zero, by one implicit Euler step: a tridiagonal system that LAPACK
 * solves, as stepper and (the system itself) as residuum. The adjoint solves with the transpose. */
#include <string.h>
#include <trainax/plugin.h>

void dgtsv_(const int *n, const int *nrhs, double *lower, double *diagonal, double *upper, double *b, const int *ldb, int *info);
void sgtsv_(const int *n, const int *nrhs, float *lower, float *diagonal, float *upper, float *b, const int *ldb, int *info);

typedef struct scheme {
    int64_t channels, points;
    double lower, diagonal, upper;
} scheme;

static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    const double *numbers;
    scheme *s;
    (void)states;
    if (shape.axes != 1) {
        return tx_section_error(section, NULL, error, TX_INVALID, "implicit works on states with one spatial axis");
    }
    if (tx_get_reals(section, "numbers", &numbers) != 2) {
        return tx_section_error(section, "numbers", error, TX_INVALID, "must be two: of advection and of diffusion");
    }
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    s->channels = shape.channels;
    s->points = shape.n[0];
    s->lower = -numbers[0] - numbers[1];
    s->diagonal = 1 + numbers[0] + 2 * numbers[1];
    s->upper = -numbers[1];
    function->user = s;
    function->state_bytes = 3 * (size_t)s->points * sizeof(double);
    return TX_OK;
}

/* What LAPACK overwrites: a thread's own. */
static tx_status create_state(void *user, int64_t max_samples, tx_error *error, void **state)
{
    const scheme *s = user;
    (void)max_samples;
    return tx_allocate(3 * (size_t)s->points * sizeof(double), error, state);
}

/* One row of points at a time. */
#define DEFINE_SCHEME(REAL, GTSV, SUFFIX)                                                                                          \
    /* In place; a change of sides transposes. */                                                                                  \
    static int solve##SUFFIX(const tx_function_call *call, double below, double above, REAL *row)                                  \
    {                                                                                                                              \
        const scheme *s = call->user;                                                                                              \
        const int n = (int)s->points, one = 1;                                                                                     \
        REAL *lower = call->state, *diagonal = lower + n, *upper = diagonal + n;                                                   \
        int info;                                                                                                                  \
        for (int i = 0; i < n; i++) {                                                                                              \
            lower[i] = (REAL)below;                                                                                                \
            diagonal[i] = (REAL)s->diagonal;                                                                                       \
            upper[i] = (REAL)above;                                                                                                \
        }                                                                                                                          \
        GTSV(&n, &one, lower, diagonal, upper, row, &n, &info);                                                                    \
        if (info) {                                                                                                                \
            tx_error_set(call->error, TX_FAILURE, "the matrix is singular at point %d", info);                                     \
        }                                                                                                                          \
        return info;                                                                                                               \
    }                                                                                                                              \
    static int solve_all##SUFFIX(const tx_function_call *call, double below, double above, const REAL *x, REAL *y)                 \
    {                                                                                                                              \
        const scheme *s = call->user;                                                                                              \
        const int64_t rows = call->num_samples * s->channels;                                                                      \
        memcpy(y, x, (size_t)(rows * s->points) * sizeof *y);                                                                      \
        int info = 0;                                                                                                              \
        for (int64_t k = 0; k < rows && !info; k++) {                                                                              \
            info = solve##SUFFIX(call, below, above, y + k * s->points);                                                           \
        }                                                                                                                          \
        return info;                                                                                                               \
    }                                                                                                                              \
    static int step##SUFFIX(const tx_function_call *call, const REAL *x, REAL *y)                                                  \
    {                                                                                                                              \
        const scheme *s = call->user;                                                                                              \
        return solve_all##SUFFIX(call, s->lower, s->upper, x, y);                                                                  \
    }                                                                                                                              \
    static int step_vjp##SUFFIX(const tx_function_call *call, const REAL *x, const REAL *dy, REAL *dx)                             \
    {                                                                                                                              \
        const scheme *s = call->user;                                                                                              \
        (void)x;                                                                                                                   \
        return solve_all##SUFFIX(call, s->upper, s->lower, dy, dx);                                                                \
    }                                                                                                                              \
    static int step_jvp##SUFFIX(const tx_function_call *call, const REAL *x, const REAL *dx, REAL *dy)                             \
    {                                                                                                                              \
        (void)x;                                                                                                                   \
        return step##SUFFIX(call, dx, dy);                                                                                         \
    }
DEFINE_SCHEME(double, dgtsv_, )
DEFINE_SCHEME(float, sgtsv_, _single)

/* y = A x */
static void multiply(const scheme *s, double below, double above, const double *x, double *y)
{
    const int64_t n = s->points;
    for (int64_t i = 0; i < n; i++) {
        y[i] = (i ? below * x[i - 1] : 0) + s->diagonal * x[i] + (i + 1 < n ? above * x[i + 1] : 0);
    }
}

/* A next - previous. One sample at a time (one_by_one). */
static int residuum(const tx_function_call *call, const double *x, double *r)
{
    const scheme *s = call->user;
    const double *previous = x + s->channels * s->points;
    for (int64_t c = 0; c < s->channels; c++) {
        multiply(s, s->lower, s->upper, x + c * s->points, r + c * s->points);
    }
    for (int64_t i = 0; i < s->channels * s->points; i++) {
        r[i] -= previous[i];
    }
    return 0;
}

static int residuum_vjp(const tx_function_call *call, const double *x, const double *dr, double *dx)
{
    const scheme *s = call->user;
    double *previous = dx + s->channels * s->points;
    (void)x;
    for (int64_t c = 0; c < s->channels; c++) {
        multiply(s, s->upper, s->lower, dr + c * s->points, dx + c * s->points);
    }
    for (int64_t i = 0; i < s->channels * s->points; i++) {
        previous[i] = -dr[i];
    }
    return 0;
}

static const tx_option options[] = {
    {.name = "numbers", .type = TX_TYPE_REALS, .initial = "[0.5, 0.25]", .text = "of advection and of diffusion"},
    {.name = NULL},
};
static const tx_plugin_map step_map = {.function = {.forward = step,
                                                    .vjp = step_vjp,
                                                    .jvp = step_jvp,
                                                    .create = create_state,
                                                    .destroy = tx_free,
                                                    .forward_single = step_single,
                                                    .vjp_single = step_vjp_single,
                                                    .jvp_single = step_jvp_single},
                                       .create = create,
                                       .destroy = tx_free};
static const tx_component stepper = {.kind = TX_KIND_STEPPER,
                                     .name = "implicit",
                                     .summary = "advection and diffusion, implicit Euler, between walls",
                                     .options = options,
                                     .implementation = &step_map};
static const tx_plugin_map residuum_map = {
    .function = {.forward = residuum, .vjp = residuum_vjp, .one_by_one = true}, .create = create, .destroy = tx_free};
static const tx_component residuum_component = {.kind = TX_KIND_RESIDUUM,
                                                .name = "implicit",
                                                .summary = "the system of an implicit Euler step",
                                                .options = options,
                                                .implementation = &residuum_map};
TX_PLUGIN(&stepper, &residuum_component)

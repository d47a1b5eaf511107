/* `check` passes components that are right, and says of those that are wrong in one way each what is wrong. */
#include <math.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "suite.h"
#include "trainax/trainax.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED true /* the allocator is not the C library's */
#else
#define SANITIZED false
#endif

/* ---- Right: y_i = x_i^2 + x_(i+1) / 2 around a ring ---- */

enum { POINTS = 12 };

static int64_t count_of(const tx_function_call *call)
{
    return call->num_samples * POINTS;
}

static int64_t next_of(int64_t k)
{
    return k % POINTS == POINTS - 1 ? k - POINTS + 1 : k + 1;
}

static int step(const tx_function_call *call, const double *x, double *y)
{
    for (int64_t k = 0; k < count_of(call); k++) {
        y[k] = x[k] * x[k] + x[next_of(k)] / 2;
    }
    return 0;
}

static int back(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    for (int64_t k = 0; k < count_of(call); k++) {
        dx[k] = 2 * x[k] * dy[k];
    }
    for (int64_t k = 0; k < count_of(call); k++) {
        dx[next_of(k)] += dy[k] / 2;
    }
    return 0;
}

static int along(const tx_function_call *call, const double *x, const double *dx, double *dy)
{
    for (int64_t k = 0; k < count_of(call); k++) {
        dy[k] = 2 * x[k] * dx[k] + dx[next_of(k)] / 2;
    }
    return 0;
}

/* ---- Wrong ---- */

static int back_with_sign(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    back(call, x, dy, dx);
    for (int64_t k = 0; k < count_of(call); k++) {
        dx[k] = -dx[k];
    }
    return 0;
}

/* As one forgets the neighbour, at one point. */
static int back_but_one(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    back(call, x, dy, dx);
    for (int64_t k = 2; k < count_of(call); k += POINTS) {
        dx[next_of(k)] -= dy[k] / 2;
    }
    return 0;
}

/* Both keep to memory that is not theirs: the derivative of one step alone is right. */
static double last[POINTS];
static int step_keeps(const tx_function_call *call, const double *x, double *y)
{
    memcpy(last, x, sizeof last);
    return step(call, x, y);
}

static int back_from_kept(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    (void)x;
    return back(call, last, dy, dx);
}

static int along_with_sign(const tx_function_call *call, const double *x, const double *dx, double *dy)
{
    along(call, x, dx, dy);
    for (int64_t k = 0; k < count_of(call); k += 2) {
        dy[k] = -dy[k];
    }
    return 0;
}

static int step_behind(const tx_function_call *call, const double *x, double *y)
{
    y[count_of(call)] = 1;
    return step(call, x, y);
}

static int step_before(const tx_function_call *call, const double *x, double *y)
{
    y[-1] = 1;
    return step(call, x, y);
}

static int step_reads(const tx_function_call *call, const double *x, double *y)
{
    step(call, x, y);
    y[0] += 0 * x[count_of(call)];
    return 0;
}

static int back_into_argument(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    *(volatile double *)(uintptr_t)dy = dy[0];
    return back(call, x, dy, dx);
}

static int step_counts(const tx_function_call *call, const double *x, double *y)
{
    static long calls;
    step(call, x, y);
    y[0] += 1e-9 * (double)++calls;
    return 0;
}

static int step_by_place(const tx_function_call *call, const double *x, double *y)
{
    step(call, x, y);
    for (int64_t k = 0; k < count_of(call); k++) {
        y[k] += 1e-9 * (double)(k / POINTS);
    }
    return 0;
}

static int step_alone(const tx_function_call *call, const double *x, double *y)
{
    step(call, x, y);
    y[0] += call->num_samples == 1 ? 1e-9 : 0;
    return 0;
}

/* Through memory that all threads share. */
static int step_shared(const tx_function_call *call, const double *x, double *y)
{
    static double shared[TX_LARGEST_BLOCK * POINTS];
    memcpy(shared, x, (size_t)count_of(call) * sizeof *x);
    nanosleep(&(struct timespec){.tv_nsec = 300000}, NULL);
    return step(call, shared, y);
}

static int step_unset(const tx_function_call *call, const double *x, double *y)
{
    const double before = y[0];
    step(call, x, y);
    y[0] = before;
    return 0;
}

static int step_nan(const tx_function_call *call, const double *x, double *y)
{
    step(call, x, y);
    y[1] = (double)NAN;
    return 0;
}

static int step_without_nan(const tx_function_call *call, const double *x, double *y)
{
    step(call, x, y);
    for (int64_t k = 0; k < count_of(call); k++) {
        y[k] = fmax(y[k], -100);
    }
    return 0;
}

/* The first state, if it is one, comes into all. */
static int step_mixed(const tx_function_call *call, const double *x, double *y)
{
    step(call, x, y);
    for (int64_t k = 0; k < count_of(call); k++) {
        y[k] = isnan(x[count_of(call) > POINTS ? POINTS : 0]) ? (double)NAN : y[k];
    }
    return 0;
}

static void *volatile kept;
static int step_leaks(const tx_function_call *call, const double *x, double *y)
{
    kept = malloc(100);
    return step(call, x, y);
}

static tx_status create(void *user, int64_t max_samples, tx_error *error, void **state)
{
    (void)user, (void)max_samples, (void)error;
    *state = malloc(1000);
    return TX_OK;
}

static int back_fails(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    (void)call, (void)x, (void)dy, (void)dx;
    return 7;
}

static int back_crashes(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    (void)call, (void)x, (void)dy, (void)dx;
    abort();
}

static int step_leaves(const tx_function_call *call, const double *x, double *y)
{
    (void)call, (void)x, (void)y;
    _Exit(9);
}

/* As if: what comes after a long time, at once. */
static int step_hangs(const tx_function_call *call, const double *x, double *y)
{
    raise(SIGALRM);
    return step(call, x, y);
}

/* ---- What is said of them ---- */

typedef struct candidate {
    tx_function function;
    const char *said; /* of the first that is wrong; NULL: nothing is */
    const char *noted;
    bool counted; /* only where the allocator counts */
} candidate;

/* clang-format off */
#define F(...) .function = {.name = "f", __VA_ARGS__}
static const candidate candidates[] = {
    {F(step, back, along), .noted = "stays NaN, and in its state"},
    {F(step, back), .noted = "note   f has no jvp"},
    {F(step, .jvp = along), .noted = "adjoint     note   f has no vjp"},
    {F(step, back_with_sign, along), "adjoint: <Jv, w> and <v, J'w>: relative error 2.0e+00"},
    {F(step, back_with_sign), "adjoint: <Jv, w> by differences and <v, J'w>: relative error 2.0e+00"},
    {F(step, back_but_one, along), "adjoint: "},
    {F(step, back_but_one), .said = "adjoint: "},
    {F(step, back, along_with_sign), "jvp: against differences: cosine 0."},
    {F(step, back, along, .vjp_adds = true), "numbers: vjp: says that it adds to what it finds, and does not"},
    {F(step_behind, back, along), "arrays: forward: touches memory right behind the end of y"},
    {F(step_before, back, along), "arrays: forward: touches memory 8 bytes before y"},
    {F(step_reads, back, along), "arrays: forward: touches memory right behind the end of x"},
    {F(step, back_into_argument, along), "arrays: vjp: writes to dy, which it may only read"},
    {F(step_counts, back, along), "repetition: forward: 1 of "},
    {F(step_keeps, back_from_kept, .one_by_one = true, .exclusive = true),
     "repetition: vjp: 192 of 192 numbers differ when forward has been called elsewhere meanwhile"},
    {F(step_by_place, back, along), "batch: forward: "},
    {F(step_alone, back, along), "batch: forward: numbers differ when a state comes alone, by "},
    {F(step_shared, back, along), "threads: forward: numbers differ when two threads call it at the same time"},
    {F(step_unset, back, along), "numbers: forward: "},
    {F(step_nan, back, along), "numbers: forward: 1 of "},
    {F(step_without_nan, back, along), .noted = "note   a state of NaN gives finite numbers"},
    {F(step_mixed, back, along), "NaN: forward: "},
    {F(step_leaks, back, along), "memory: forward leaves 1", .counted = true},
    {F(step, back, along, .create = create), "memory: ", .counted = true},
    {F(step, back_fails, along), "arrays: vjp: 'f' failed with code 7"},
    {F(step, back_crashes, along), "arrays: vjp: crashes: Aborted", .noted = "\n    and 8 more fail likewise\n  of states\n"},
    {F(step_leaves, back, along), "arrays: forward: ends the process with the exit code 9"},
    {F(step_hangs, back, along), "arrays: forward: does not come back", .noted = "does not come back\n    the rest    note   is not tried\n"},
};
/* clang-format on */

static const candidate *now;
static int channels; /* of its result, as many as of its argument */

static tx_status make(tx_scheme *scheme, tx_error *error)
{
    (void)scheme, (void)error;
    return TX_OK;
}

static tx_node apply(const tx_scheme *scheme, tx_graph *graph, tx_node x)
{
    tx_shape shape = scheme->shape;
    shape.channels = channels;
    return tx_call(graph, x, shape, &now->function);
}

static const char text[] = "data: {type: advection_1d_periodic, num_points: 12, num_samples: 3, cfl: -0.75, highest_init_mode: 2,\n"
                           "       temporal_horizon: 4, key: 0}\n"
                           "network: {type: mlp, width_size: 5, depth: 1, num_spatial_dims: 1, in_channels: 1, out_channels: 1,\n"
                           "          num_points: 12, key: 1}\n"
                           "trainer: {type: residuum, ref_stepper: own, residuum_fn: {type: fou_advection_1d, cfl: -0.75},\n"
                           "          time_level_loss: mae, num_training_steps: 1, batch_size: 1, key: 2,\n"
                           "          optimizer: {type: sgd, learning_rate: 1}}\n";

/* out: the text; free. */
static tx_status check(const char *component, const char *override, tx_error *error, char **out)
{
    static const tx_stepper_class class_ = {.create = make, .apply = apply};
    static const tx_component own = {.kind = TX_KIND_STEPPER, .name = "own", .summary = "of this test", .implementation = &class_};
    const tx_config_source source = {.name = "here.yaml", .text = text, .overrides = &override, .num_overrides = override != NULL};
    tx_registry *registry;
    tx_config *config;
    CU_ASSERT_EQUAL_FATAL(tx_registry_create_builtin(NULL, &registry), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_registry_add(registry, &own, NULL), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_config_create(registry, &source, NULL, &config), TX_OK);
    size_t size;
    FILE *file = open_memstream(out, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(file);
    const tx_status status = tx_check_config(config, component, file, error);
    fclose(file);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
    return status;
}

static void try(const candidate *candidate, const char *precision)
{
    static const char where[] = "here.yaml:5:27: trainer.ref_stepper: its function f: ";
    tx_error error = {0};
    char *out;
    now = candidate;
    channels = 1;
    const tx_status status = check("ref_stepper", precision, &error, &out);
    const bool good = status == (candidate->said ? TX_INVALID : TX_OK) &&
                      strncmp(error.message, candidate->said ? where : "", candidate->said ? strlen(where) : 1) == 0 &&
                      strstr(error.message, candidate->said ? candidate->said : "") &&
                      (!candidate->noted || strstr(out, candidate->noted));
    if (!good) {
        printf("\n%s\nsaid of candidate %td: '%s'\n", out, candidate - candidates, error.message);
        CU_FAIL("not what should be said");
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(out, candidate->said ? "WRONG" : "good"));
    free(out);
}

static void what_is_wrong_is_said(void)
{
    for (size_t k = 0; k < sizeof candidates / sizeof *candidates; k++) {
        if (!candidates[k].counted || !SANITIZED) {
            try(&candidates[k], "precision=float32");
            try(&candidates[k], "precision=float64");
        }
    }
}

static void shapes_are_compared(void)
{
    tx_error error = {0};
    char *out;
    now = &candidates[0];
    channels = 2;
    CU_ASSERT_EQUAL(check("trainer.ref_stepper", NULL, &error, &out), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message, "here.yaml:5:27: trainer.ref_stepper: its result has the shape "
                                          "(2,12), not (1,12)");
    free(out);
}

/* The built-in ones, of all kinds. */
static void right_ones_pass(void)
{
    static const char *const heads[] = {"network: mlp\n",
                                        "  of its parameters\n",
                                        "trainer.ref_stepper: own\n",
                                        "  its function f\n",
                                        "trainer.residuum_fn: fou_advection_1d\n",
                                        "trainer.time_level_loss: mae\n"};
    char *out;
    now = &candidates[0];
    channels = 1;
    CU_ASSERT_EQUAL_FATAL(check(NULL, NULL, NULL, &out), TX_OK);
    for (size_t k = 0; k < sizeof heads / sizeof *heads; k++) {
        CU_ASSERT_PTR_NOT_NULL(strstr(out, heads[k]));
    }
    CU_ASSERT_PTR_NULL(strstr(out, "WRONG"));
    free(out);
}

static void components_have_names(void)
{
    tx_error error = {0};
    char *out;
    CU_ASSERT_EQUAL(check("stepper", NULL, &error, &out), TX_INVALID);
    CU_ASSERT_STRING_EQUAL(error.message,
                           "here.yaml:1:1: nothing to check is called stepper: there is network, trainer.time_level_loss, "
                           "trainer.ref_stepper, trainer.residuum_fn");
    CU_ASSERT_STRING_EQUAL(out, "");
    free(out);
}

int main(void)
{
    return suite_run("check", (suite_test[]){{"right ones pass", right_ones_pass},
                                             {"what is wrong is said", what_is_wrong_is_said},
                                             {"shapes are compared", shapes_are_compared},
                                             {"components have names", components_have_names},
                                             {0}});
}

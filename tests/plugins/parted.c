/* A solver that is itself parallel, as a user's is: advection by the flow itself and diffusion on a periodic axis, whose points are
 * dealt out to the ranks of a communicator, neighbours exchanging what lies at the edges of their parts. The same bits on any
 * number of ranks, as every point is computed by the same sums. Its adjoint needs the states of all substeps: they are its tape. */
#include <mpi.h>
#include <stdlib.h>
#include <string.h>
#include <trainax/plugin.h>

typedef struct solver {
    tx_ranks ranks;
    MPI_Comm communicator;
    int64_t channels, points, substeps, fails;
    double number;
    int first, count;     /* this rank's points */
    int *firsts, *counts; /* of all */
} solver;

static void destroy(void *user)
{
    solver *s = user;
    if (s) {
        tx_free(s->firsts);
        tx_free(s->counts);
        tx_free(s);
    }
}

static tx_status deal_out(solver *s, tx_error *error)
{
    const int64_t size = s->ranks.size;
    TX_TRY(tx_allocate((size_t)size * sizeof *s->firsts, error, &s->firsts));
    TX_TRY(tx_allocate((size_t)size * sizeof *s->counts, error, &s->counts));
    for (int64_t rank = 0; rank < size; rank++) {
        s->firsts[rank] = (int)(s->points * rank / size);
        s->counts[rank] = (int)(s->points * (rank + 1) / size) - s->firsts[rank];
    }
    s->first = s->firsts[s->ranks.rank];
    s->count = s->counts[s->ranks.rank];
    return TX_OK;
}

static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    solver *s;
    (void)states;
    if (shape.axes != 1 || shape.n[0] < function->ranks->size) {
        return tx_section_error(section, NULL, error, TX_INVALID, "one axis is needed, with a point for each rank at least");
    }
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    s->ranks = *function->ranks;
    s->channels = shape.channels;
    s->points = shape.n[0];
    s->substeps = tx_get_integer(section, "num_substeps");
    s->fails = tx_has(section, "fails") ? tx_get_integer(section, "fails") : -1;
    s->number = tx_get_real(section, "number");
    if (s->ranks.size > 1) {
        s->communicator = MPI_Comm_f2c(s->ranks.communicator);
    }
    const tx_status status = deal_out(s, error);
    if (status != TX_OK) {
        destroy(s);
        return status;
    }
    function->user = s;
    function->tape_bytes = (size_t)(s->substeps * s->channels * s->points) * sizeof(double);
    return TX_OK;
}

/* A thread's: two parts with a point more on either side. */
static tx_status create_scratch(void *user, int64_t max_samples, tx_error *error, void **state)
{
    const solver *s = user;
    (void)max_samples;
    return tx_allocate(2 * (size_t)(s->count + 2) * sizeof(double), error, state);
}

/* What lies beside the part: u[0] and u[count + 1]. */
static void exchange(const solver *s, double *u)
{
    const int size = s->ranks.size, left = (s->ranks.rank + size - 1) % size, right = (s->ranks.rank + 1) % size;
    if (size == 1) {
        u[0] = u[s->count];
        u[s->count + 1] = u[1];
        return;
    }
    MPI_Sendrecv(&u[1], 1, MPI_DOUBLE, left, 1, &u[s->count + 1], 1, MPI_DOUBLE, right, 1, s->communicator, MPI_STATUS_IGNORE);
    MPI_Sendrecv(&u[s->count], 1, MPI_DOUBLE, right, 2, &u[0], 1, MPI_DOUBLE, left, 2, s->communicator, MPI_STATUS_IGNORE);
}

/* All parts, on the rank that wants them. */
static void gather(const solver *s, int root, const double *part, double *whole)
{
    if (s->ranks.size == 1) {
        memcpy(whole, part, (size_t)s->points * sizeof *whole);
    } else {
        MPI_Gatherv(part, s->count, MPI_DOUBLE, whole, s->counts, s->firsts, MPI_DOUBLE, root, s->communicator);
    }
}

static void advance(const solver *s, const double *u, double *next)
{
    for (int i = 1; i <= s->count; i++) {
        next[i] = u[i] - s->number * (u[i] * (u[i] - u[i - 1]) - (u[i + 1] - 2 * u[i] + u[i - 1]));
    }
}

static int step(const tx_function_call *call, const double *x, double *y)
{
    const solver *s = call->user;
    double *u = call->state, *next = u + s->count + 2, *tape = call->tape;
    for (int64_t row = 0; row < call->num_samples * s->channels; row++, x += s->points, y += s->points) {
        memcpy(u + 1, x + s->first, (size_t)s->count * sizeof *u);
        for (int64_t k = 0; k < s->substeps; k++, tape += s->points) {
            double *last = u;
            gather(s, call->root, u + 1, tape);
            exchange(s, u);
            advance(s, u, next);
            u = next;
            next = last;
        }
        gather(s, call->root, u + 1, y);
    }
    if (s->fails == s->ranks.rank) {
        tx_error_set(call->error, TX_FAILURE, "told to fail");
        return 7;
    }
    return 0;
}

/* Of a substep from state u, of which all is there: d is the cotangent of its result, with its neighbours, or the tangent of u. */
static void go_back(const solver *s, const double *u, const double *d, double *before)
{
    for (int i = 1; i <= s->count; i++) {
        const int64_t here = s->first + i - 1, left = (here + s->points - 1) % s->points, right = (here + 1) % s->points;
        before[i] = d[i] - s->number * (d[i] * (2 * u[here] - u[left] + 2) - d[i + 1] * (u[right] + 1) - d[i - 1]);
    }
}

static void go_along(const solver *s, const double *u, const double *d, double *next)
{
    for (int i = 1; i <= s->count; i++) {
        const int64_t here = s->first + i - 1, left = (here + s->points - 1) % s->points;
        next[i] = d[i] - s->number * (d[i] * (2 * u[here] - u[left] + 2) - d[i - 1] * (u[here] + 1) - d[i + 1]);
    }
}

static int derive(const tx_function_call *call, bool back, const double *from, double *to)
{
    const solver *s = call->user;
    double *d = call->state, *other = d + s->count + 2;
    const double *tape = call->tape;
    for (int64_t row = 0; row < call->num_samples * s->channels; row++, from += s->points, to += s->points) {
        memcpy(d + 1, from + s->first, (size_t)s->count * sizeof *d);
        for (int64_t k = 0; k < s->substeps; k++) {
            const double *u = tape + (row * s->substeps + (back ? s->substeps - 1 - k : k)) * s->points;
            double *last = d;
            exchange(s, d);
            if (back) {
                go_back(s, u, d, other);
            } else {
                go_along(s, u, d, other);
            }
            d = other;
            other = last;
        }
        gather(s, call->root, d + 1, to);
    }
    return 0;
}

static int step_vjp(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    (void)x;
    return derive(call, true, dy, dx);
}

static int step_jvp(const tx_function_call *call, const double *x, const double *dx, double *dy)
{
    (void)x;
    return derive(call, false, dx, dy);
}

/* ---- A loss: the mean of squares, added in the order of the points ---- */

/* Of the rank that wants them: this rank's part of what is done to each point of prediction and target. */
static void gather_points(const tx_function_call *call, const double *prediction, const double *target, const double *dy,
                          double *out)
{
    const solver *s = call->user;
    double *part = call->state;
    for (int i = 0; i < s->count; i++) {
        const double d = prediction[s->first + i] - target[s->first + i];
        part[i] = dy ? 2 * d * *dy / (double)(s->channels * s->points) : d * d;
    }
    gather(s, call->root, part, out);
}

static int mean_square(const tx_function_call *call, const double *x, double *y)
{
    const solver *s = call->user;
    const int64_t size = s->channels * s->points;
    for (int64_t k = 0; k < call->num_samples; k++, x += 2 * size) {
        double *squares = call->tape;
        double sum = 0;
        for (int64_t at = 0; at < size; at += s->points) {
            gather_points(call, x + at, x + size + at, NULL, squares);
            for (int64_t i = 0; i < s->points; i++) {
                sum += squares[i];
            }
        }
        y[k] = sum / (double)size;
    }
    return 0;
}

static int mean_square_vjp(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    const solver *s = call->user;
    const int64_t size = s->channels * s->points;
    for (int64_t k = 0; k < call->num_samples; k++, x += 2 * size, dx += 2 * size) {
        for (int64_t at = 0; at < size; at += s->points) {
            gather_points(call, x + at, x + size + at, &dy[k], dx + at);
        }
        for (int64_t i = 0; i < size; i++) {
            dx[size + i] = -dx[i];
        }
    }
    return 0;
}

static const tx_option options[] = {
    {.name = "number", .type = TX_TYPE_REAL, .initial = "0.1", .text = "time step / grid spacing, and / its square"},
    {.name = "num_substeps", .type = TX_TYPE_INTEGER, .initial = "3", .text = "in one step", .minimum = 1, .maximum = 100},
    {.name = "fails", .type = TX_TYPE_INTEGER, .initial = "null", .text = "for tests: the rank whose steps fail"},
    {.name = NULL},
};
static const tx_plugin_map map = {
    .function = {.forward = step, .vjp = step_vjp, .jvp = step_jvp, .create = create_scratch, .destroy = tx_free, .parallel = true},
    .create = create,
    .destroy = destroy};
static const tx_component stepper = {.kind = TX_KIND_STEPPER,
                                     .name = "parted",
                                     .summary = "Burgers' equation, its points dealt out to ranks",
                                     .options = options,
                                     .implementation = &map};
static const tx_plugin_map loss_map = {
    .function = {.forward = mean_square, .vjp = mean_square_vjp, .create = create_scratch, .destroy = tx_free, .parallel = true},
    .create = create,
    .destroy = destroy};
static const tx_component loss = {.kind = TX_KIND_LOSS,
                                  .name = "parted",
                                  .summary = "the mean of squares, its points dealt out to ranks",
                                  .options = options,
                                  .implementation = &loss_map};
TX_PLUGIN(&stepper, &loss)

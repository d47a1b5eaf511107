/* A network, a loss and a data source: as linear, mse and a formula of trainax's own, so that they can be compared. */
#include <math.h>
#include <stdio.h>
#include <trainax/plugin.h>

/* ---- y = W x + b on states without spatial axes; its parameters lie behind the state: W (n, n), b (n) ---- */

static tx_status create_network(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    int64_t *n;
    (void)states;
    if (shape.axes) {
        return tx_section_error(section, NULL, error, TX_INVALID, "affine takes states without spatial axes");
    }
    TX_TRY(tx_allocate(sizeof *n, error, &n));
    *n = shape.channels;
    function->user = n;
    return TX_OK;
}

static bool leaf(const void *user, int index, tx_leaf *out)
{
    const int64_t n = *(const int64_t *)user;
    snprintf(out->name, sizeof out->name, "%s", index ? "bias" : "weight");
    out->rank = index ? 1 : 2;
    out->shape[0] = out->shape[1] = n;
    return index < 2;
}

/* As equinox.nn.Linear. */
static tx_status initialise(const void *user, tx_random random, tx_key key, double *parameters, tx_error *error)
{
    const int64_t n = *(const int64_t *)user;
    const double limit = 1 / sqrt((double)n);
    tx_key keys[2];
    if (random.precision != TX_FLOAT64) {
        return tx_error_set(error, TX_INVALID, "affine draws in double precision");
    }
    tx_key_split(random, key, 2, keys);
    tx_random_uniform(random, keys[0], (size_t)(n * n), -limit, limit, parameters);
    tx_random_uniform(random, keys[1], (size_t)n, -limit, limit, parameters + n * n);
    return TX_OK;
}

static int affine(const tx_function_call *call, const double *x, double *y)
{
    const int64_t n = *(const int64_t *)call->user, size = n + n * n + n;
    for (int64_t k = 0; k < call->num_samples; k++, x += size, y += n) {
        const double *w = x + n, *b = w + n * n;
        for (int64_t i = 0; i < n; i++) {
            y[i] = b[i];
            for (int64_t j = 0; j < n; j++) {
                y[i] += w[i * n + j] * x[j];
            }
        }
    }
    return 0;
}

static int affine_vjp(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    const int64_t n = *(const int64_t *)call->user, size = n + n * n + n;
    for (int64_t k = 0; k < call->num_samples; k++, x += size, dx += size, dy += n) {
        const double *w = x + n;
        double *dw = dx + n, *db = dw + n * n;
        for (int64_t j = 0; j < n; j++) {
            dx[j] = 0;
            db[j] = dy[j];
        }
        for (int64_t i = 0; i < n * n; i++) {
            dx[i % n] += w[i] * dy[i / n];
            dw[i] = dy[i / n] * x[i % n];
        }
    }
    return 0;
}

static const tx_plugin_map affine_map = {.function = {.forward = affine, .vjp = affine_vjp},
                                         .create = create_network,
                                         .destroy = tx_free,
                                         .leaf = leaf,
                                         .initialise = initialise};
static const tx_component network = {
    .kind = TX_KIND_NETWORK, .name = "affine", .summary = "a matrix and a vector", .implementation = &affine_map};

/* ---- The mean of (prediction - target)^2, or of prediction^2 ---- */

typedef struct mean {
    int64_t size;
    int states;
} mean;

static tx_status create_loss(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    mean *m;
    (void)section;
    TX_TRY(tx_allocate(sizeof *m, error, &m));
    *m = (mean){shape.channels * tx_shape_points(&shape), states};
    function->user = m;
    return TX_OK;
}

static double difference(const mean *m, const double *x, int64_t i)
{
    return x[i] - (m->states == 2 ? x[m->size + i] : 0);
}

static int square(const tx_function_call *call, const double *x, double *y)
{
    const mean *m = call->user;
    for (int64_t k = 0; k < call->num_samples; k++, x += m->states * m->size) {
        y[k] = 0;
        for (int64_t i = 0; i < m->size; i++) {
            y[k] += difference(m, x, i) * difference(m, x, i) / (double)m->size;
        }
    }
    return 0;
}

static int square_vjp(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    const mean *m = call->user;
    for (int64_t k = 0; k < call->num_samples; k++, x += m->states * m->size, dx += m->states * m->size) {
        for (int64_t i = 0; i < m->size; i++) {
            dx[i] = 2 * difference(m, x, i) / (double)m->size * dy[k];
            if (m->states == 2) {
                dx[m->size + i] = -dx[i];
            }
        }
    }
    return 0;
}

static const tx_plugin_map square_map = {
    .function = {.forward = square, .vjp = square_vjp}, .create = create_loss, .destroy = tx_free};
static const tx_component loss = {
    .kind = TX_KIND_LOSS, .name = "square", .summary = "the mean square of a difference", .implementation = &square_map};

/* ---- trajectory + level / 10 + point / 100, and for one of them something else ---- */

static tx_status create_data(const tx_section *section, tx_error *error, tx_plugin_trajectories *out)
{
    int64_t *bad;
    TX_TRY(tx_allocate(sizeof *bad, error, &bad));
    *bad = tx_get_integer(section, "bad");
    *out = (tx_plugin_trajectories){.num_trajectories = tx_get_integer(section, "count"),
                                    .num_levels = 6,
                                    .state = {.channels = 1, .axes = 1, .n = {8}},
                                    .dt = 0.25,
                                    .user = bad};
    return TX_OK;
}

static int read(void *user, int64_t trajectory, int64_t first, int64_t count, double *out, tx_error *error)
{
    const int64_t bad = *(const int64_t *)user;
    if (trajectory == bad) {
        tx_error_set(error, TX_FAILURE, "this one is bad");
        return 5;
    }
    for (int64_t k = 0; k < 8 * count; k++) {
        out[k] = trajectory == -2 - bad ? NAN : (double)trajectory + (double)(first + k / 8) / 10 + (double)(k % 8) / 100;
    }
    return 0;
}

static const tx_option data_options[] = {
    {.name = "count", .type = TX_TYPE_INTEGER, .initial = "3", .text = "trajectories", .minimum = 0, .maximum = 100},
    {.name = "bad", .type = TX_TYPE_INTEGER, .initial = "-1", .text = "one that fails; -2 - it: one that is not finite"},
    {.name = NULL},
};
static const tx_plugin_source source = {.create = create_data, .destroy = tx_free, .read = read, .exclusive = true};
static const tx_component data = {
    .kind = TX_KIND_DATA, .name = "ramp", .summary = "numbers by a formula", .options = data_options, .implementation = &source};

TX_PLUGIN(&network, &loss, &data)

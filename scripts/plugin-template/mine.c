/* A simulator of one's own as a stepper of trainax: put it into `step`, its adjoint into `step_vjp`, its settings into `options`.
 * Here it is explicit diffusion on a periodic axis. <trainax/plugin.h> and <trainax/kernel.h> tell the rest: float, tangents, a
 * tape from forward to vjp, a thread's own memory, residua, networks, losses, data. */
#include <trainax/plugin.h>

/* What it computes with: made once for states of one shape, shared by all threads, never changed. */
typedef struct simulator {
    int64_t channels, points;
    double number;
} simulator;

static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    simulator *s;
    (void)states; /* 1; of a residuum 2 */
    if (shape.axes != 1) {
        return tx_section_error(section, NULL, error, TX_INVALID, "mine works on states with one spatial axis, these have %d",
                                shape.axes);
    }
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    s->channels = shape.channels;
    s->points = shape.n[0];
    s->number = tx_get_real(section, "number");
    function->user = s;
    return TX_OK;
}

/* Samples of (channels, points), one behind the other. Anything but 0 is a failure: the run ends with the message. */
static int step(const tx_function_call *call, const double *x, double *y)
{
    const simulator *s = call->user;
    const int64_t n = s->points;
    for (int64_t row = 0; row < call->num_samples * s->channels; row++, x += n, y += n) {
        for (int64_t i = 0; i < n; i++) {
            y[i] = x[i] + s->number * (x[(i + 1) % n] - 2 * x[i] + x[(i + n - 1) % n]);
        }
    }
    return 0;
}

/* dx = J(x)^T dy. This one is linear and symmetric: the step itself. Without a vjp it can still generate data, and be trained
 * against where no gradient goes through it (cut_div_chain: true). */
static int step_vjp(const tx_function_call *call, const double *x, const double *dy, double *dx)
{
    (void)x;
    return step(call, dy, dx);
}

static const tx_option options[] = {
    {.name = "number",
     .type = TX_TYPE_REAL,
     .initial = "0.2",
     .text = "diffusivity * time step / grid spacing^2",
     .minimum = 0,
     .maximum = 0.5},
    {.name = NULL},
};
static const tx_plugin_map map = {.function = {.forward = step, .vjp = step_vjp}, .create = create, .destroy = tx_free};
static const tx_component mine = {
    .kind = TX_KIND_STEPPER, .name = "mine", .summary = "explicit diffusion, periodic", .options = options, .implementation = &map};
TX_PLUGIN(&mine)

/* What trainax sees of a stepper in Fortran (diffusion.f90): its table, and calls of it. */
#include <trainax/plugin.h>

void diffuse(int64_t points, int64_t rows, double number, const double *u, double *next);

typedef struct scheme {
    int64_t channels, points;
    double number;
} scheme;

static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    scheme *s;
    (void)states;
    if (shape.axes != 1) {
        return tx_section_error(section, NULL, error, TX_INVALID, "diffusion works on states with one spatial axis");
    }
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    *s = (scheme){shape.channels, shape.n[0], tx_get_real(section, "number")};
    function->user = s;
    return TX_OK;
}

static int step(const tx_function_call *call, const double *x, double *y)
{
    const scheme *s = call->user;
    diffuse(s->points, call->num_samples * s->channels, s->number, x, y);
    return 0;
}

/* It is linear, and its own transpose. */
static int along(const tx_function_call *call, const double *x, const double *d, double *result)
{
    (void)x;
    return step(call, d, result);
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
static const tx_plugin_map map = {.function = {.forward = step, .vjp = along, .jvp = along}, .create = create, .destroy = tx_free};
static const tx_component stepper = {.kind = TX_KIND_STEPPER,
                                     .name = "diffusion",
                                     .summary = "explicit diffusion, periodic",
                                     .options = options,
                                     .implementation = &map};
TX_PLUGIN(&stepper)

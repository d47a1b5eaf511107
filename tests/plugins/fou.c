/* First-order upwind advection on a periodic axis, as stepper and as residuum: what `fou_advection_1d` computes, to the bit. */
#include <math.h>
#include <trainax/plugin.h>

/* y_i = weights[0] x_(i - before) + weights[1] x_(i + 1 - before), each channel for itself. */
typedef struct scheme {
    int64_t channels, points;
    int before;
    double weights[2];
} scheme;

static tx_status create(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function)
{
    const double cfl = tx_get_real(section, "cfl");
    scheme *s;
    (void)states;
    if (shape.axes != 1) {
        return tx_section_error(section, NULL, error, TX_INVALID, "fou works on states with one spatial axis, these have %d",
                                shape.axes);
    }
    TX_TRY(tx_allocate(sizeof *s, error, &s));
    s->channels = shape.channels;
    s->points = shape.n[0];
    s->before = cfl >= 0;
    s->weights[0] = cfl < 0 ? 1 + cfl : cfl;
    s->weights[1] = cfl < 0 ? -cfl : 1 - cfl;
    function->user = s;
    return TX_OK;
}

/* In either precision, and rounded as a sum of products is there: UNFUSED, where the machine's own program does not fuse. */
#ifdef UNFUSED
#define fma(a, b, c) ((a) * (b) + (c))
#define fmaf fma
#endif
#define DEFINE_SCHEME(REAL, FMA, SUFFIX)                                                                                           \
    static void row##SUFFIX(int64_t n, REAL a, const REAL *x, int64_t first, REAL b, REAL *y)                                      \
    {                                                                                                                              \
        for (int64_t i = 0; i < n; i++) {                                                                                          \
            const int64_t k = (i + first + n) % n;                                                                                 \
            y[i] = FMA(b, x[(k + 1) % n], a * x[k]);                                                                               \
        }                                                                                                                          \
    }                                                                                                                              \
    static void step##SUFFIX(const scheme *s, const REAL *x, REAL *y)                                                              \
    {                                                                                                                              \
        for (int64_t c = 0; c < s->channels; c++) {                                                                                \
            row##SUFFIX(s->points, (REAL)s->weights[0], x + c * s->points, -s->before, (REAL)s->weights[1], y + c * s->points);    \
        }                                                                                                                          \
    }                                                                                                                              \
    /* dx += its transpose times dy */                                                                                             \
    static void back##SUFFIX(const scheme *s, const REAL *dy, REAL *dx)                                                            \
    {                                                                                                                              \
        const REAL a = (REAL)s->weights[0], b = (REAL)s->weights[1];                                                               \
        for (int64_t c = 0, n = s->points; c < s->channels; c++, dy += n, dx += n) {                                               \
            for (int64_t i = 0; i < n; i++) {                                                                                      \
                const int64_t k = (i + s->before) % n;                                                                             \
                dx[i] = FMA(a, dy[k], FMA(b, dy[(k + n - 1) % n], dx[i]));                                                         \
            }                                                                                                                      \
        }                                                                                                                          \
    }                                                                                                                              \
    static int stepper##SUFFIX(const tx_function_call *call, const REAL *x, REAL *y)                                               \
    {                                                                                                                              \
        const scheme *s = (const scheme *)call->user;                                                                              \
        for (int64_t k = 0; k < call->num_samples; k++) {                                                                          \
            step##SUFFIX(s, x + k * s->channels * s->points, y + k * s->channels * s->points);                                     \
        }                                                                                                                          \
        return 0;                                                                                                                  \
    }                                                                                                                              \
    static int stepper_vjp##SUFFIX(const tx_function_call *call, const REAL *x, const REAL *dy, REAL *dx)                          \
    {                                                                                                                              \
        const scheme *s = (const scheme *)call->user;                                                                              \
        (void)x;                                                                                                                   \
        for (int64_t k = 0; k < call->num_samples; k++) {                                                                          \
            back##SUFFIX(s, dy + k * s->channels * s->points, dx + k * s->channels * s->points);                                   \
        }                                                                                                                          \
        return 0;                                                                                                                  \
    }                                                                                                                              \
    static int stepper_jvp##SUFFIX(const tx_function_call *call, const REAL *x, const REAL *dx, REAL *dy)                          \
    {                                                                                                                              \
        (void)x;                                                                                                                   \
        return stepper##SUFFIX(call, dx, dy); /* it is linear */                                                                   \
    }                                                                                                                              \
    static int residuum##SUFFIX(const tx_function_call *call, const REAL *x, REAL *y)                                              \
    {                                                                                                                              \
        const scheme *s = (const scheme *)call->user;                                                                              \
        const int64_t size = s->channels * s->points;                                                                              \
        for (int64_t k = 0; k < call->num_samples; k++) {                                                                          \
            const REAL *next = x + 2 * k * size, *previous = next + size;                                                          \
            REAL *r = y + k * size;                                                                                                \
            step##SUFFIX(s, previous, r);                                                                                          \
            for (int64_t i = 0; i < size; i++) {                                                                                   \
                r[i] = next[i] - r[i];                                                                                             \
            }                                                                                                                      \
        }                                                                                                                          \
        return 0;                                                                                                                  \
    }                                                                                                                              \
    static int residuum_vjp##SUFFIX(const tx_function_call *call, const REAL *x, const REAL *dy, REAL *dx)                         \
    {                                                                                                                              \
        const scheme *s = (const scheme *)call->user;                                                                              \
        const int64_t size = s->channels * s->points;                                                                              \
        (void)x;                                                                                                                   \
        for (int64_t k = 0; k < call->num_samples; k++) {                                                                          \
            const REAL *dr = dy + k * size;                                                                                        \
            REAL *next = dx + 2 * k * size, *previous = next + size;                                                               \
            for (int64_t i = 0; i < size; i++) {                                                                                   \
                next[i] = dr[i];                                                                                                   \
                previous[i] = 0;                                                                                                   \
            }                                                                                                                      \
            back##SUFFIX(s, dr, previous);                                                                                         \
            for (int64_t i = 0; i < size; i++) {                                                                                   \
                previous[i] = -previous[i];                                                                                        \
            }                                                                                                                      \
        }                                                                                                                          \
        return 0;                                                                                                                  \
    }
DEFINE_SCHEME(double, fma, )
DEFINE_SCHEME(float, fmaf, _single)

static const tx_option options[] = {
    {.name = "cfl", .type = TX_TYPE_REAL, .text = "advection speed * time step / grid spacing; negative: to the left"},
    {.name = NULL},
};

static const tx_plugin_map stepper_map = {.function = {.forward = stepper,
                                                       .vjp = stepper_vjp,
                                                       .jvp = stepper_jvp,
                                                       .forward_single = stepper_single,
                                                       .vjp_single = stepper_vjp_single,
                                                       .jvp_single = stepper_jvp_single,
                                                       .vjp_adds = true},
                                          .create = create,
                                          .destroy = tx_free};
static const tx_component stepper_fou = {.kind = TX_KIND_STEPPER,
                                         .name = "fou",
                                         .summary = "first-order upwind advection, periodic",
                                         .options = options,
                                         .implementation = &stepper_map};

static const tx_plugin_map residuum_map = {
    .function = {.forward = residuum, .vjp = residuum_vjp, .forward_single = residuum_single, .vjp_single = residuum_vjp_single},
    .create = create,
    .destroy = tx_free};
static const tx_component residuum_fou = {.kind = TX_KIND_RESIDUUM,
                                          .name = "fou",
                                          .summary = "next - upwind step of the previous state",
                                          .options = options,
                                          .implementation = &residuum_map};

TX_PLUGIN(&stepper_fou, &residuum_fou)

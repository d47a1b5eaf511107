/* Spectral steppers against exact solutions of their equations, and the orders of the exponential Runge-Kutta schemes. */
#include "physics/schemes.h"

enum { LINE = 64, MOST = LINE * LINE };

/* The state after so many steps. */
static void advance(const char *text, tx_shape shape, int64_t steps, double *state)
{
    tx_registry *registry = physics_registry();
    tx_config *config = NULL;
    tx_stepper *stepper = NULL;
    tx_graph *graph = NULL;
    tx_workspace *workspace = NULL;
    bound *program = NULL;
    CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_STEPPER, "p.yaml", text, NULL, &config), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_stepper_create(tx_config_root(config), shape, NULL, &stepper), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_graph_create(NULL, &graph), TX_OK);
    const tx_node next = tx_stepper_apply(stepper, graph, tx_window(graph, 0, shape));
    const tx_plan_options options = {
        .precision = TX_FLOAT64, .isa = -1, .block = 1, .loss = TX_NONE, .outputs = &next, .num_outputs = 1};
    CU_ASSERT_EQUAL_FATAL(bound_create(graph, &options, NULL, &program), TX_OK);
    CU_ASSERT_EQUAL_FATAL(tx_workspace_create(program->plan, 1, NULL, &workspace), TX_OK);
    const void *windows[] = {state};
    void *results[] = {state};
    void *const *const outputs[] = {results};
    for (int64_t k = 0; k < steps; k++) {
        CU_ASSERT(
            bound_run(program, workspace, &(tx_run_input){.windows = windows, .count = 1, .batch_size = 1}, NULL, NULL, outputs));
    }
    tx_workspace_destroy(workspace);
    bound_destroy(program);
    tx_graph_destroy(graph);
    tx_stepper_destroy(stepper);
    tx_config_destroy(config);
    tx_registry_destroy(registry);
}

/* An exact solution of one channel at time t, x and y in units of the domain. */
typedef double solution(double t, double x, double y);

static double distance(solution *exact, tx_shape shape, double t, const double *state)
{
    const int64_t n = shape.n[0];
    double off = 0, size = 0;
    for (int64_t k = 0; k < tx_shape_points(&shape); k++) {
        const double x = (double)(shape.axes > 1 ? k / n : k) / (double)n, y = (double)(k % n) / (double)n, u = exact(t, x, y);
        off += (state[k] - u) * (state[k] - u);
        size += u * u;
    }
    return sqrt(off / size);
}

/* The relative error at time t, reached in so many steps. */
static double error_of(solution *exact, const char *text, tx_shape shape, double t, int64_t steps)
{
    static double state[MOST];
    const int64_t n = shape.n[0];
    for (int64_t k = 0; k < tx_shape_points(&shape); k++) {
        state[k] = exact(0, (double)(shape.axes > 1 ? k / n : k) / (double)n, (double)(k % n) / (double)n);
    }
    advance(text, shape, steps, state);
    return distance(exact, shape, t, state);
}

/* ---- Linear: to rounding ---- */

static double moving(double t, double x, double y)
{
    return cos(2 * M_PI * (3 * (x - 0.3 * t) + (y + 0.2 * t))) + 0.5;
}

static double decaying(double t, double x, double y)
{
    return exp(-0.01 * 4 * M_PI * M_PI * (4 + 1) * t) * sin(2 * M_PI * (2 * x + y));
}

static double dispersing(double t, double x, double y)
{
    (void)y;
    return cos(2 * M_PI * 2 * (x - 0.01 * 4 * M_PI * M_PI * 4 * t));
}

static void linear(void)
{
    static const struct {
        solution *exact;
        const char *text;
    } cases[] = {{moving, "{type: advection, domain_extent: 1, dt: 0.05, velocity: [0.3, -0.2]}"},
                 {moving, "{type: repeated_stepper, num_sub_steps: 5,"
                          " stepper: {type: advection, domain_extent: 1, dt: 0.01, velocity: [0.3, -0.2]}}"},
                 {decaying, "{type: diffusion, domain_extent: 1, dt: 0.05, diffusivity: 0.01}"},
                 {dispersing, "{type: dispersion, domain_extent: 1, dt: 0.05, dispersivity: 0.01}"}};
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        for (int64_t n = 12; n < 14; n++) {
            CU_ASSERT(error_of(cases[k].exact, cases[k].text, (tx_shape){1, 2, {n, n}}, 0.5, 10) < 1e-12);
        }
    }
}

/* ---- Nonlinear ---- */

/* Vortices in rows: nothing is advected, all decays. */
static double taylor_green(double t, double x, double y)
{
    return 2 * cos(2 * M_PI * x) * cos(2 * M_PI * y) * exp(-2 * 0.01 * t);
}

static void vortices(void)
{
    static const char text[] = "{type: navier_stokes_vorticity, domain_extent: 6.283185307179586, dt: 0.1, diffusivity: 0.01}";
    for (int64_t steps = 1; steps <= 1000; steps *= 10) {
        CU_ASSERT(error_of(taylor_green, text, (tx_shape){1, 2, {16, 16}}, 0.1 * (double)steps, steps) < 1e-12);
    }
}

/* Cole and Hopf: -2 nu times the logarithmic derivative of a solution of the heat equation, on a domain of 1. */
static double burgers(double t, double x, double y)
{
    const double nu = 0.02, k = 2 * M_PI, e = exp(-nu * k * k * t);
    (void)y;
    return 2 * nu * k * e * sin(k * x) / (1.5 + e * cos(k * x));
}

static double burgers_error(int order, const char *conservative, int64_t steps)
{
    char text[256];
    snprintf(text, sizeof text, "{type: burgers, domain_extent: 1, dt: %.17g, diffusivity: 0.02, order: %d, conservative: %s}",
             1 / (double)steps, order, conservative);
    return error_of(burgers, text, (tx_shape){1, 1, {LINE}}, 1, steps);
}

/* Each half of the step divides the error by 2^order, within what steps of this size know of that. */
static void orders(void)
{
    static const char *const forms[] = {"false", "true"};
    for (int form = 0; form < 2; form++) {
        for (int order = 1; order <= 4; order++) {
            const double coarse = burgers_error(order, forms[form], 16), fine = burgers_error(order, forms[form], 32);
            CU_ASSERT_DOUBLE_EQUAL(log2(coarse / fine), order, 0.2);
        }
    }
}

/* One wave alone; the real parts of the scheme's coefficients leave small waves behind it, whose size is published: of the order of
 * the step. */
static double soliton(double t, double x, double y)
{
    const double c = 5, s = 1 / cosh(sqrt(c) / 2 * (20 * x - c * t - 10));
    (void)y;
    return -c / 2 * s * s;
}

static void waves_behind_a_soliton(void)
{
    static const char text[] = "{type: korteweg_de_vries, domain_extent: 20, dt: %s, hyper_diffusivity: 0, conservative: true}";
    static const char *const steps[] = {"0.001", "0.0005"};
    static const double published[] = {0.0601, 0.0311};
    for (int k = 0; k < 2; k++) {
        char form[256];
        snprintf(form, sizeof form, text, steps[k]);
        CU_ASSERT_DOUBLE_EQUAL(error_of(soliton, form, (tx_shape){1, 1, {256}}, 1, 1000 << k), published[k], 5e-5);
    }
}

/* Exponax's validation/etdrk_convergence: the conservative Kuramoto-Sivashinsky equation from a random series (that of PRNGKey(0)
 * and JAX's older stream, by its modes) to time 10 with steps of 1/4 to 1/2048, each against the finest of the same order. */
enum { WAVES = 5, RATES = 7, STEPS = RATES + 3 };

static void begin_series(double *state, int64_t points)
{
    static const double modes[WAVES][2] = {{-0x1.056b9758b100cp-3, -0x1.d8be6b4665658p-3},
                                           {0x1.768185c681926p-4, 0x1.edd9363808bfbp-7},
                                           {-0x1.13c54ee6fe6dbp-3, 0x1.aa1cefadaa686p-2},
                                           {0x1.dd2666bdc440ap-4, 0x1.7b191aaf2daeep-2},
                                           {-0x1.56c25616fe8d1p-8, -0x1.174216c496de5p-5}};
    for (int64_t j = 0; j < points; j++) {
        state[j] = 0;
        for (int k = 0; k < WAVES; k++) {
            const double angle = 2 * M_PI * (double)((k + 1) * j % points) / (double)points;
            state[j] += 2 * (modes[k][0] * cos(angle) - modes[k][1] * sin(angle));
        }
    }
}

static void published_rates(void)
{
    enum { POINTS = 256, TOGETHER = 320 };
    static const double published[4][RATES] = {
        {1.48017438, 1.20098716, 1.09633277, 1.04742766, 1.02355578, 1.01174108, 1.00586162},
        {1.68338196, 1.79811745, 1.883822, 1.93732912, 1.96757454, 1.98358097, 1.99175836},
        {2.49810195, 2.60026756, 2.72694438, 2.83703527, 2.91111544, 2.95391233, 2.97682663},
        {2.86942868, 3.19226336, 3.50906618, 3.72809117, 3.85845911, 3.92865792, 4.38288168}};
    static double states[STEPS][POINTS];
    const tx_shape line = {.channels = 1, .axes = 1, .n = {POINTS}};
    for (int order = 1; order <= 4; order++) {
        double errors[STEPS - 1], size = 0;
        for (int k = 0; k < STEPS; k++) {
            char text[200];
            const int steps = 10 * (4 << k), together = steps < TOGETHER ? steps : TOGETHER;
            snprintf(
                text, sizeof text,
                "{type: repeated_stepper, num_sub_steps: %d, stepper: {type: kuramoto_sivashinsky_conservative, domain_extent: "
                "60, dt: %.17g, order: %d}}",
                together, 10.0 / steps, order);
            begin_series(states[k], POINTS);
            advance(text, line, steps / together, states[k]);
        }
        for (int j = 0; j < POINTS; j++) {
            size += states[STEPS - 1][j] * states[STEPS - 1][j];
        }
        for (int k = 0; k < STEPS - 1; k++) {
            double off = 0;
            for (int j = 0; j < POINTS; j++) {
                off += (states[k][j] - states[STEPS - 1][j]) * (states[k][j] - states[STEPS - 1][j]);
            }
            errors[k] = sqrt(off / size);
        }
        for (int k = 0; k < RATES; k++) {
            const double rate = log2((errors[k] - errors[k + 1]) / (errors[k + 1] - errors[k + 2]));
            const bool rounded = order == 4 && k > RATES - 3; /* where the errors are not far from those of rounding */
            CU_ASSERT_DOUBLE_EQUAL(rate, published[order - 1][k], rounded ? 1e-2 : 2e-6);
        }
    }
}

int main(void)
{
    return suite_run("physics/solutions", (suite_test[]){{"linear equations", linear},
                                                         {"Taylor-Green vortices", vortices},
                                                         {"orders of the schemes", orders},
                                                         {"published rates of convergence", published_rates},
                                                         {"a soliton", waves_behind_a_soliton},
                                                         {0}});
}

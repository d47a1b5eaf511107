/* Wrong options and states of a wrong shape are refused with their place; failing allocations leave a clean error. */
#include "physics/schemes.h"

typedef struct wrong {
    tx_kind kind;
    const char *text;
    tx_shape state;
    const char *message;
} wrong;

static const wrong wrongs[] = {
    {TX_KIND_STEPPER,
     "{type: fou_advection_1d, cfl: 0.5}",
     {1, 2, {4, 4}},
     "p.yaml:1:1: stepper: fou_advection_1d works on states with one spatial axis, these have 2"},
    {TX_KIND_STEPPER,
     "{type: advection_1d_spectral, cfl: 0.5}",
     {3, 0, {0}},
     "p.yaml:1:1: stepper: advection_1d_spectral works on states with one spatial axis, these have 0"},
    {TX_KIND_RESIDUUM,
     "{type: fou_advection_1d, cfl: 0.5}",
     {1, 3, {2, 2, 2}},
     "p.yaml:1:1: residuum: fou_advection_1d works on states with one spatial axis, these have 3"},
    {TX_KIND_RESIDUUM,
     "{type: btcs_upwind_advection_1d, cfl: 0.5}",
     {2, 2, {4, 4}},
     "p.yaml:1:1: residuum: btcs_upwind_advection_1d works on states with one spatial axis, these have 2"},
    {TX_KIND_STEPPER, "lorenz_rk4", {3, 1, {5}}, "lorenz_rk4 works on states of three numbers without spatial axes"},
    {TX_KIND_STEPPER, "lorenz_rk4", {4, 0, {0}}, "lorenz_rk4 works on states of three numbers without spatial axes"},
    {TX_KIND_STEPPER, "{type: fou_advection_1d}", {1, 1, {4}}, "cfl is required"},
    {TX_KIND_STEPPER, "{type: fou_advection_1d, cfl: fast}", {1, 1, {4}}, "cfl"},
    {TX_KIND_STEPPER, "{type: fou_advection_1d, cfl: .nan}", {1, 1, {4}}, "cfl"},
    {TX_KIND_STEPPER, "{type: fou_advection, cfl: 1}", {1, 1, {4}}, "did you mean 'fou_advection_1d'"},
    {TX_KIND_STEPPER,
     "{type: btcs_upwind_advection_1d, cfl: 1}",
     {1, 1, {4}},
     "p.yaml:1:8: 'btcs_upwind_advection_1d' is a residuum, no stepper"},
    {TX_KIND_RESIDUUM, "{type: lorenz_rk4}", {2, 0, {0}}, "lorenz_rk4 works on states of three numbers without spatial axes"},
    {TX_KIND_RESIDUUM, "{type: burgers_rk4}", {2, 0, {0}}, "unknown residuum 'burgers_rk4'"},
    {TX_KIND_STEPPER,
     "{type: burgers, domain_extent: 1, dt: 1}",
     {1, 0, {0}},
     "p.yaml:1:1: stepper: burgers works on states with 1, 2 or 3 spatial axes, these have 0"},
    {TX_KIND_STEPPER,
     "{type: burgers, domain_extent: 1, dt: 1}",
     {1, 2, {4, 4}},
     "p.yaml:1:1: stepper: burgers works on states with 2 channels, these have 1"},
    {TX_KIND_RESIDUUM,
     "{type: kolmogorov_flow_vorticity, domain_extent: 1, dt: 1}",
     {1, 1, {4}},
     "p.yaml:1:1: residuum: kolmogorov_flow_vorticity works on states with 2 spatial axes, these have 1"},
    {TX_KIND_STEPPER,
     "{type: diffusion, domain_extent: 1, dt: 1}",
     {1, 2, {4, 5}},
     "p.yaml:1:1: stepper: diffusion works on states with as many points on every axis, these have 4 and 5"},
    {TX_KIND_STEPPER,
     "{type: diffusion, domain_extent: 1, dt: 1, num_points: 8}",
     {1, 2, {4, 4}},
     "p.yaml:1:56: stepper.num_points: the states have 4 points on every axis"},
    {TX_KIND_STEPPER,
     "{type: poisson, domain_extent: 1, num_spatial_dims: 1}",
     {5, 2, {4, 4}},
     "p.yaml:1:53: stepper.num_spatial_dims: the states have 2 spatial axes"},
    {TX_KIND_STEPPER, "{type: poisson, domain_extent: 1, order: 3}", {5, 2, {4, 4}}, "p.yaml:1:42: stepper.order: 3 is odd"},
    {TX_KIND_STEPPER,
     "{type: advection, domain_extent: 1, dt: 1, velocity: [1, 2]}",
     {1, 3, {4, 4, 4}},
     "p.yaml:1:54: stepper.velocity: 2 numbers for 3 spatial axes: one for all, or one for each"},
    {TX_KIND_STEPPER,
     "{type: diffusion, domain_extent: 1, dt: 1, diffusivity: [[1, 2]]}",
     {1, 2, {4, 4}},
     "p.yaml:1:57: stepper.diffusivity: for 2 spatial axes 2 lists of 2"},
    {TX_KIND_STEPPER,
     "{type: diffusion, domain_extent: 1, dt: 1, diffusivity: [[1, 2], [3]]}",
     {1, 2, {4, 4}},
     "stepper.diffusivity must be a list of numbers or of lists of 2, not both"},
    {TX_KIND_STEPPER,
     "{type: general_nonlinear_stepper, domain_extent: 1, dt: 1, nonlinear_coefficients: [1, 2]}",
     {1, 1, {4}},
     "p.yaml:1:84: stepper.nonlinear_coefficients: 2 numbers instead of 3"},
    {TX_KIND_STEPPER,
     "{type: belousov_zhabotinsky, domain_extent: 1, dt: 1, diffusivities: 1}",
     {3, 1, {4}},
     "p.yaml:1:70: stepper.diffusivities: 1 number instead of 3"},
    {TX_KIND_STEPPER, "{type: normalized_linear_stepper, dt: 1}", {1, 1, {4}}, "unknown key 'dt'"},
    {TX_KIND_STEPPER, "{type: diffusion, domain_extent: 0, dt: 1}", {1, 1, {4}}, "domain_extent"},
    {TX_KIND_STEPPER, "{type: burgers, domain_extent: 1, dt: 1, order: 5}", {1, 1, {4}}, "order"},
    {TX_KIND_STEPPER,
     "{type: repeated_stepper, num_sub_steps: 2, stepper: {type: gray_scott, domain_extent: 1, dt: 1}}",
     {1, 1, {4}},
     "p.yaml:1:44: stepper.stepper: gray_scott works on states with 2 channels, these have 1"},
    {TX_KIND_STEPPER,
     "{type: lorenz_rk4, roh: 20}",
     {3, 0, {0}},
     "unknown key 'roh' in stepper (known: type, dt, sigma, rho, beta)"},
};

static void wrong_input(void)
{
    tx_registry *registry = physics_registry();
    for (size_t k = 0; k < sizeof wrongs / sizeof *wrongs; k++) {
        tx_config *config = NULL;
        tx_error error = {0};
        tx_status status = tx_section_read(registry, wrongs[k].kind, "p.yaml", wrongs[k].text, &error, &config);
        if (status == TX_OK) {
            const tx_section *section = tx_config_root(config);
            tx_stepper *stepper = NULL;
            tx_residuum *residuum = NULL;
            status = wrongs[k].kind == TX_KIND_STEPPER ? tx_stepper_create(section, wrongs[k].state, &error, &stepper)
                                                       : tx_residuum_create(section, wrongs[k].state, &error, &residuum);
            CU_ASSERT(!stepper && !residuum);
        }
        const bool right = status == TX_INVALID && strstr(error.message, wrongs[k].message) && strstr(error.message, "p.yaml:1:");
        if (!right) {
            printf("\n%s: %d \"%s\" instead of \"%s\"\n", wrongs[k].text, status, error.message, wrongs[k].message);
        }
        CU_ASSERT(right);
        tx_config_destroy(config);
    }
    tx_registry_destroy(registry);
}

/* One application as a graph, whose own failures stick. */
static tx_status apply(const tx_stepper *stepper, tx_shape state, tx_error *error)
{
    tx_graph *graph = NULL;
    TX_TRY(tx_graph_create(error, &graph));
    const tx_node v = tx_stepper_apply(stepper, graph, tx_window(graph, 0, state));
    const tx_status status = tx_graph_status(graph, error);
    CU_ASSERT((status == TX_OK) == (v >= 0));
    tx_graph_destroy(graph);
    return status;
}

static tx_status create_and_apply(const tx_section *section, tx_shape state, tx_error *error)
{
    tx_stepper *stepper = NULL;
    TX_TRY(tx_stepper_create(section, state, error, &stepper));
    const tx_status status = apply(stepper, state, error);
    tx_stepper_destroy(stepper);
    return status;
}

/* Whichever allocation of making and applying a scheme fails: it says that it was memory, and keeps none. */
static void failing_allocations(void)
{
    static const struct {
        const char *text;
        tx_shape state;
    } cases[] = {{"{type: fou_advection_1d, cfl: 0.5}", {2, 1, {8}}},
                 {"{type: advection_1d_spectral, cfl: 0.5}", {2, 1, {8}}},
                 {"{type: advection_1d_spectral, cfl: 0.5}", {2, 1, {1100}}},
                 {"{type: advection, domain_extent: 1, dt: 1}", {1, 2, {8, 8}}},
                 {"{type: burgers, domain_extent: 1, dt: 1, order: 4}", {3, 3, {6, 6, 6}}},
                 {"{type: kolmogorov_flow_vorticity, domain_extent: 1, dt: 1}", {1, 2, {8, 8}}},
                 {"{type: repeated_stepper, num_sub_steps: 2, stepper: {type: gray_scott, domain_extent: 1, dt: 1}}", {2, 1, {8}}},
                 {"lorenz_rk4", {.channels = 3}}};
    tx_registry *registry = physics_registry();
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        tx_config *config = NULL;
        CU_ASSERT_EQUAL_FATAL(tx_section_read(registry, TX_KIND_STEPPER, "p.yaml", cases[k].text, NULL, &config), TX_OK);
        const size_t before = tx_memory_live();
        tx_status status = TX_FAILURE;
        for (int n = 0; status != TX_OK && n < 100; n++) {
            tx_error error = {0};
            tx_memory_fail_after(n);
            status = create_and_apply(tx_config_root(config), cases[k].state, &error);
            tx_memory_fail_after(-1);
            CU_ASSERT(status == TX_OK || (status == TX_FAILURE && strstr(error.message, "out of memory")));
            CU_ASSERT_EQUAL(tx_memory_live(), before);
        }
        CU_ASSERT_EQUAL(status, TX_OK);
        tx_config_destroy(config);
    }
    tx_registry_destroy(registry);
}

int main(void)
{
    static const suite_test tests[] = {{"wrong input", wrong_input}, {"failing allocations", failing_allocations}, {NULL, NULL}};
    return suite_run("physics/errors", tests);
}

/* Reactions with structure of their own: Cahn and Hilliard, Gray and Scott, Belousov and Zhabotinsky. */
#include "physics/spectral.h"

#define REACTION(BUILD, CHANNELS)                                                                                                  \
    {                                                                                                                              \
        .stepper = TX_SPECTRAL_STEPPER, .build = BUILD, .channels = CHANNELS, .apart = CHANNELS > 1                                \
    }

/* Every channel diffuses at its own rate. */
static void add_diffusion(tx_equation *e, const double *diffusivities)
{
    for (int64_t k = 0; k < e->parts * e->modes; k++) {
        e->linear[k] = diffusivities[k / e->modes] * tx_laplacian(e, k % e->modes);
    }
}

/* ---- Cahn and Hilliard: N(u) = nu c3 lap u^3 ---- */

static tx_node cube(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const tx_node u = tx_equation_field(e, graph, 0, h);
    return tx_rfftn(graph, tx_multiply(graph, tx_multiply(graph, u, u), u));
}

static tx_status build_cahn_hilliard(tx_equation *e, tx_error *error)
{
    const double nu = tx_number(e, "diffusivity"), c1 = tx_number(e, "first_order_coefficient"), gamma = tx_number(e, "gamma");
    e->scale = nu * tx_number(e, "third_order_coefficient");
    e->nonlinear = e->scale == 0 ? NULL : cube;
    TX_TRY(tx_equation_table(e, 1, error, &e->outer));
    for (int64_t k = 0; k < e->modes; k++) {
        e->outer[k] = tx_laplacian(e, k);
        e->linear[k] = nu * e->outer[k] * (c1 - gamma * e->outer[k]);
    }
    return tx_keep(e, 0, NULL, error);
}

static const tx_option cahn_hilliard_options[] = {TX_OPTION_NUMBER("diffusivity", "0.01", "of the chemical potential"),
                                                  TX_OPTION_NUMBER("gamma", "0.001", "of the fourth derivatives"),
                                                  TX_OPTION_NUMBER("first_order_coefficient", "-1.0", "of u"),
                                                  TX_OPTION_NUMBER("third_order_coefficient", "1.0", "of u^3"),
                                                  TX_OPTIONS_DOMAIN,
                                                  TX_OPTIONS_ETDRK("0.5"),
                                                  {0}};
static const tx_spectral_class cahn_hilliard = REACTION(build_cahn_hilliard, 1);
const tx_component tx_stepper_cahn_hilliard =
    TX_STEPPER("cahn_hilliard", "the Cahn-Hilliard equation of phases that part", cahn_hilliard_options, &cahn_hilliard);

/* ---- Gray and Scott: (f (1 - u) - u v^2, -(f + k) v + u v^2) ---- */

enum { FEED, KILL };

static tx_node fed(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const tx_node state = tx_equation_field(e, graph, 0, h), u = tx_channel(graph, state, 0), v = tx_channel(graph, state, 1);
    const tx_node reacted = tx_multiply(graph, tx_multiply(graph, v, v), u);
    const tx_node gained = tx_plus(graph, reacted, -(e->number[FEED] + e->number[KILL]), v);
    const tx_node lost = tx_plus(graph, reacted, e->number[FEED], u);
    const tx_node feed = tx_everywhere(graph, e->number[FEED], tx_node_shape(graph, u));
    return tx_rfftn(graph, tx_concatenate(graph, tx_subtract(graph, feed, lost), gained));
}

static tx_status build_gray_scott(tx_equation *e, tx_error *error)
{
    add_diffusion(e, (const double[]){tx_number(e, "diffusivity_1"), tx_number(e, "diffusivity_2")});
    e->number[FEED] = tx_number(e, "feed_rate");
    e->number[KILL] = tx_number(e, "kill_rate");
    e->nonlinear = fed;
    return tx_keep(e, 0, NULL, error);
}

static const tx_option gray_scott_options[] = {TX_OPTION_NUMBER("diffusivity_1", "0.00002", "of the first substance"),
                                               TX_OPTION_NUMBER("diffusivity_2", "0.00001", "of the second substance"),
                                               TX_OPTION_NUMBER("feed_rate", "0.04", "at which the first substance comes"),
                                               TX_OPTION_NUMBER("kill_rate", "0.06", "at which the second substance goes"),
                                               TX_OPTIONS_DOMAIN,
                                               TX_OPTIONS_ETDRK("0.5"),
                                               {0}};
static const tx_spectral_class gray_scott = REACTION(build_gray_scott, 2);
const tx_component tx_stepper_gray_scott =
    TX_STEPPER("gray_scott", "the Gray-Scott reaction of two substances", gray_scott_options, &gray_scott);

/* ---- Belousov and Zhabotinsky: (u + v - u v - u^2, w - v - u v, u - w) ---- */

static tx_node oscillating(const tx_equation *e, tx_graph *graph, tx_node h)
{
    const tx_node state = tx_equation_field(e, graph, 0, h);
    const tx_node u = tx_channel(graph, state, 0), v = tx_channel(graph, state, 1), w = tx_channel(graph, state, 2);
    const tx_node uv = tx_multiply(graph, u, v), both = tx_add(graph, u, v);
    const tx_node first = tx_subtract(graph, both, tx_multiply(graph, u, both));
    const tx_node second = tx_subtract(graph, tx_subtract(graph, w, v), uv);
    return tx_rfftn(graph, tx_concatenate(graph, tx_concatenate(graph, first, second), tx_subtract(graph, u, w)));
}

static tx_status build_belousov_zhabotinsky(tx_equation *e, tx_error *error)
{
    const double *diffusivities;
    TX_TRY(tx_exactly(e, "diffusivities", 3, error, &diffusivities));
    add_diffusion(e, diffusivities);
    e->nonlinear = oscillating;
    return tx_keep(e, 0, NULL, error);
}

static const tx_option belousov_zhabotinsky_options[] = {
    TX_OPTION_NUMBERS("diffusivities", "[0.00001, 0.00002, 0.00001]", "of the three substances"),
    TX_OPTIONS_DOMAIN,
    TX_OPTIONS_ETDRK("0.5"),
    {0}};
static const tx_spectral_class belousov_zhabotinsky = REACTION(build_belousov_zhabotinsky, 3);
const tx_component tx_stepper_belousov_zhabotinsky =
    TX_STEPPER("belousov_zhabotinsky", "the Belousov-Zhabotinsky reaction of three substances", belousov_zhabotinsky_options,
               &belousov_zhabotinsky);

/* Components of a user's own in a shared object: `{type: plugin, library: ./libmine.so, component: NAME, …}` in the place of a
 * stepper, residuum, network, loss or data source. The shared object is plain C (or what is called like it: C++, Fortran), built
 * from these headers without any library: what it calls of trainax, the program that loads it has.
 *
 * A component is a tx_component of its kind: name, summary, table of options (from which defaults, messages and `trainax help
 * ./libmine.so` follow), and as its implementation a tx_plugin_map, or of a data source a tx_plugin_source. TX_PLUGIN lists them.
 * Options that all of a kind have (`trainax help data/plugin` shows those of data sources) cannot be its own, too.
 *
 * Nothing may be thrown across this border, nor exit be called, nor a function of MPI that others must join: ranks and threads call
 * when their own work is there.
 *
 * But for a map whose function says that it is `parallel`, where the user asks for it by `ranks: 4`: then each call is made by four
 * ranks together, whoever's work it is. All are given the same arrays and the same tape, and may send each other messages over the
 * communicator of function->ranks; what is in the result and the tape of the rank call->root is taken. Its create, too, is called
 * by all of them, and a thread's state is made by all together. Where one of them returns a failure, the others must come back,
 * too. */
#pragma once

#include "trainax/component.h"
#include "trainax/kernel.h"
#include "trainax/leaf.h"
#include "trainax/memory.h"
#include "trainax/shape.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A function of states, (channels, *n) of each sample:
 * - stepper: of a state, to the next one;
 * - residuum: of the next state and, behind it, the one before; the result has the shape of one;
 * - network: of a state and, behind it, its flat parameters; the result has the state's shape;
 * - loss: of a prediction and, behind it, its target (of one state alone where a residuum has no target); to one number. */
typedef struct tx_plugin_map {
    tx_function function; /* all that no option changes; the name may be missing: the component's */
    /* For the values of the section's options (tx_get_real, …) and states of a shape, of which a sample has `states`: sets
     * function->user, and what else depends on them (tape_bytes); function is a copy of the above. TX_INVALID where these states
     * are not its own: tx_section_error tells the place in the user's file. NULL: there is nothing to make. */
    tx_status (*create)(const tx_section *section, tx_shape shape, int states, tx_error *error, tx_function *function);
    void (*destroy)(void *user); /* may be missing */
    /* Networks. Sets name, rank and shape of leaf `index`, counted from 0; false: there are no more. */
    bool (*leaf)(const void *user, int index, tx_leaf *leaf);
    /* Networks: all parameters' initial values, drawn from the key (trainax/random.h). */
    tx_status (*initialise)(const void *user, tx_random random, tx_key key, double *parameters, tx_error *error);
} tx_plugin_map;

/* Trajectories, all of the same length. */
typedef struct tx_plugin_trajectories {
    int64_t num_trajectories, num_levels;
    tx_shape state;
    double dt, domain_extent; /* 0: unknown */
    void *user;
} tx_plugin_trajectories;

typedef struct tx_plugin_source {
    tx_status (*create)(const tx_section *section, tx_error *error, tx_plugin_trajectories *out);
    void (*destroy)(void *user); /* takes NULL; may be missing */
    /* Levels first … first + count - 1 of a trajectory, (count, channels, *n); the same bits whatever the range. By several threads
     * at the same time, unless it is exclusive. Not 0: a failure, with a message if there is one. */
    int (*read)(void *user, int64_t trajectory, int64_t first, int64_t count, double *out, tx_error *error);
    bool exclusive; /* as of tx_function */
} tx_plugin_source;

/* What a shared object has. */
typedef struct tx_plugin {
    int abi;                               /* first of all, for good */
    const tx_component *const *components; /* NULL behind the last */
} tx_plugin;

#ifdef __cplusplus
}
#define TX_PLUGIN_C extern "C"
#else
#define TX_PLUGIN_C
#endif

/* TX_PLUGIN(&mine, &another) in one file of the shared object: its components. */
#define TX_PLUGIN(...)                                                                                                             \
    TX_PLUGIN_C __attribute__((visibility("default"))) const tx_plugin *trainax_plugin(void);                                      \
    const tx_plugin *trainax_plugin(void)                                                                                          \
    {                                                                                                                              \
        static const tx_component *const components[] = {__VA_ARGS__, 0};                                                          \
        static const tx_plugin plugin = {TX_ABI, components};                                                                      \
        return &plugin;                                                                                                            \
    }

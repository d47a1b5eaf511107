/* A trained network inside a simulation: open it once, then step states with it.
 *
 * The functions of this header but tx_inference_open are a library of their own, libtrainax-inference.a, which needs neither MPI
 * nor HDF5: for networks that `trainax export --c` has written as C. Results have the bits of `trainax rollout` of as many
 * trajectories, on the same instruction set. A handle is for one thread at a time, has no threads of its own, and allocates nothing
 * once it is there. Everything concerns the calling process alone. */
#pragma once

#include "trainax/exported.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct tx_inference tx_inference;

typedef struct tx_inference_options {
    int64_t states; /* that step together: what memory and blocks are made for; 0 means 1 */
    bool vjp;       /* is tx_inference_vjp wanted? */
    bool gradient;  /* … with the parameters' cotangent? */
    /* Are states as the data were before their `normalize`? Then the network's are (x - mean)/std, and what comes out is turned
     * back; cotangents follow. Else they are in the network's own units. TX_INVALID where its data were taken as they came. */
    bool physical;
} tx_inference_options;

/* Not at the same time as another: networks that transform by FFTW share its planner. network: copied; it need not stay. options:
 * NULL: one state, no vjp. TX_INVALID: it was exported for another version, or reads numbers beside its states; TRAINAX_ISA names
 * no instruction set. */
tx_status tx_inference_create(const tx_exported *network, const tx_inference_options *options, tx_error *error, tx_inference **out);
/* Of a network file or a checkpoint, for states of this shape (no channels: those that it was trained on); in the whole library.
 * TX_BAD_DATA: the file is at fault; TX_INVALID: states that are not the network's. */
struct tx_registry;
tx_status tx_inference_open(const struct tx_registry *registry, const char *path, tx_shape state,
                            const tx_inference_options *options, tx_error *error, tx_inference **out);
void tx_inference_destroy(tx_inference *inference); /* takes NULL */

tx_shape tx_inference_state(const tx_inference *inference);
tx_precision tx_inference_precision(const tx_inference *inference); /* that the network was trained in, and computes in */
/* Of the data that it was trained on, (x - mean)/std: the channels' means, then what they were divided by. NULL: as they came. */
const double *tx_inference_normalization(const tx_inference *inference);

/* One state: x and y are (channels, *n), contiguous, in the network's precision. y may be x. */
tx_status tx_inference_step(tx_inference *inference, const void *x, void *y, tx_error *error);

/* States wherever they lie. Numbers are converted where their precision is not the network's. */
typedef struct tx_field {
    void *data; /* of the first number of the first state; what is only read is not written */
    tx_precision precision;
    int64_t stride[2 + TX_MAX_AXES]; /* in numbers: from state to state, from channel to channel, along each axis */
} tx_field;
/* States one behind the other in C order: (states, channels, *n). */
tx_field tx_inference_field(const tx_inference *inference, const void *data, tx_precision precision);

/* The next states y of `count` states x, which may be more or fewer than options.states (bits are those of that many). y may be x.
 */
tx_status tx_inference_step_many(tx_inference *inference, int64_t count, const tx_field *x, const tx_field *y, tx_error *error);
/* dx = J' dy, J the derivative of a step at x: what an adjoint of the simulation wants; dx may be dy, or NULL. gradient: NULL, or
 * where the parameters' cotangent goes, summed over the states: what an optimizer of the simulation's own wants. TX_INVALID unless
 * options.vjp, and for a gradient options.gradient. */
tx_status tx_inference_vjp(tx_inference *inference, int64_t count, const tx_field *x, const tx_field *dy, const tx_field *dx,
                           const tx_field *gradient, tx_error *error);

/* Vectors of all parameters, and of their cotangent: leaf behind leaf as `trainax inspect` lists them, each in C order. Fields of
 * which stride[0] leads from number to number (0: the next one). */
int64_t tx_inference_num_parameters(const tx_inference *inference);
tx_status tx_inference_get_parameters(const tx_inference *inference, const tx_field *parameters, tx_error *error);
tx_status tx_inference_set_parameters(tx_inference *inference, const tx_field *parameters, tx_error *error);

#ifdef __cplusplus
}
#endif

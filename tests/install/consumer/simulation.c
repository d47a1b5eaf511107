/* C and C++: a simulation that has a trained network in it, exported to emulator.c. simulation STATES STEPS [physical] <states
 * >states: the raw numbers of so many states, one behind the other; after each step those of all states. */
#include <stdio.h>
#include <stdlib.h>
#include <trainax/inference.h>

#ifdef __cplusplus
extern "C"
#else
extern
#endif
    const tx_exported emulator;

static int fail(const tx_error *error)
{
    fprintf(stderr, "%s\n", error->message);
    return (int)error->status;
}

int main(int argc, char **argv)
{
    tx_inference_options options = {1, false, false, false};
    tx_error error = {TX_OK, ""};
    tx_inference *inference = NULL;
    if (argc != 3 && argc != 4) {
        return 2;
    }
    options.states = atoi(argv[1]);
    options.physical = argc == 4; /* in the units before the data's `normalize` */
    if (tx_inference_create(&emulator, &options, &error, &inference)) {
        return fail(&error);
    }
    const tx_shape state = tx_inference_state(inference);
    const size_t numbers = (size_t)options.states * (size_t)(state.channels * tx_shape_points(&state)),
                 bytes = tx_real_bytes(tx_inference_precision(inference));
    void *const states = malloc(numbers * bytes);
    if (!states || fread(states, bytes, numbers, stdin) != numbers) {
        return 3;
    }
    const tx_field field = tx_inference_field(inference, states, tx_inference_precision(inference));
    for (int step = 0; step < atoi(argv[2]); step++) {
        const tx_status status = options.states == 1 ? tx_inference_step(inference, states, states, &error)
                                                     : tx_inference_step_many(inference, options.states, &field, &field, &error);
        if (status || fwrite(states, bytes, numbers, stdout) != numbers) {
            return fail(&error);
        }
    }
    free(states);
    tx_inference_destroy(inference);
    return 0;
}
